"""A source that fails in the middle: another of the same tape fills whole sessions, and nothing is mixed within one."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Literal

import polars as pl
import pytest

from bcdata.ledger.ledger import Status
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.simulate import Fault
from bcdata.simulate.alpaca import LoopbackAlpaca
from bcdata.simulate.polygon import LoopbackPolygon
from bcdata.simulate.session_market import ListedSymbol, SessionMarket, Split
from bcdata_tests.run import Lake, pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at, month, truth

CATALOG = """
providers: {polygon: {plan: advanced}}
datasets:
  us_equity_klines_1m: {grain: month, start: 2024-11, symbols: [AAPL, SPY], sources: [polygon, alpaca], features: false}
"""
MINUTES = "us_equity_klines_1m"
NOW = utc("2025-01-10T12:00")
MONTHS = ("2024-11", "2024-12")
SYMBOLS = ("AAPL", "SPY")


@pytest.fixture(scope="module")
def market() -> SessionMarket:
    hours = hours_of("XNYS", date(2024, 1, 2), date(2025, 1, 31))
    split = (Split(date(2024, 11, 18), 4),)
    return SessionMarket([
        ListedSymbol("AAPL", hours, date(2024, 1, 2), 400.0, splits=split),
        ListedSymbol("SPY", hours, date(2024, 1, 2), 300.0),
    ])  # fmt: skip


@pytest.fixture
def venues(
    market: SessionMarket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[LoopbackPolygon, LoopbackAlpaca]]:
    for name in ("POLYGON_API_KEY", "ALPACA_API_KEY", "ALPACA_API_SECRET"):
        monkeypatch.setenv(name, f"{name.lower()}1234")
    # Pages of some sessions, so that an outage may come in the middle of one.
    with (
        LoopbackPolygon(market, plan="advanced", most=1700, now=NOW) as polygon,
        LoopbackAlpaca(market, now=NOW) as alpaca,
        pointed_at({**polygon.environment(), **alpaca.environment()}, tmp_path / "state"),
    ):
        yield polygon, alpaca


def assert_as_traded(lake: Lake, market: SessionMarket) -> dict[str, int]:
    """Every published bar is what was traded, all others are explained, no session is mixed; sessions by source."""
    counted: dict[str, int] = {}
    for symbol in SYMBOLS:
        for key in MONTHS:
            bars = lake.bars(MINUTES, symbol, key)
            assert bars is not None
            expected = truth(market, market.symbols[symbol], "1m", month(key), NOW)
            for name in ("open_time", "open", "high", "low", "close", "volume", "session"):
                assert bars[name].to_list() == expected[name].to_list(), (symbol, key, name)
            gaps = lake.ledger(MINUTES, symbol, key)
            assert set(gaps["status"]) <= {Status.NO_TRADES, Status.REFILLED}
            sources = bars.group_by("session").agg(pl.col("source").unique())
            assert sources["source"].list.len().to_list() == [1] * sources.height
            for name in sources["source"].list.first():
                counted[name] = counted.get(name, 0) + 1
    return counted


@pytest.mark.one_in(50, slow=16)
@pytest.mark.parametrize("seed", range(100))
def test_the_first_source_is_down_at_some_moment(
    seed: int, tmp_path: Path, market: SessionMarket, venues: tuple[LoopbackPolygon, LoopbackAlpaca]
) -> None:
    polygon, _ = venues
    lake = lake_at(tmp_path, CATALOG, NOW)
    dice = Random(seed)
    kind: Literal["reset", "status"] = dice.choice(["reset", "status"])
    polygon.add(Fault("/v2/aggs", kind, after=dice.randrange(20), times=None, status=503))
    ran = lake.materialize(MINUTES, ",".join(SYMBOLS), MONTHS[0], MONTHS[-1])
    assert ran.ok, ran.troubles
    counted = assert_as_traded(lake, market)
    assert "alpaca" in counted
    again = lake.materialize(MINUTES, ",".join(SYMBOLS), MONTHS[0], MONTHS[-1])
    assert again.ok
    assert not again.fetched or counted == assert_as_traded(lake, market)


def test_back_to_the_first_source(
    tmp_path: Path, market: SessionMarket, venues: tuple[LoopbackPolygon, LoopbackAlpaca]
) -> None:
    polygon, alpaca = venues
    lake = lake_at(tmp_path, CATALOG, NOW)
    down = Fault("/v2/aggs", "status", status=503, times=None)
    polygon.add(down)
    assert lake.materialize(MINUTES, "AAPL,SPY", MONTHS[0], MONTHS[1]).ok
    polygon.remove(down)
    (tmp_path / "state" / "budgets.sqlite").unlink()  # the breaker's time is over
    alpaca.clear()
    ran = lake.materialize(MINUTES, "AAPL,SPY", MONTHS[0], MONTHS[-1])
    assert ran.ok
    assert not alpaca.requests
    assert assert_as_traded(lake, market).keys() == {"polygon"}


def test_both_are_down_and_the_partition_stays_open(
    tmp_path: Path, market: SessionMarket, venues: tuple[LoopbackPolygon, LoopbackAlpaca]
) -> None:
    polygon, alpaca = venues
    lake = lake_at(tmp_path, CATALOG, NOW)
    polygon.add(Fault("/v2/aggs", "status", status=503, after=1, times=None))
    alpaca.add(Fault("/bars", "status", status=503, times=None))
    ran = lake.materialize(MINUTES, "AAPL", MONTHS[0])
    failed = [one for step, one in ran.outcomes if step.zone is Zone.RAW and step.provider == "alpaca"]
    assert [one.state for one in failed] == [State.FAILED]
    bars = lake.bars(MINUTES, "AAPL", MONTHS[0])
    gaps = lake.ledger(MINUTES, "AAPL", MONTHS[0])
    assert bars is not None
    assert bars.height
    assert set(gaps["status"]) == {Status.OPEN, Status.NO_TRADES}
    expected = truth(market, market.symbols["AAPL"], "1m", month(MONTHS[0]), NOW)
    assert bars["close"].to_list() == expected["close"].to_list()[: bars.height]
