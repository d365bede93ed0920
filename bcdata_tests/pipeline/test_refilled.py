"""Refilled rows give way to the archive's when these come, and what REST had said otherwise is on record."""

from datetime import timedelta
from pathlib import Path

import pytest

from bcdata.pipeline.zones import Zone
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Attempts, RefillAttempt, Refilled
from bcdata.store.store import Store
from bcdata_tests.mirror import Rows, made_day
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import REST, Lake, Ran, utc
from bcdata_tests.world import D, World, copied, world_at

SYMBOL, TODAY = "BTCUSDT", "2025-01-02"


NOW = utc("2025-01-03T02:00")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which the day that the archive has not published yet came from REST."""
    folder = tmp_path_factory.mktemp("made")
    with world_at(folder) as world:
        for day in ("2025-01-01", TODAY):
            world.truth.put_day(SYMBOL, day, made_day(day))
        world.mirror.put_day(SYMBOL, "2025-01-01", made_day("2025-01-01"))
        lake = world.lake(now=NOW)
        assert run(lake).troubles == []
        assert lake.ledger(D, SYMBOL, TODAY).select("bars", "status").rows() == [(1440, "refilled")]
    return folder


@pytest.fixture
def tail(made: Path, world: World) -> Lake:
    copied(made, world.folder)
    return world.lake(now=NOW)


def run(lake: Lake, hours: int = 0) -> Ran:
    later = Lake(lake.root, lake.now + timedelta(hours=hours), lake.catalog)
    return later.materialize(D, SYMBOL, "2025-01-01", TODAY, until=Zone.MERGED)


def changed() -> Rows:
    rows = made_day(TODAY)
    return [[*row[:4], "100.50000000", *row[5:]] if n == 700 else row for n, row in enumerate(rows)]


def test_the_archive_replaces_what_rest_had_said(world: World, tail: Lake) -> None:
    world.mirror.put_day(SYMBOL, TODAY, changed())
    ran = run(tail, 9)
    assert published(tail, SYMBOL, TODAY) == bars_of(changed())
    bars = tail.bars(D, SYMBOL, TODAY)
    assert bars is not None
    assert REST not in set(bars["source"])
    assert tail.ledger(D, SYMBOL, TODAY).is_empty()
    assert ran.rules(Zone.MERGED, SYMBOL, TODAY)["sources_disagree"] == 1


def test_the_difference_survives_in_the_record(world: World, tail: Lake) -> None:
    world.mirror.put_day(SYMBOL, TODAY, changed())
    run(tail, 9)
    run(tail, 200)
    merged = Store(tail.root).published(Partition("merged", D, SYMBOL, TODAY))
    assert merged is not None
    (finding,) = [one for one in merged.record["verdict"]["findings"] if one["rule"] == "sources_disagree"]
    assert finding["count"] == 1
    (sample,) = finding["sample"]
    assert float(sample["close"]) == 100.5
    assert float(sample["close_other"]) == bars_of(made_day(TODAY))[700][4]


def test_the_same_values_are_no_difference(world: World, tail: Lake) -> None:
    world.mirror.put_day(SYMBOL, TODAY, made_day(TODAY))
    assert "sources_disagree" not in run(tail, 9).rules(Zone.MERGED, SYMBOL, TODAY)


def test_rows_that_the_archive_still_lacks_stay_refilled(world: World, tail: Lake) -> None:
    world.mirror.put_day(SYMBOL, TODAY, [*made_day(TODAY)[:600], *made_day(TODAY)[660:]])
    run(tail, 9)
    assert published(tail, SYMBOL, TODAY) == bars_of(made_day(TODAY))
    assert tail.ledger(D, SYMBOL, TODAY).select("bars", "status").rows() == [(60, "refilled")]


def test_attempts_tell_how_often_and_how_it_went(tail: Lake) -> None:
    attempts, at = Attempts(tail.root), utc("2025-01-03T02:00")
    assert attempts.refills(D)[SYMBOL, TODAY] == RefillAttempt(at, Refilled.FILLED, 0, 0)
    for n, outcome in enumerate((Refilled.UNANSWERED, Refilled.EMPTY, Refilled.UNANSWERED), start=1):
        attempts.note_refill(D, "X", "2025-01-01", at + timedelta(hours=n), outcome)
    assert attempts.refills(D)["X", "2025-01-01"] == RefillAttempt(at + timedelta(hours=3), Refilled.UNANSWERED, 3, 1)
    attempts.note_refill(D, "X", "2025-01-01", at, Refilled.CONFIRMED)
    assert attempts.refills(D)["X", "2025-01-01"] == RefillAttempt(at, Refilled.CONFIRMED, 0, 0)
    assert attempts.refills("um_klines_1m") == {}
