"""From when on rows are known, in all zones: after the stop of February 2018 hours ended later than labelled."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import bcdata
from bcdata.exports.files import export
from bcdata.pipeline.zones import Zone
from bcdata.sql.connection import query
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import Rows
from bcdata_tests.run import Lake, utc
from bcdata_tests.world import World

D, DAYS = "spot_klines_1h", "spot_klines_1d"
CATALOG = f"""
datasets:
  {D}:
    grain: month
    start: 2018-01
    symbols: [BTCUSDT, ETHUSDT, LTCUSDT]
    sources: [binance_archive, binance_rest]
    resample: [1d]
    labels: {{horizons: [1, 2]}}
    features: {{select: [log_ret_1, corr_btc_240, xs_rank_60], reference: BTCUSDT, universe: [BTCUSDT, LTCUSDT]}}
"""
HOUR, OFF = timedelta(hours=1), timedelta(minutes=28, seconds=14, milliseconds=789)
LATE = [utc("2018-02-08T23:00"), utc("2018-02-09T00:00"), utc("2018-02-09T01:00")]
"""Hours of the reference that opened at :28:14.789."""
MARCH = utc("2018-03-05")


def row(at: datetime, *, off: timedelta = timedelta(), closes: timedelta | None = None, price: int = 100) -> list[str]:
    """An hour as the archive sends it, in ms; by default it closes an hour after its open."""
    opened = at + off
    close = opened + HOUR if closes is None else opened + closes
    stamps = [str(int(one.timestamp() * 1000 + 0.5)) for one in (opened, close)]
    number = at.hour % 5
    prices = [f"{price + number}.0", f"{price + number + 2}.0", f"{price - 1}.0", f"{price + number + 1}.0"]
    quote = f"{2.0 * (price + number)}"
    return [stamps[0], *prices, "2.0", str(int(stamps[1]) - 1), quote, "3", "1.0", f"{price + number}.0", "0"]


def hours(first: str, last: str) -> list[datetime]:
    return [utc(first) + at * HOUR for at in range((utc(last) - utc(first)) // HOUR)]


def february(late: list[datetime], stopped: str = "2018-02-08T00:00") -> Rows:
    """The month without the stop of 23 hours; the hours that are late."""
    there = [*hours("2018-02-01", stopped), *hours("2018-02-08T23:00", "2018-03-01")]
    return [row(at, off=OFF if at in late else timedelta()) for at in there]


@pytest.fixture
def lake(world: World) -> Lake:
    world.mirror.put_month("BTCUSDT", "2018-02", february(LATE), interval="1h")
    world.mirror.put_month("ETHUSDT", "2018-02", february([]), interval="1h")
    world.mirror.put_month("LTCUSDT", "2018-02", february(LATE[1:2]), interval="1h")
    return world.lake(CATALOG, MARCH)


def known(frame: pl.DataFrame | None) -> dict[datetime, datetime]:
    """By open, when a row is known."""
    assert frame is not None
    return dict(frame.select("open_time", "known_at").iter_rows())


def late(frame: pl.DataFrame | None, length: timedelta = HOUR) -> dict[datetime, timedelta]:
    """The rows that are known after their end, and how much later."""
    return {at: then - at - length for at, then in known(frame).items() if then != at + length}


def test_every_zone_says_from_when_on_its_rows_are_known(lake: Lake) -> None:
    assert lake.materialize(D, "BTCUSDT,ETHUSDT,LTCUSDT", "2018-02").troubles == []
    parsed = Store(lake.root).read(Partition("parsed", D, "BTCUSDT", "2018-02", "binance_archive"))
    assert parsed is not None
    assert parsed.filter(pl.col("known_at").is_not_null()).select("open_time", "known_at").rows() == [
        (at, at + HOUR + OFF) for at in LATE
    ]
    assert late(lake.bars(D, "BTCUSDT", "2018-02")) == dict.fromkeys(LATE, OFF)
    assert late(lake.bars(D, "ETHUSDT", "2018-02")) == {}
    # A day is known when the last of its hours is, also a day of which nearly all hours are missing.
    assert late(lake.bars(DAYS, "BTCUSDT", "2018-02", "resampled"), 24 * HOUR) == {utc("2018-02-08"): OFF}
    assert late(lake.bars(DAYS, "ETHUSDT", "2018-02", "resampled"), 24 * HOUR) == {}
    # Features compare with the reference, and rank among the universe, whose hours were late.
    for symbol in ("BTCUSDT", "ETHUSDT", "LTCUSDT"):
        assert late(lake.bars(D, symbol, "2018-02", "features")) == dict.fromkeys(LATE, OFF)
    labels = known(lake.bars(D, "BTCUSDT", "2018-02", "labels"))
    # Of three hours that are looked at the last one decides, if it is late.
    assert [labels[at] - at - 3 * HOUR for at in LATE] == [OFF, 0 * HOUR, 0 * HOUR]


def test_features_that_look_at_nobody_are_known_with_their_own_bar(world: World, lake: Lake) -> None:
    alone = world.lake(CATALOG.replace("[log_ret_1, corr_btc_240, xs_rank_60]", "[log_ret_1]"), MARCH, "alone")
    assert alone.materialize(D, "BTCUSDT,ETHUSDT", "2018-02").troubles == []
    assert late(alone.bars(D, "ETHUSDT", "2018-02", "features")) == {}
    assert late(alone.bars(D, "BTCUSDT", "2018-02", "features")) == dict.fromkeys(LATE, OFF)
    # Another column makes every row known later, those columns included that need not be computed again.
    both = Lake(alone.root, MARCH, lake.catalog)
    assert both.materialize(D, "BTCUSDT,ETHUSDT,LTCUSDT", "2018-02").troubles == []
    assert late(both.bars(D, "ETHUSDT", "2018-02", "features")) == dict.fromkeys(LATE, OFF)


def test_exports_queries_and_frames_say_the_same(lake: Lake, tmp_path: Path) -> None:
    assert lake.materialize(D, "BTCUSDT", "2018-02").troubles == []
    for zone, dataset in (("merged", D), ("features", D), ("labels", D), ("resampled", DAYS)):
        published = known(lake.bars(dataset, "BTCUSDT", "2018-02", zone))
        options = {"zone": zone, "root": lake.root, "catalog": lake.catalog}
        assert known(bcdata.load(dataset, "BTCUSDT", **options)) == published
        (file,) = export(dataset, ["BTCUSDT"], None, None, out=tmp_path / zone, form="parquet", **options)
        written = pl.read_parquet(file.path)
        assert known(written) == published
        assert written.columns[:3] == ["symbol", "open_time", "known_at"]
        sql = f"SELECT open_time, known_at FROM {zone}.{dataset} ORDER BY open_time"  # noqa: S608
        assert known(query(Store(lake.root), lake.catalog, sql)) == published


def test_the_end_is_the_greater_of_open_and_close_as_received(world: World) -> None:
    at = LATE[0]
    shorter, longer = timedelta(minutes=20), timedelta(minutes=70)
    rows = [row(at, off=OFF, closes=shorter), row(at + HOUR, off=OFF, closes=longer), row(at + 2 * HOUR)]
    world.mirror.put_month("BTCUSDT", "2018-02", [*february([])[:24], *rows], interval="1h")
    lake = world.lake(CATALOG, MARCH)
    assert lake.materialize(D, "BTCUSDT", "2018-02", until=Zone.MERGED).troubles == []
    assert late(lake.bars(D, "BTCUSDT", "2018-02")) == {at: OFF, at + HOUR: OFF + longer - HOUR}


@pytest.mark.parametrize("closes", [-HOUR, timedelta(hours=3)])
def test_a_row_that_closes_before_its_open_or_after_the_next_bar_is_not_put_onto_the_grid(
    world: World, closes: timedelta
) -> None:
    rows = [
        *february([])[:24],
        row(LATE[0], off=OFF, closes=closes),
        *(row(LATE[0] + at * HOUR) for at in range(1, 300)),
    ]
    world.mirror.put_month("BTCUSDT", "2018-02", rows, interval="1h")
    lake = world.lake(CATALOG, MARCH)
    ran = lake.materialize(D, "BTCUSDT", "2018-02", until=Zone.MERGED, refill=False)
    assert ran.rules(Zone.PARSED, "BTCUSDT", "2018-02", "binance_archive")["grid"] == 1
    assert LATE[0] not in known(lake.bars(D, "BTCUSDT", "2018-02"))


def test_hours_that_only_rest_has_are_known_as_late(world: World) -> None:
    rows = february(LATE)
    world.mirror.put_month("BTCUSDT", "2018-02", [one for one in rows if one != row(LATE[1], off=OFF)], interval="1h")
    world.truth.put_month("BTCUSDT", "2018-02", rows, interval="1h")
    lake = world.lake(CATALOG, MARCH)
    assert lake.materialize(D, "BTCUSDT", "2018-02", until=Zone.MERGED).troubles == []
    bars = lake.bars(D, "BTCUSDT", "2018-02")
    assert bars is not None
    assert bars.filter(pl.col("source") == "binance_rest")["open_time"].to_list() == LATE[1:2]
    assert late(bars) == dict.fromkeys(LATE, OFF)


def test_bars_of_an_earlier_version_are_known_at_their_end(lake: Lake) -> None:
    assert lake.materialize(D, "BTCUSDT,ETHUSDT", "2018-02", until=Zone.MERGED).troubles == []
    store, place = Store(lake.root), Partition("merged", D, "ETHUSDT", "2018-02")
    frame, published = store.read(place), store.published(place)
    assert frame is not None
    assert published is not None
    older = frame.drop("known_at")
    store.publish(place, older, fingerprint=published.fingerprint, rules="1", record=published.record)
    found = bcdata.load(D, root=lake.root, catalog=lake.catalog)
    assert late(found.filter(symbol="ETHUSDT")) == {}
    assert late(found.filter(symbol="BTCUSDT")) == dict.fromkeys(LATE, OFF)
    rows = query(store, lake.catalog, f"SELECT symbol, known_at FROM {D}")  # noqa: S608
    assert rows.filter(symbol="BTCUSDT")["known_at"].null_count() == 0
    assert lake.materialize(D, "ETHUSDT", "2018-02", until=Zone.FEATURES).troubles == []
