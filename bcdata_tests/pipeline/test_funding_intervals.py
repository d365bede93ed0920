"""Intervals of settlements, from files and answers to features: no later settlement changes what was known."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Mirror, made_day, zipped
from bcdata_tests.run import Lake, utc
from bcdata_tests.world import World

D, SYMBOL = "um_funding", "ETHUSDT"
HOUR = timedelta(hours=1)
CATALOG = """
datasets:
  um_funding:
    grain: month
    start: 2025-01
    symbols: [ETHUSDT]
    sources: [binance_archive, binance_rest]
    features: false
  um_klines_1m:
    grain: month
    start: 2025-01
    symbols: [ETHUSDT]
    sources: [binance_archive]
    features: {select: [funding_ann], reference: ETHUSDT}
"""
STARTS = utc("2025-02-10T04:00")
"""The contract's first settlement; it settles every 4 hours."""


def put(mirror: Mirror, month: str, times: list[datetime], hours: int = 8) -> None:
    rows = "".join(f"{int(at.timestamp() * 1000) + 3},{hours},0.0001\n" for at in times)
    name = f"{SYMBOL}-fundingRate-{month}"
    body = zipped(f"{name}.csv", f"calc_time,funding_interval_hours,last_funding_rate\n{rows}".encode())
    mirror.put(f"data/futures/um/monthly/fundingRate/{SYMBOL}/{name}.zip", body)


def every(hours: int, start: datetime, end: datetime) -> list[datetime]:
    return [start + at * hours * HOUR for at in range(-(-(end - start) // (hours * HOUR)))]


def settled(lake: Lake, month: str) -> pl.DataFrame:
    frame = lake.bars(D, SYMBOL, month)
    assert frame is not None
    return frame


def run(lake: Lake, *months: str) -> None:
    for month in months:
        assert lake.materialize(D, SYMBOL, month, until=Zone.MERGED).troubles == []


def at_minutes(world: World, day: str) -> None:
    """Minutes of a day, in the archive of the perpetual."""
    name = f"{SYMBOL}-1m-{day}"
    text = "".join(",".join(row) + "\n" for row in made_day(day))
    world.mirror.put(f"data/futures/um/daily/klines/{SYMBOL}/1m/{name}.zip", zipped(f"{name}.csv", text.encode()))


@pytest.mark.parametrize("later", [2, 1, 3])
def test_the_next_settlement_changes_no_bar_that_was_known(world: World, later: int) -> None:
    """The settlement of 08:00 has the interval that is known then, whatever spacing comes after."""
    day, last = "2025-02-27", utc("2025-02-27T08:00")
    times = every(4, utc("2025-02-01"), last + timedelta(seconds=1))
    at_minutes(world, day)
    now = last + timedelta(minutes=59)
    early = world.lake(CATALOG, now, "early")
    put(world.truth, "2025-02", [*times, *every(later, last + later * HOUR, last + 5 * HOUR)])
    late = world.lake(CATALOG, last + 6 * HOUR, "late")
    tables = []
    for lake in (early, late):
        world.exchange.now = lake.now
        assert lake.materialize("um_klines_1m", SYMBOL, "2025-02", until=Zone.FEATURES).troubles == []
        frame = lake.bars("um_klines_1m", SYMBOL, "2025-02", "features")
        assert frame is not None
        tables.append(frame.filter(pl.col("known_at") <= now))
    assert tables[0].height > 500
    assert tables[0].equals(tables[1])
    assert tables[0]["funding_ann"][-1] == pytest.approx(0.0001 * 365 * 6, rel=1e-12)


def test_the_first_settlement_of_a_listing_has_no_interval_and_its_features_are_null(world: World) -> None:
    put(world.truth, "2025-02", every(4, STARTS, utc("2025-02-28")))
    lake = world.lake(CATALOG)
    run(lake, "2025-02")
    frame = settled(lake, "2025-02")
    assert frame["interval_hours"].to_list() == [None] + [4] * (frame.height - 1)
    assert frame["file_interval_hours"].null_count() == frame.height
    at_minutes(world, f"{STARTS:%Y-%m-%d}")
    assert lake.materialize("um_klines_1m", SYMBOL, "2025-02", until=Zone.FEATURES).troubles == []
    features = lake.bars("um_klines_1m", SYMBOL, "2025-02", "features")
    assert features is not None
    there = features.filter(pl.col("funding_ann").is_not_null())["open_time"]
    assert there[0] == STARTS + 4 * HOUR


def test_an_answer_begins_a_day_before_its_month(world: World) -> None:
    """So that the first settlements of a month have the interval that was in force, not one of a listing."""
    for month, first, last in (("2025-01", "2025-01-01", "2025-02-01"), ("2025-02", "2025-02-01", "2025-02-28")):
        put(world.truth, month, every(4, utc(first), utc(last)))
    lake = world.lake(CATALOG)
    run(lake, "2025-02")
    assert settled(lake, "2025-02")["interval_hours"].to_list() == [4] * 162


def test_a_file_reads_the_end_of_the_month_before_and_a_difference_is_a_warning(world: World) -> None:
    put(world.mirror, "2025-01", every(4, utc("2025-01-01"), utc("2025-02-01")), hours=8)
    put(world.mirror, "2025-02", every(4, utc("2025-02-01"), utc("2025-03-01")), hours=8)
    in_order, reversed_order = world.lake(CATALOG, name="a"), world.lake(CATALOG, name="b")
    run(in_order, "2025-01", "2025-02")
    run(reversed_order, "2025-02", "2025-01")
    january, february = settled(in_order, "2025-01"), settled(in_order, "2025-02")
    assert january["interval_hours"].to_list() == [8] + [4] * 185
    assert february["interval_hours"].to_list() == [4] * 168
    assert february["file_interval_hours"].to_list() == [8] * 168
    ran = in_order.materialize(D, SYMBOL, "2025-02", until=Zone.MERGED)
    assert ran.rules(Zone.MERGED, SYMBOL, "2025-02")["interval_differs"] == 168
    for month in ("2025-01", "2025-02"):
        assert settled(reversed_order, month).equals(settled(in_order, month))


def test_a_settlement_that_only_rest_has_counts_for_those_of_the_file(world: World) -> None:
    times = every(4, utc("2025-02-01"), utc("2025-03-01"))
    put(world.mirror, "2025-02", [*times[:30], *times[31:]], hours=4)
    put(world.truth, "2025-02", times)
    lake = world.lake(CATALOG)
    run(lake, "2025-02")
    frame = settled(lake, "2025-02")
    assert frame["interval_hours"].to_list() == [4] * 168
    assert frame["file_interval_hours"].to_list() == [4] * 30 + [None] + [4] * 137


def test_a_settlement_is_not_published_before_its_minute_is_over(world: World) -> None:
    """Whatever a file says, and whatever now is said to be."""
    times = every(4, utc("2025-02-01"), utc("2025-03-01"))
    put(world.mirror, "2025-02", times, hours=4)
    for seconds, last in ((59, times[9]), (60, times[10])):
        lake = world.lake(CATALOG, times[10] + timedelta(seconds=seconds), str(seconds))
        run(lake, "2025-02")
        assert settled(lake, "2025-02")["time"][-1] == last
