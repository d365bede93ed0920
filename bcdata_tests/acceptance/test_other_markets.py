"""Bars by day, settlements at the edges of months, contracts: what differs from a month of spot bars."""

import duckdb
import pytest

from bcdata_tests.acceptance.exchange import Exchange
from bcdata_tests.acceptance.lake import Lake
from bcdata_tests.acceptance.market import at, bars, days, span


def _settlements() -> list[tuple[int, int, str]]:
    """Every 8 hours, from 2025-01-15 on every 4; those at midnight are 3 ms early, the others 7 ms late."""
    rows, second = [], at("2025-01-01")
    while second < at("2025-02-20T10:30"):
        hours = 8 if second < at("2025-01-15") else 4
        jitter = 7 if second % 86_400 else -3
        rows.append((second * 1000 + jitter, hours, "1.5e-4" if second % 7 else "-0.00010000"))
        second += hours * 3600
    return rows


@pytest.mark.slow
def test_by_day_a_monthly_object_stands_in(exchange: Exchange, lake: Lake) -> None:
    exchange.bars["spot", "SOLUSDT", "5m"] = bars("SOLUSDT", "5m", "2025-01")
    exchange.add("spot", "SOLUSDT", "5m", "2025-01")
    status, _ = lake.materialize("spot_klines_5m", "SOLUSDT", "2025-01-02", "2025-01-04", "--until", "merged")
    assert status == 0
    for day in days("2025-01")[1:4]:
        assert lake.untrue("spot_klines_5m", "SOLUSDT", day) == []
        found = {opened: values[:9] for opened, values in lake.bars("spot_klines_5m", "SOLUSDT", day).items()}
        assert found == {bar.open_at: bar.values for bar in bars("SOLUSDT", "5m", day)}


@pytest.fixture(scope="module")
def funded(exchange: Exchange, lake: Lake) -> Lake:
    """The lake with um bars and settlements, of which January's last one stands in December's file, and so on."""
    every = _settlements()
    exchange.settlements["SOLUSDT"] = [(when, rate) for when, _, rate in every]
    for month in ("2024-12", "2025-01"):
        first, after = (second * 1000 for second in span(month))
        exchange.add_funding("SOLUSDT", month, [row for row in every if first <= row[0] < after])
    exchange.add("um", "SOLUSDT", "1h", "2025-01", header=True)
    exchange.bars["um", "SOLUSDT", "1h"] = [*bars("SOLUSDT", "1h", "2025-01"), *bars("SOLUSDT", "1h", "2025-02")]
    assert lake.materialize("um_klines_1h", "SOLUSDT", "2025-01", "2025-02", "--until", "merged")[0] == 0
    return lake


@pytest.mark.slow
@pytest.mark.parametrize("month", ["2025-01", "2025-02"])
def test_no_settlement_is_lost_at_an_edge(funded: Lake, month: str) -> None:
    first, after = span(month)
    due = {round(when / 60_000) * 60: float(rate) for when, _, rate in _settlements()}
    due = {second: rate for second, rate in due.items() if first <= second < after}
    file = str(funded.file("merged", "um_funding", symbol="SOLUSDT", key=month))
    rows = duckdb.execute("SELECT epoch(time)::BIGINT, funding_rate FROM read_parquet(?)", [file]).fetchall()
    assert dict(rows) == due
    assert funded.missing("um_funding", "SOLUSDT", month) == {}
    on_bars = {opened: values[-1] for opened, values in funded.bars("um_klines_1h", "SOLUSDT", month).items()}
    assert {opened: rate for opened, rate in on_bars.items() if rate is not None} == due
    assert funded.untrue("um_klines_1h", "SOLUSDT", month) == []


@pytest.mark.slow
def test_contracts_become_base_and_quote_volume(exchange: Exchange, lake: Lake) -> None:
    exchange.add("cm", "ETHUSD_PERP", "1h", "2025-01", header=True)
    assert lake.materialize("cm_klines_1h", "ETHUSD_PERP", "2025-01", "2025-01", "--until", "merged")[0] == 0
    found = lake.bars("cm_klines_1h", "ETHUSD_PERP", "2025-01")
    assert {opened: values[:9] for opened, values in found.items()} == {
        bar.open_at: bar.contracts(10) for bar in bars("ETHUSD_PERP", "1h", "2025-01")
    }
