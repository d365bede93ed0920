"""Resampled real minutes: the exchange's own coarser files where the minutes are whole, and a plain word where not."""

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.bars.resample import Resampling, resample
from bcdata.interval import Interval
from bcdata.pipeline.lake import read_over
from bcdata.store.store import Store
from bcdata.venues.calendar import calendar
from bcdata.venues.hours import ALWAYS
from bcdata.windows import Window
from bcdata_tests.golden import reader
from bcdata_tests.golden.conftest import MONTHS, Job
from bcdata_tests.run import Lake

D = "spot_klines_1m"
MINUTE = timedelta(minutes=1)
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
CASES = [
    *(("BTCUSDT", "1h", month) for month in MONTHS),
    *(("ETHUSDT", "1h", month) for month in ("2023-03", "2023-04", "2023-05")),
    ("ETHUSDT", "1d", "2023-03"),
    ("ETHUSDT", "1d", "2023-04"),
    ("ARBUSDT", "1h", "2023-04"),
    ("ARBUSDT", "15m", "2023-05"),
    ("ARBUSDT", "15m", "2023-06"),
]
LENGTHS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "1d": timedelta(days=1)}


def rows_of(lake: Lake, name: str, symbol: str, month: str) -> list[dict[str, object]]:
    path = lake.root / f"resampled/{name}/symbol={symbol}/date={month}/part-0.parquet"
    return pl.read_parquet(path, hive_partitioning=False).to_dicts()


def minutes_of(mirror: Path, symbol: str, *months: str) -> list[reader.Row]:
    folder = mirror / "data/spot/daily/klines" / symbol / "1m"
    return [row for month in months for row in reader.klines(reader.days(folder, f"{symbol}-1m", month))]


def counted(minutes: list[reader.Row], length: timedelta, origin: datetime) -> dict[datetime, list[reader.Row]]:
    groups: dict[datetime, list[reader.Row]] = defaultdict(list)
    for row in minutes:
        groups[origin + (row[0] - origin) // length * length].append(row)
    return groups


def assert_same_bar(row: dict[str, object], theirs: reader.Row) -> None:
    assert [row[name] for name in ("open", "high", "low", "close", "trades")] == [*theirs[1:5], theirs[7]]
    names = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    for name, value in zip(names, (theirs[5], theirs[6], theirs[8], theirs[9]), strict=True):
        assert row[name] == pytest.approx(value, rel=1e-12, abs=0)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("symbol", "interval", "month"), CASES)
def test_whole_windows_are_the_exchanges_own_bars_and_others_say_so(
    main_job: Job, mirror: Path, symbol: str, interval: str, month: str
) -> None:
    lake, _ = main_job
    length = LENGTHS[interval]
    theirs = {
        row[0]: row
        for row in reader.klines(
            reader.days(mirror / "data/spot/daily/klines" / symbol / interval, f"{symbol}-{interval}", month)
        )
    }
    have = {start: len(rows) for start, rows in counted(minutes_of(mirror, symbol, month), length, MONDAY).items()}
    rows = rows_of(lake, f"spot_klines_{interval}", symbol, month)
    assert {row["open_time"]: row["bars"] for row in rows} == have
    whole = [row for row in rows if row["bars"] == row["expected"] and row["open_time"] in theirs]
    assert whole
    for row in whole:
        assert_same_bar(row, theirs[row["open_time"]])  # type: ignore[index]
    for row in rows:
        assert row["expected"] == length // MINUTE
        is_whole = have[row["open_time"]] == length // MINUTE  # type: ignore[index]
        assert (row["bars"] == row["expected"]) == is_whole


def test_the_outage_is_explained_in_the_hour_that_it_began(main_job: Job) -> None:
    lake, _ = main_job
    rows = {row["open_time"]: row for row in rows_of(lake, "spot_klines_1h", "BTCUSDT", "2023-03")}
    noon = rows[datetime(2023, 3, 24, 12, tzinfo=UTC)]
    assert (noon["bars"], noon["expected"], noon["explained"]) == (40, 60, 20)
    assert datetime(2023, 3, 24, 13, tzinfo=UTC) not in rows, "a window without a bar has no row"


def test_the_hour_of_the_listing_says_that_it_is_not_whole(main_job: Job) -> None:
    lake, _ = main_job
    first = rows_of(lake, "spot_klines_4h", "ARBUSDT", "2023-03")[0]
    assert first["open_time"] == datetime(2023, 3, 23, 12, tzinfo=UTC)
    assert (first["bars"], first["explained"], first["expected"]) == (60, 180, 240)


def test_weeks_go_on_across_the_ends_of_months(main_job: Job, mirror: Path) -> None:
    lake, _ = main_job
    minutes = counted(minutes_of(mirror, "BTCUSDT", *MONTHS), timedelta(weeks=1), MONDAY)
    found = {row["open_time"]: row for month in MONTHS for row in rows_of(lake, "spot_klines_1w", "BTCUSDT", month)}
    own = {start: rows for start, rows in minutes.items() if start >= datetime(2023, 1, 2, tzinfo=UTC)}
    assert set(found) == set(own)
    for start, rows in own.items():
        row = found[start]
        assert (row["bars"], row["expected"]) == (len(rows), 7 * 1440)
        assert (row["open"], row["close"]) == (rows[0][1], rows[-1][4])
        assert (row["high"], row["low"]) == (max(each[2] for each in rows), min(each[3] for each in rows))
        assert row["trades"] == sum(each[7] for each in rows)
        assert row["volume"] == pytest.approx(math.fsum(each[5] for each in rows), rel=1e-12, abs=0)


def test_an_offset_of_seventeen_minutes(main_job: Job, mirror: Path) -> None:
    lake, _ = main_job
    grid = Resampling(Interval.parse("1h"), timedelta(minutes=17))
    window = Window(datetime(2023, 2, 1, tzinfo=UTC), datetime(2023, 3, 1, tzinfo=UTC))
    catalog = lake.catalog[D]
    bars = read_over(Store(lake.root), catalog, "BTCUSDT", grid.reach(window))
    ledger = lake.ledger(D, "BTCUSDT", "2023-02", "2023-03")
    rows = resample(bars, ledger, grid, window=window, finer=Interval.parse("1m"), calendar=calendar(ALWAYS)).to_dicts()
    own = counted(minutes_of(mirror, "BTCUSDT", "2023-01", "2023-02", "2023-03"), timedelta(hours=1), grid.origin)
    inside = {start: minutes for start, minutes in own.items() if start in window}
    assert [row["open_time"] for row in rows] == sorted(inside)
    assert rows[0]["open_time"].minute == 17
    assert rows[-1]["open_time"] == datetime(2023, 2, 28, 23, 17, tzinfo=UTC)
    for row in rows:
        minutes = inside[row["open_time"]]
        assert (row["bars"], row["open"], row["close"]) == (len(minutes), minutes[0][1], minutes[-1][4])
        assert row["quote_volume"] == pytest.approx(math.fsum(each[6] for each in minutes), rel=1e-12, abs=0)
