"""The main job on real archives: bars equal to an independent reading, every missing minute explained."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.frames.schema import BAR
from bcdata_tests.golden import reader
from bcdata_tests.golden.conftest import MONTHS, SYMBOLS, Job
from bcdata_tests.run import Lake, utc

D = "spot_klines_1m"
MINUTE = timedelta(minutes=1)


def merged(lake: Lake, symbol: str, month: str) -> pl.DataFrame:
    bars = lake.bars(D, symbol, month)
    assert bars is not None
    return bars


def minutes(month: str) -> set[datetime]:
    """All minutes of a month, counted without the project's code."""
    start = utc(f"{month}-01")
    end = (start + timedelta(days=32)).replace(day=1)
    return {start + at * MINUTE for at in range((end - start) // MINUTE)}


def run_of(row: dict[str, datetime]) -> list[datetime]:
    return [row["start"] + at * MINUTE for at in range((row["end"] - row["start"]) // MINUTE + 1)]


def test_the_command_succeeds(main_job: Job) -> None:
    _, done = main_job
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.one_in(3)
@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("month", MONTHS)
def test_merged_bars_equal_an_independent_reading(main_job: Job, mirror: Path, symbol: str, month: str) -> None:
    lake, _ = main_job
    folder = mirror / "data/spot/daily/klines" / symbol / "1m"
    expected = reader.klines(reader.days(folder, f"{symbol}-1m", month))
    bars = merged(lake, symbol, month)
    assert bars.select(BAR.names()).rows() == expected
    assert set(bars["source"]) <= {"binance_archive"}
    vwap = [row[6] / row[5] if row[5] else None for row in expected]
    assert bars["vwap"].to_list() == vwap


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("month", MONTHS)
def test_every_expected_minute_is_in_exactly_one_of_bars_and_ledger(main_job: Job, symbol: str, month: str) -> None:
    lake, _ = main_job
    ledger = lake.ledger(D, symbol, month)
    assert "refilled" not in set(ledger["status"])
    told = [at for row in ledger.iter_rows(named=True) for at in run_of(row)]
    held = merged(lake, symbol, month)["open_time"].to_list()
    assert ledger["bars"].sum() == len(told)
    assert len(held) + len(told) == len({*held, *told})
    assert {*held, *told} == minutes(month)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_outage_of_march_is_upstream(main_job: Job, symbol: str) -> None:
    lake, _ = main_job
    rows = lake.ledger(D, symbol, "2023-03").filter(pl.col("status") == "upstream")
    assert rows.select("start", "end", "bars").rows() == [
        (utc("2023-03-24T12:40"), utc("2023-03-24T13:59"), 80),
    ]
    assert "REST" in rows["evidence"][0]


def test_before_its_listing_a_symbol_is_not_listed(main_job: Job) -> None:
    lake, _ = main_job
    ledger = lake.ledger(D, "ARBUSDT", *MONTHS).filter(pl.col("status") == "not_listed")
    assert [ledger["start"].min(), ledger["end"].max()] == [utc("2023-01-01"), utc("2023-03-23T14:59")]
    assert ledger["bars"].sum() == (utc("2023-03-23T15:00") - utc("2023-01-01")) // MINUTE
    assert all("2023-03-23 15:00" in words for words in ledger["evidence"])


def test_months_whose_hours_the_archive_has_are_open(main_job: Job) -> None:
    lake, _ = main_job
    for month in ("2023-01", "2023-02", "2023-06"):
        ledger = lake.ledger(D, "ETHUSDT", month)
        assert ledger["status"].to_list() == ["open"]
        assert ledger["bars"].to_list() == [len(minutes(month))]
        assert "the 1h bars of" in ledger["evidence"][0]


def test_nothing_else_is_missing(main_job: Job) -> None:
    lake, _ = main_job
    ledger = pl.concat(lake.ledger(D, symbol, *MONTHS) for symbol in SYMBOLS)
    others = ledger.filter(~pl.col("status").is_in(["not_listed", "open"]))
    assert others["bars"].to_list() == [80, 80, 80]


def test_features_have_a_row_for_every_bar(main_job: Job) -> None:
    lake, _ = main_job
    for symbol in SYMBOLS:
        for month in MONTHS:
            table = lake.bars(D, symbol, month, "features")
            assert table is not None
            assert table["open_time"].equals(merged(lake, symbol, month)["open_time"])


def test_nothing_is_in_quarantine_and_nothing_is_left_behind(main_job: Job) -> None:
    lake, _ = main_job
    zones = {path.name for path in lake.root.iterdir()}
    data = {"raw", "parsed", "merged", "features", "reports", "seasonality", "resampled", "gaps"}
    assert zones == {*data, ".lake", ".state"}
