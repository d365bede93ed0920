"""One day in two markets and two units of time: spot in microseconds without a header, um in milliseconds with."""

import zipfile
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.frames.schema import BAR
from bcdata.pipeline.zones import Zone
from bcdata_tests.golden import reader
from bcdata_tests.run import Lake, utc

DAY = "BTCUSDT-1m-2025-01-02"
FILES = {
    "spot_klines_1m": f"data/spot/daily/klines/BTCUSDT/1m/{DAY}.zip",
    "um_klines_1m": f"data/futures/um/daily/klines/BTCUSDT/1m/{DAY}.zip",
}
MINUTES = [utc("2025-01-02") + at * timedelta(minutes=1) for at in range(1440)]


def day(lake: Lake, dataset: str) -> pl.DataFrame:
    ran = lake.materialize(dataset, "BTCUSDT", "2025-01", until=Zone.MERGED, refill=False)
    assert ran.troubles == []
    bars = lake.bars(dataset, "BTCUSDT", "2025-01")
    assert bars is not None
    return bars


@pytest.mark.parametrize("dataset", FILES)
def test_the_day_is_read_whole(lake: Lake, mirror: Path, dataset: str) -> None:
    bars = day(lake, dataset)
    assert bars["open_time"].to_list() == MINUTES
    assert bars.select(BAR.names()).rows() == reader.klines([mirror / FILES[dataset]])


def test_the_files_differ_in_unit_and_header(mirror: Path) -> None:
    firsts = {}
    for dataset, path in FILES.items():
        with zipfile.ZipFile(mirror / path) as archive:
            firsts[dataset] = archive.read(f"{DAY}.csv").partition(b",")[0]
    assert firsts["um_klines_1m"] == b"open_time"
    assert len(firsts["spot_klines_1m"]) == 16


def test_the_rest_of_the_month_is_in_the_ledger(lake: Lake) -> None:
    day(lake, "um_klines_1m")
    ledger = lake.ledger("um_klines_1m", "BTCUSDT", "2025-01")
    assert ledger["bars"].sum() == 30 * 1440
    assert set(ledger["status"]) == {"open"}


def test_without_funding_at_hand_bars_carry_null(lake: Lake) -> None:
    assert day(lake, "um_klines_1m")["funding_rate"].null_count() == 1440
