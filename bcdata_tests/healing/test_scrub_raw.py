"""The scrub finds what is damaged, lost or changed upstream, has it repaired, and touches nothing that is whole."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bcdata.cli import app
from bcdata.healing.republished import look
from bcdata.healing.scrub_report import Issue
from bcdata.pipeline.outcome import State
from bcdata.pipeline.records.manifests import MANIFEST
from bcdata.pipeline.zones import Zone
from bcdata.store.layout import Partition
from bcdata.store.sealed import seal, unseal
from bcdata.store.store import Store
from bcdata_tests.healing.scrubbed import BAD, DAYS, dataset, due, flip, pipe, run, scrubbed, three_days, zip_of
from bcdata_tests.mirror import csv_of, day_key, made_day, zipped
from bcdata_tests.run import ARCHIVE, REST, Lake, tree
from bcdata_tests.world import BY_DAY, D, World, copied, world_at


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with world_at(folder) as world:
        three_days(world)
    return folder


@pytest.fixture
def lake(made: Path, world: World) -> Lake:
    copied(made, world.folder)
    return world.lake()


def test_a_whole_lake_has_no_problem_and_is_not_touched(world: World, lake: Lake) -> None:
    before = tree(lake.root)
    world.exchange.clear()
    found = scrubbed(lake)
    assert (found.partitions, found.objects, found.problems) == (3, 3, [])
    assert found.bytes == sum(zip_of(lake, day).stat().st_size for day in DAYS)
    assert tree(lake.root) == before
    assert world.asked("/archive/") == [], "nothing is downloaded"
    assert due(lake) == set()


@pytest.mark.parametrize(
    ("harm", "trouble"),
    [(flip, Issue.DAMAGED), (Path.unlink, Issue.MISSING), (pipe, Issue.MISSING)],
    ids=["damaged", "lost", "a pipe"],
)
def test_what_is_harmed_is_fetched_again_and_ends_in_the_same_bytes(
    lake: Lake, harm: Callable[[Path], None], trouble: Issue
) -> None:
    before, size = tree(lake.root), zip_of(lake).stat().st_size
    harm(zip_of(lake))
    found = scrubbed(lake)
    (partition, problem), *beside = found.problems
    assert (partition.date, problem.trouble, problem.repairable) == (BAD, trouble, True)
    assert {one.trouble for _, one in beside} <= {Issue.FOREIGN}
    assert found.is_corrupted
    assert due(lake) == {("BTCUSDT", BAD)}
    ran = run(lake)
    assert {date for (_, date), one in ran.of(Zone.RAW, ARCHIVE).items() if one.fetched} == {BAD}
    assert zip_of(lake).stat().st_size == size
    assert tree(lake.root) == before
    assert due(lake) == set()
    assert set(run(lake).states) == {State.UNCHANGED}
    assert scrubbed(lake).problems == []


@pytest.mark.parametrize("where", [f"{D}/symbol=BTCUSDT/date={BAD}", f"{D}/symbol=BTCUSDT", ".."])
def test_raw_of_which_nothing_is_left_is_missed_and_fetched_again(lake: Lake, where: str) -> None:
    before = tree(lake.root)
    shutil.rmtree((lake.root / "raw" / ARCHIVE / where).resolve())
    found = scrubbed(lake)
    lost = {BAD} if BAD in where else set(DAYS)
    assert {(one.date, problem.object, problem.trouble) for one, problem in found.problems} == {
        (day, MANIFEST, Issue.MISSING) for day in lost
    }
    assert found.is_corrupted
    assert due(lake) == {("BTCUSDT", day) for day in lost}
    assert run(lake).ok
    assert tree(lake.root) == before
    assert scrubbed(lake).problems == []


def test_what_a_later_version_has_written_meanwhile_stays_noted(lake: Lake) -> None:
    flip(zip_of(lake))
    scrubbed(lake)
    manifest = zip_of(lake).with_name(MANIFEST)
    value = unseal(manifest.read_bytes())
    assert value
    manifest.write_bytes(seal({**value, "version": 99}))
    assert due(lake) == {("BTCUSDT", BAD)}


def test_a_run_sees_damage_of_the_same_length_without_the_sweep(lake: Lake) -> None:
    """The sweep finds what no run looks at, and bits that rotted since a file was hashed."""
    before = tree(lake.root)
    flip(zip_of(lake))
    assert run(lake).states[State.PUBLISHED] == 1
    assert tree(lake.root) == before


def test_damaged_bytes_that_the_archive_has_no_more_are_left_alone(world: World, lake: Lake) -> None:
    world.mirror.remove(day_key("BTCUSDT", BAD))
    flip(zip_of(lake))
    before = tree(lake.root)
    troubles = {problem.trouble: problem.repairable for _, problem in scrubbed(lake).problems}
    assert troubles == {Issue.DAMAGED: False, Issue.GONE: False}
    assert due(lake) == set()
    assert tree(lake.root) == before


def test_what_the_catalog_does_not_look_for_is_not_gone(world: World, lake: Lake) -> None:
    """Days were taken before; now months alone are asked for."""
    assert run(lake).ok
    months = world.lake(BY_DAY.replace("sources", "archive: [monthly]\n    sources"))
    assert scrubbed(months).problems == []


def test_without_the_listing_the_bytes_are_checked_all_the_same(world: World, lake: Lake) -> None:
    world.add("/listing", "status", status=403)
    flip(zip_of(lake))
    found = scrubbed(lake)
    assert found.unlisted == 3
    assert [problem.trouble for _, problem in found.problems] == [Issue.DAMAGED]
    assert due(lake) == set(), "whether it can be had again is not known"


def test_what_the_archive_published_again_is_said(world: World, lake: Lake) -> None:
    world.mirror.put_day("BTCUSDT", BAD, made_day(BAD, price=300))
    [(_, problem)] = scrubbed(lake).problems
    assert problem.trouble is Issue.CHANGED
    run(lake)
    assert scrubbed(lake).problems == []


def test_a_damaged_earlier_version_is_said_too(world: World, lake: Lake) -> None:
    old = zip_of(lake)
    world.mirror.put_day("BTCUSDT", BAD, made_day(BAD, price=300))
    run(lake)
    assert scrubbed(lake).problems == []
    flip(old)
    [(_, problem)] = scrubbed(lake).problems
    assert (problem.object, problem.trouble, problem.repairable) == (old.name, Issue.DAMAGED, False)


def test_what_is_no_partition_of_the_dataset_ends_no_sweep(world: World, lake: Lake) -> None:
    """Folders of another grain, of nothing, and of what can be no symbol."""
    for tail in ("symbol=BTCUSDT/date=2025-01", "symbol=BTCUSDT/date=soon", f"symbol={'A' * 90}/date={BAD}"):
        folder = lake.root / f"raw/{ARCHIVE}/{D}" / tail
        folder.mkdir(parents=True)
        (folder / MANIFEST).write_text("{}")
    found = scrubbed(lake)
    assert found.objects == 3
    assert [(one.symbol, problem.trouble) for one, problem in found.problems] == [
        ("A" * 90, Issue.DAMAGED),
        ("", Issue.FOREIGN),
    ]
    news = look(Store(lake.root), dataset(lake), ["A" * 90, "BTCUSDT"], lake.now, seconds=20)
    assert news.answered == ["BTCUSDT"]
    assert len(news.errors) == 1
    assert world.asked("/listing")


def test_control_objects_are_checked_and_fetched_again(world: World, lake: Lake) -> None:
    hours = [[*row[:6], str(int(row[0]) + 3_599_999_999), *row[7:]] for row in made_day(BAD)[::60]]
    world.mirror.put_day("BTCUSDT", BAD, hours, interval="1h")
    run(lake)
    before = tree(lake.root)
    [control] = lake.root.glob(f"raw/{ARCHIVE}/{D}/symbol=BTCUSDT/date={BAD}/*-1h-*.zip")
    flip(control)
    [(partition, problem)] = scrubbed(lake).problems
    assert (partition.date, problem.object, problem.trouble) == (BAD, f"BTCUSDT-1h-{BAD}.zip", Issue.DAMAGED)
    assert due(lake) == {("BTCUSDT", BAD)}
    run(lake)
    assert tree(lake.root) == before
    assert scrubbed(lake).problems == []


def test_what_is_in_force_and_not_read_is_checked_too(world: World) -> None:
    month = [row for day in DAYS for row in made_day(day)]
    world.mirror.put_month("BTCUSDT", "2025-01", month)
    lake = world.lake()
    run(lake)
    for day in DAYS:
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    run(lake)
    found = scrubbed(lake)
    assert (found.objects, found.problems) == (6, []), "of each day its own object, and the month's that was read first"
    [unread] = lake.root.glob(f"raw/{ARCHIVE}/{D}/symbol=BTCUSDT/date={BAD}/BTCUSDT-1m-2025-01.*.zip")
    flip(unread)
    [(_, problem)] = scrubbed(lake).problems
    assert (problem.object, problem.trouble, problem.repairable) == ("BTCUSDT-1m-2025-01.zip", Issue.DAMAGED, True)
    run(lake)
    assert due(lake) == set(), "damaged bytes that nothing reads are dropped from the record"


def test_a_checksum_that_lies_is_the_archives_trouble(world: World, lake: Lake) -> None:
    body = zipped(f"BTCUSDT-1m-{BAD}.csv", csv_of(made_day(BAD, price=50)))
    path = world.mirror.put(day_key("BTCUSDT", BAD), body, checksum="0" * 64)
    later = path.stat().st_mtime + 60
    os.utime(path, (later, later))
    run(lake)
    found = scrubbed(lake)
    assert [problem.trouble for _, problem in found.problems] == [Issue.MISMATCH]
    assert not found.is_corrupted


def test_a_lost_manifest_is_written_anew(lake: Lake) -> None:
    before = tree(lake.root)
    (lake.root / Partition("raw", D, "BTCUSDT", BAD, ARCHIVE).key(MANIFEST)).unlink()
    assert [problem.trouble for _, problem in scrubbed(lake).problems] == [Issue.MISSING]
    assert due(lake) == {("BTCUSDT", BAD)}
    run(lake)
    assert tree(lake.root) == before


def test_answers_of_rest_are_checked_and_asked_for_again(world: World, lake: Lake) -> None:
    world.mirror.put_day("BTCUSDT", BAD, [row for at, row in enumerate(made_day(BAD)) if not 100 <= at < 120])
    for day in DAYS:
        world.truth.put_day("BTCUSDT", day, made_day(day))
    assert run(lake, refill=True).ok
    before = tree(lake.root)
    [page] = lake.root.glob(f"raw/{REST}/{D}/symbol=BTCUSDT/date={BAD}/klines.*")
    flip(page)
    [(partition, problem)] = scrubbed(lake).problems
    assert (partition.provider, problem.trouble) == (REST, Issue.DAMAGED)
    assert due(lake) == {("BTCUSDT", BAD)}
    assert run(lake, refill=True).ok
    assert tree(lake.root) == before
    assert scrubbed(lake).problems == []


def test_only_the_symbols_that_are_asked_for(world: World, lake: Lake) -> None:
    assert scrubbed(lake, ["ETHUSDT"]).partitions == 0
    world.exchange.clear()
    assert scrubbed(lake, ["BTCUSDT"]).partitions == 3
    assert len(world.asked("/listing")) <= 2, "a symbol's listing is asked for once"


def test_the_command(
    world: World, lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(world.folder / "catalog.yaml"))
    monkeypatch.setenv("BCDATA_NOW", lake.now.isoformat())
    assert not app(["verify"], standalone_mode=False)
    assert "nothing is wrong" in capsys.readouterr().out
    flip(zip_of(lake))
    assert app(["verify", "--dataset", D, "--json"], standalone_mode=False) == 1
    [one] = json.loads(capsys.readouterr().out)["datasets"]
    published = 3 * len(("parsed", "merged", "gaps"))
    assert (one["objects"], one["troubles"]) == (3 + published, {"damaged": 1})
    assert one["problems"][0]["object"] == f"BTCUSDT-1m-{BAD}.zip"
    assert app(["verify"], standalone_mode=False) == 1
    shown = capsys.readouterr().out
    assert "1 problem\n" in shown
    assert "damaged" in shown
