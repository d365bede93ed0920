"""Scores of partitions that runs publish, against those computed by hand; and how their sources compare."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import bcdata
from bcdata.dagster.assets.body import metadata_of
from bcdata.pipeline.outcome import State
from bcdata.pipeline.records.scores import qualities
from bcdata.pipeline.zones import Zone
from bcdata.quality.score import Quality
from bcdata.store.sealed import seal, unseal
from bcdata.store.store import Store
from bcdata_tests.command import Command
from bcdata_tests.mirror import Rows, made_day
from bcdata_tests.run import ARCHIVE, REST, Lake, Ran, tree, utc
from bcdata_tests.world import BARS_BY_DAY, D, World, world_at

SOUND, FAULTY, SYMBOL = "2025-01-01", "2025-01-02", "BTCUSDT"
REFILLED = range(100, 110)
"""Minutes that REST gave before the archive had them. It is asked for one more on both sides, which makes twelve."""
DIFFERENT, REPEATED, BROKEN, ABSENT = (100, 101, 102), range(500, 504), (700, 701), range(900, 905)
"""What is wrong with the day as the archive has it in the end."""
FACTORS = {"explained": 1 - 5 / 1440, "unique": 1 - 4 / 1440, "sound": 1 - 2 / 1440, "agreed": 1 - 3 / 12}
SCORE = (1 - 5 / 1440) * (1 - 4 / 1440) * (1 - 2 / 1440) * (1 - 3 / 12)


def in_the_end() -> Rows:
    rows = made_day(FAULTY)
    for minute in DIFFERENT:
        rows[minute][4] = str(float(rows[minute][4]) + (1 if minute == 101 else 0.5))
    for minute in BROKEN:
        rows[minute][2] = "1.0"  # high below low
    return [row for at, row in enumerate(rows) if at not in ABSENT for row in [row] * (2 if at in REPEATED else 1)]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Lake, Ran]]:
    """A sound day, and one with every fault; the run that published it."""
    with world_at(tmp_path_factory.mktemp("scores")) as world:
        for day, lacking in ((SOUND, range(0)), (FAULTY, REFILLED)):
            rows = made_day(day)
            world.truth.put_day(SYMBOL, day, rows)
            world.mirror.put_day(SYMBOL, day, [row for at, row in enumerate(rows) if at not in lacking])
        lake = world.lake(BARS_BY_DAY)
        assert lake.materialize(D, SYMBOL, SOUND, FAULTY).ok
        world.mirror.put_day(SYMBOL, FAULTY, in_the_end())
        ran = lake.materialize(D, SYMBOL, SOUND, FAULTY, refill=False)
        assert ran.ok, ran.troubles
        yield world, lake, ran


def of(lake: Lake) -> dict[str, Quality | None]:
    return {one.date: one.quality for one in qualities(Store(lake.root), D, lake.catalog[D].grain)}


def command(world: World, lake: Lake, name: str) -> Command:
    made = Command.of(world, BARS_BY_DAY, name)
    shutil.copytree(lake.root, made.root)
    return made


def test_a_score_is_what_it_is_by_hand(faulty: tuple[World, Lake, Ran]) -> None:
    _, lake, ran = faulty
    found = of(lake)
    sound, bad = found[SOUND], found[FAULTY]
    assert sound
    assert sound.score == 1
    assert bad
    assert bad.factors == pytest.approx(FACTORS, rel=1e-12)
    assert bad.score == pytest.approx(SCORE, rel=1e-12)
    assert ran.of(Zone.MERGED)[SYMBOL, FAULTY].quality == bad
    told = metadata_of(ran.of(Zone.MERGED)[SYMBOL, FAULTY])
    assert told["quality"] == bad.score
    assert {name: told[f"quality, {name}"] for name in FACTORS} == bad.factors


def test_what_is_left_as_it_is_keeps_its_score(faulty: tuple[World, Lake, Ran]) -> None:
    _, lake, _ = faulty
    before = tree(lake.root), of(lake)
    again = lake.materialize(D, SYMBOL, SOUND, FAULTY, refill=False).of(Zone.MERGED)
    assert {one.state for one in again.values()} == {State.UNCHANGED}
    assert {date: one.quality for (_, date), one in again.items()} == before[1]
    assert (tree(lake.root), of(lake)) == before


def test_sources_are_compared_in_python_and_in_sql(faulty: tuple[World, Lake, Ran]) -> None:
    _, lake, _ = faulty
    found = bcdata.sources(D, SYMBOL, FAULTY, root=lake.root, catalog=lake.catalog)
    pair, close = found.to_dicts()
    first, second = utc(f"{FAULTY}T01:40"), utc(f"{FAULTY}T01:41")
    closes = [float(made_day(FAULTY)[minute][4]) for minute in (100, 101)]
    told = {
        "differing": 3, "first_at": first, "first": pytest.approx(0.5 / (closes[0] + 0.5)),
        "largest_at": second, "largest": pytest.approx(1 / (closes[1] + 1)),
    }  # fmt: skip
    assert pair == {
        "symbol": SYMBOL, "date": FAULTY, "source": ARCHIVE, "other": REST, "field": "any",
        "in_both": 12, "only_source": 1440 - 5 - 2 - 12, "only_other": 0, **told,
    }  # fmt: skip
    assert close == {**pair, "field": "close", "in_both": None, "only_source": None, "only_other": None, **told}
    names = ", ".join(found.columns)  # none is a word of SQL's own
    sql = f"SELECT {names} FROM sources.{D} WHERE date = '{FAULTY}'"  # noqa: S608 (the names are the test's own)
    assert bcdata.query(sql, root=lake.root, catalog=lake.catalog).equals(found)


def test_the_commands_show_both(faulty: tuple[World, Lake, Ran]) -> None:
    world, lake, _ = faulty
    own = command(world, lake, "shown")
    told = json.loads(own.here(["status", D, "--json"]).stdout)["datasets"][0]["quality"]
    assert [one["date"] for one in told] == [SOUND, FAULTY]
    assert told[0]["score"] == 1
    assert told[1]["score"] == pytest.approx(SCORE, rel=1e-12)
    assert {name: told[1][name] for name in FACTORS} == pytest.approx(FACTORS, rel=1e-12)
    said = own.here(["status", D]).stdout
    assert f"{SCORE:.4f}"[:5] in said
    assert FAULTY in said
    rows = json.loads(own.here(["sources", D, "--differing", "--json"]).stdout)
    assert [(one["date"], one["field"], one["differing"]) for one in rows] == [(FAULTY, "any", 3), (FAULTY, "close", 3)]
    assert "2 pairs, 3 differing rows" in own.here(["sources", D]).stdout
    assert "did you mean" in own.here(["sources", D, "--symbols", "BTCUSD"]).stderr
    assert own.here(["report", "--out", str(own.folder / "report")]).returncode == 0
    for page in (f"datasets/{D}.html", f"symbols/{SYMBOL}.html"):
        text = (own.folder / "report" / page).read_text()
        assert "1 of 2 partitions have the score 1" in text
        assert f"{SCORE:.4f}"[:5] in text


def test_what_an_earlier_release_published_is_unknown_until_it_is_made_again(faulty: tuple[World, Lake, Ran]) -> None:
    world, lake, _ = faulty
    own = command(world, lake, "earlier")
    earlier = Lake(own.root, lake.now, lake.catalog)
    for path in (own.root / ".lake/manifests/merged").rglob("*.json"):
        forget(path)
    assert of(earlier) == {SOUND: None, FAULTY: None}
    told = json.loads(own.here(["status", D, "--json"]).stdout)["datasets"][0]["quality"]
    assert [(one["score"], one["expected"]) for one in told] == [(None, None)] * 2
    assert own.here(["status", D]).returncode == 0
    nothing = bcdata.sources(D, root=own.root, catalog=lake.catalog)
    assert nothing.is_empty()
    sql = bcdata.query(f"FROM sources.{D}", root=own.root, catalog=lake.catalog)
    assert sql.select(nothing.columns).equals(nothing)
    assert dict(sql.schema) == dict(nothing.schema)
    done = own.here(["sources", D])
    assert (done.returncode, "of 2 partitions it is unknown" in done.stderr) == (0, True)
    assert "it is unknown" not in own.here(["sources", D, "--quiet"]).stderr
    (own.root / f"merged/{D}/symbol={SYMBOL}/date={FAULTY}/part-0.parquet").unlink()
    again = earlier.materialize(D, SYMBOL, SOUND, FAULTY, refill=False).of(Zone.MERGED)
    assert [one.state for one in again.values()] == [State.UNCHANGED, State.PUBLISHED]
    assert of(earlier) == {SOUND: None, FAULTY: of(lake)[FAULTY]}
    assert tree(own.root) == tree(lake.root), "not a byte of what is published depends on it"


def forget(path: Path) -> None:
    record = unseal(path.read_bytes())
    assert record
    for log in record["dates"].values():
        for entry in log:
            del entry["notes"]
    path.write_bytes(seal(record))
