"""USD-M months and funding as the archive has them."""

from pathlib import Path

import polars as pl
import pytest

from bcdata.frames.schema import BAR
from bcdata.pipeline.zones import Zone
from bcdata_tests.golden import reader
from bcdata_tests.run import ARCHIVE, Lake, utc

D = "um_klines_1m"
MONTHS = [
    *(("FILUSDT", month) for month in ("2023-04", "2023-05", "2023-06")),
    *(("NEARUSDT", month) for month in ("2023-08", "2023-09", "2023-10")),
]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("symbol", "month"), MONTHS)
def test_monthly_minutes_equal_an_independent_reading(lake: Lake, mirror: Path, symbol: str, month: str) -> None:
    ran = lake.materialize(D, symbol, month, until=Zone.MERGED, refill=False)
    assert ran.troubles == []
    bars = lake.bars(D, symbol, month)
    assert bars is not None
    path = mirror / f"data/futures/um/monthly/klines/{symbol}/1m/{symbol}-1m-{month}.zip"
    assert bars.select(BAR.names()).rows() == reader.klines([path])
    costly = [one for one in ran.of(Zone.PARSED, ARCHIVE)[symbol, month].verdict.findings if one.severity != "warn"]
    assert costly == []


def test_funding_is_snapped_to_the_minute_and_nothing_else_is_changed(lake: Lake, mirror: Path) -> None:
    ran = lake.materialize("um_funding", "BTCUSDT", "2020-01", refill=False)
    assert ran.troubles == []
    settled = lake.bars("um_funding", "BTCUSDT", "2020-01")
    assert settled is not None
    path = mirror / "data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2020-01.zip"
    expected = [
        (reader.instant(row[0]).replace(second=0, microsecond=0), float(row[2]), int(row[1]))
        for row in reader.fields(path)
    ]
    assert settled.select("time", "funding_rate", "interval_hours").rows() == expected
    assert settled["file_interval_hours"].to_list() == [hours for _, _, hours in expected]
    assert settled["time"][0] == utc("2020-01-01")
    assert settled.height == 93


def test_settlements_of_a_whole_month_leave_no_gap(lake: Lake) -> None:
    lake.materialize("um_funding", "BTCUSDT", "2020-01", refill=False)
    assert lake.ledger("um_funding", "BTCUSDT", "2020-01").height == 0


def test_funding_of_a_month_that_the_mirror_lacks_is_open(lake: Lake) -> None:
    ran = lake.materialize("um_funding", "BTCUSDT", "2020-02", refill=False)
    assert ran.troubles == []
    ledger = lake.ledger("um_funding", "BTCUSDT", "2020-02")
    assert ledger.select(pl.col("bars").sum()).item() == 29 * 3
    assert set(ledger["status"]) == {"open"}
