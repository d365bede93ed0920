"""Objects that are published again: the new version counts, what depends on it follows, the old bytes stay."""

import os
from pathlib import Path

import pytest

from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Rows, csv_of, day_key, made_day, zipped
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import ARCHIVE, Lake, Ran, tree, utc
from bcdata_tests.world import D, World, copied, world_at

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
AGAIN = DAYS[1]
ZIP = rf"/archive/.*BTCUSDT-1m-{AGAIN}\.zip$"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with world_at(folder) as world:
        for day in DAYS:
            world.mirror.put_day("BTCUSDT", day, made_day(day))
        assert run(world.lake()).ok
    return folder


@pytest.fixture
def lake(made: Path, world: World) -> Lake:
    copied(made, world.folder)
    return world.lake()


def run(lake: Lake) -> Ran:
    return lake.materialize(D, "BTCUSDT", DAYS[0], DAYS[2], refill=False)


def other() -> Rows:
    return made_day(AGAIN, price=200)


def raw_zips(lake: Lake) -> list[Path]:
    return sorted(lake.root.glob(f"raw/binance_archive/{D}/symbol=BTCUSDT/date={AGAIN}/*.zip"))


def republish(world: World, rows: Rows) -> None:
    key = day_key("BTCUSDT", AGAIN)
    body = zipped(f"BTCUSDT-1m-{AGAIN}.csv", csv_of(rows))
    world.add(ZIP, "republish", body=body, last_modified=utc("2025-02-01"))
    assert (world.mirror.root / key).exists()


def test_a_new_version_is_fetched_and_its_day_follows(world: World, lake: Lake) -> None:
    (old,) = raw_zips(lake)
    before = old.read_bytes()
    republish(world, other())
    ran = run(lake)
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", AGAIN) == bars_of(other())
    assert old.read_bytes() == before, "the old version stays"
    assert len(raw_zips(lake)) == 2
    for zone, provider in ((Zone.RAW, ARCHIVE), (Zone.PARSED, ARCHIVE), (Zone.MERGED, None)):
        changed = {date for (_, date), one in ran.of(zone, provider).items() if one.state is State.PUBLISHED}
        assert changed == {AGAIN}, zone


def test_features_of_later_days_follow_as_far_as_their_warm_up_reaches(world: World, lake: Lake) -> None:
    before = lake.bars(D, "BTCUSDT", DAYS[2], "features")
    republish(world, other())
    ran = run(lake)
    states = {date: one.state for (_, date), one in ran.of(Zone.FEATURES).items()}
    assert states == {DAYS[0]: State.UNCHANGED, AGAIN: State.PUBLISHED, DAYS[2]: State.PUBLISHED}
    after = lake.bars(D, "BTCUSDT", DAYS[2], "features")
    assert before is not None
    assert after is not None
    assert before["log_ret_1"][0] != after["log_ret_1"][0]
    assert before["log_ret_1"][1:].equals(after["log_ret_1"][1:])


def test_it_ends_in_the_rows_of_a_lake_that_never_saw_the_old_version(world: World, lake: Lake) -> None:
    """Rows, not bytes: the earlier version stays on record, and what is made of it knows of it."""
    republish(world, other())
    run(lake)
    fresh = world.lake(name="fresh")
    run(fresh)
    [only_old] = set(tree(lake.root)) - set(tree(fresh.root))
    assert only_old.endswith(".zip")
    for zone in ("merged", "gaps", "features"):
        for day in DAYS:
            one, other_one = (each.bars(D, "BTCUSDT", day, zone) for each in (lake, fresh))
            assert one is not None
            assert other_one is not None
            assert one.equals(other_one, null_equal=True), (zone, day)


def test_a_broken_new_version_leaves_the_last_good_one_and_is_said(world: World, lake: Lake) -> None:
    good = published(lake, "BTCUSDT", AGAIN)
    body = zipped(f"BTCUSDT-1m-{AGAIN}.csv", csv_of(other()))
    world.add(ZIP, "republish", body=body[: len(body) // 2], last_modified=utc("2025-02-01"))
    ran = run(lake)
    assert ran.of(Zone.MERGED)["BTCUSDT", AGAIN].state is State.HELD_BACK
    assert ran.rules(Zone.PARSED, "BTCUSDT", AGAIN, ARCHIVE)["unreadable"]
    assert published(lake, "BTCUSDT", AGAIN) == good


def test_a_checksum_put_right_later_changes_no_bar(world: World) -> None:
    key = day_key("BTCUSDT", AGAIN)
    body = zipped(f"BTCUSDT-1m-{AGAIN}.csv", csv_of(made_day(AGAIN)))
    world.mirror.put(key, body, checksum="0" * 64)
    lake = world.lake()
    first = lake.materialize(D, "BTCUSDT", AGAIN, refill=False)
    assert first.rules(Zone.RAW, "BTCUSDT", AGAIN, ARCHIVE) == {"checksum_mismatch": 1}
    bars = published(lake, "BTCUSDT", AGAIN)
    path = world.mirror.put(key, body)
    hour_later = path.stat().st_mtime + 3600
    os.utime(path.with_name(f"{path.name}.CHECKSUM"), (hour_later, hour_later))
    later = lake.materialize(D, "BTCUSDT", AGAIN, refill=False)
    assert later.rules(Zone.RAW, "BTCUSDT", AGAIN, ARCHIVE) == {}
    assert published(lake, "BTCUSDT", AGAIN) == bars


def test_an_object_taken_back_stays_in_the_lake(world: World, lake: Lake) -> None:
    before = published(lake, "BTCUSDT", AGAIN)
    world.mirror.remove(day_key("BTCUSDT", AGAIN))
    ran = run(lake)
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", AGAIN) == before
