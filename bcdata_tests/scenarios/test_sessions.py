"""Markets that open and close, raw to features: bars equal what was traded, no false gap, every hole is found."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.api.sources import sources
from bcdata.ledger.ledger import Status
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.simulate.exchange_hours import Hours
from bcdata.simulate.fmp import LoopbackFmp
from bcdata.simulate.polygon import LoopbackPolygon
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionMarket, Split
from bcdata.simulate.yahoo import LoopbackYahoo
from bcdata.windows import Window
from bcdata_tests.run import pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at, month, truth

CATALOG = """
providers: {polygon: {plan: advanced}}
datasets:
  us_equity_klines_1m:
    {grain: month, start: 2024-11, symbols: [AAPL], sources: [polygon], features: true, resample: [1h, 1d]}
  us_equity_klines_1d:
    {grain: month, start: 2024-01, symbols: [AAPL, BRK.B], sources: [polygon], features: true,
     labels: {horizons: [1, 5]}, resample: [1w]}
"""
TWO_SOURCES = """
providers: {polygon: {plan: advanced}}
datasets:
  us_equity_klines_1d: {grain: month, start: 2024-01, symbols: [IPO], sources: [polygon, yahoo], features: false}
"""
NOW = utc("2024-12-20T12:00")
MINUTES, DAYS = "us_equity_klines_1m", "us_equity_klines_1d"


@pytest.fixture(scope="module")
def market() -> SessionMarket:
    hours = hours_of("XNYS", date(2023, 6, 1), date(2024, 12, 31))
    splits, paid = (Split(date(2024, 11, 18), 4),), (Dividend(date(2024, 11, 8), 0.25),)
    return SessionMarket(
        [
            ListedSymbol("AAPL", hours, date(2023, 6, 1), 400.0, splits=splits, dividends=paid),
            ListedSymbol("BRK.B", hours, date(2023, 6, 1), 300.0, idle=frozenset({date(2024, 12, 3)})),
        ]
    )


@pytest.fixture
def polygon(market: SessionMarket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackPolygon]:
    monkeypatch.setenv("POLYGON_API_KEY", "abcdefgh1234")
    with (
        LoopbackPolygon(market, plan="advanced", now=NOW) as venue,
        pointed_at(venue.environment(), tmp_path / "state"),
    ):
        yield venue


def test_minutes(tmp_path: Path, market: SessionMarket, polygon: LoopbackPolygon) -> None:
    lake = lake_at(tmp_path, CATALOG, NOW)
    ran = lake.materialize(MINUTES, "AAPL", "2024-11", "2024-12")
    assert ran.ok, ran.troubles
    bars = lake.bars(MINUTES, "AAPL", "2024-11")
    assert bars is not None
    expected = truth(market, market.symbols["AAPL"], "1m", month("2024-11"), NOW)
    for name in ("open_time", "open", "high", "low", "close", "volume", "trades", "session"):
        assert bars[name].to_list() == expected[name].to_list(), name
    gaps = lake.ledger(MINUTES, "AAPL", "2024-11")
    assert set(gaps["status"]) == {Status.NO_TRADES}
    assert bars.height + gaps["bars"].sum() == 19 * 390 + 210  # 28 November is a holiday, the day after a half day
    hours = lake.bars("us_equity_klines_1h", "AAPL", "2024-11", "resampled")
    assert hours is not None
    assert (hours["bars"] + hours["explained"] == hours["expected"]).all()
    half = hours.filter(pl.col("session") == date(2024, 11, 29))
    assert half["open_time"].dt.strftime("%H:%M").to_list() == ["14:30", "15:30", "16:30", "17:30"]
    assert half["expected"].to_list() == [60, 60, 60, 30]
    assert half["known_at"][-1] == utc("2024-11-29T18:00")
    days = lake.bars("us_equity_klines_1d", "AAPL", "2024-11", "resampled")
    assert days is not None
    assert days["session"].to_list() == sorted(set(expected["session"]))
    polygon.clear()
    again = lake.materialize(MINUTES, "AAPL", "2024-11", "2024-12")
    assert {one.state for _, one in again.outcomes} == {State.UNCHANGED}
    assert not polygon.requests


def test_days(tmp_path: Path, market: SessionMarket, polygon: LoopbackPolygon) -> None:
    lake = lake_at(tmp_path, CATALOG, NOW)
    ran = lake.materialize(DAYS, "AAPL,BRK.B", "2024-10", "2024-12")
    assert ran.ok, ran.troubles
    for symbol in ("AAPL", "BRK.B"):
        for key in ("2024-10", "2024-11"):
            bars = lake.bars(DAYS, symbol, key)
            assert bars is not None
            expected = truth(market, market.symbols[symbol], "1d", month(key), NOW)
            assert bars["session"].to_list() == expected["session"].to_list()
            assert bars["close"].to_list() == expected["close"].to_list()
            assert lake.ledger(DAYS, symbol, key).is_empty()
    december = lake.bars(DAYS, "BRK.B", "2024-12")
    assert december is not None
    assert december["open_time"][-1] == utc("2024-12-19T14:30")  # that of the 20th has not closed
    gaps = lake.ledger(DAYS, "BRK.B", "2024-12")
    assert gaps.select("start", "status").rows() == [(utc("2024-12-03T14:30"), Status.NO_TRADES.value)]
    bars = lake.bars(DAYS, "AAPL", "2024-11")
    assert bars is not None
    closes = bars["known_at"] - bars["open_time"]
    assert closes.filter(bars["session"] == date(2024, 11, 29)).to_list() == [timedelta(hours=3.5)]
    weeks = lake.bars("us_equity_klines_1w", "AAPL", "2024-11", "resampled")
    assert weeks is not None
    assert weeks["session"].to_list() == [date(2024, 11, day) for day in (4, 11, 18, 25)]
    assert weeks["expected"].to_list() == [5, 5, 5, 4]
    features = lake.bars(DAYS, "AAPL", "2024-12", "features")
    assert features is not None
    assert features["log_ret_1"].null_count() == 0
    assert ran.rules(Zone.MERGED, "AAPL", "2024-12") == {}
    polygon.clear()
    again = lake.materialize(DAYS, "AAPL,BRK.B", "2024-10", "2024-12")
    assert {one.state for _, one in again.outcomes} == {State.UNCHANGED}
    assert not polygon.requests


EXCHANGES = {"XLON": ("VOD.L", "uk"), "XTKS": ("7203.T", "jp"), "XHKG": ("0700.HK", "hk"), "XETR": ("SAP.DE", "de")}
YEAR = [f"2024-{number:02}" for number in range(1, 13)]


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_year_of_days_has_no_false_gap(exchange: str, tmp_path: Path) -> None:
    """Holidays, half days, breaks and changes of clocks; sessions without a trade are told, and nothing else."""
    symbol, market_name = EXCHANGES[exchange]
    hours = hours_of(exchange, date(2023, 6, 1), date(2025, 2, 28))
    labels = [one.label for one in hours.sessions if one.label.year == 2024]
    idle = frozenset({labels[17], labels[101], labels[-1]})
    listed = ListedSymbol(symbol, hours, date(2023, 6, 1), 700.0, splits=(Split(labels[60], 2),), idle=idle)
    traded = SessionMarket([listed])
    text = f"""
markets: {{{market_name}: {{calendar: {exchange}, type: stock, since: 2020-01}}}}
datasets:
  {market_name}_klines_1d: {{grain: month, start: 2024-01, symbols: [{symbol}], sources: [yahoo], features: false}}
"""
    now = utc("2025-02-10T23:30")
    lake = lake_at(tmp_path, text, now)
    name = f"{market_name}_klines_1d"
    with LoopbackYahoo(traded, now=now) as venue, pointed_at(venue.environment(), tmp_path / "state"):
        ran = lake.materialize(name, symbol, YEAR[0], YEAR[-1])
        assert ran.ok, ran.troubles
    bars = pl.concat([one for key in YEAR if (one := lake.bars(name, symbol, key)) is not None])
    assert bars["session"].to_list() == [one for one in labels if one not in idle]
    expected = truth(traded, listed, "1d", Window(utc("2024-01-01"), utc("2025-01-01")), now)
    assert (bars["close"] / expected["close"] - 1).abs().max() < 1e-7  # type: ignore[operator]
    gaps = lake.ledger(name, symbol, *YEAR)
    assert set(gaps["status"]) == {Status.NO_TRADES}
    assert gaps["bars"].sum() == len(idle)
    opens = {one.label: (one.open, one.close) for one in hours.sessions}
    assert bars.select("open_time", "known_at").rows() == [opens[one] for one in bars["session"]]


def test_an_answer_that_is_stamped_a_day_off_is_refused_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Monday's bar stands under Sunday: which of its rows are right cannot be told from their dates."""
    hours = hours_of("XNYS", date(2023, 6, 1), date(2024, 12, 31))
    shifted = Hours(hours.zone, tuple(replace(one, label=one.label - timedelta(days=1)) for one in hours.sessions))
    monkeypatch.setenv("FMP_API_KEY", "abcdefgh1234")
    symbol = ListedSymbol("AAPL", shifted, date(2023, 6, 1))
    entry = "{grain: month, start: 2024-09, symbols: [AAPL], sources: [fmp], features: false}"
    lake = lake_at(tmp_path, f"datasets:\n  {DAYS}: {entry}\n", NOW)
    with LoopbackFmp(SessionMarket([symbol]), now=NOW) as venue, pointed_at(venue.environment(), tmp_path / "state"):
        ran = lake.materialize(DAYS, "AAPL", "2024-09")
    assert ran.rules(Zone.PARSED, "AAPL", "2024-09", "fmp") == {"stamped_a_day_off": 20}
    merged = ran.of(Zone.MERGED)["AAPL", "2024-09"]
    assert (merged.state, merged.verdict.facts["missing"]) == (State.HELD_BACK, {"quarantined": 20})
    assert lake.bars(DAYS, "AAPL", "2024-09") is None


@pytest.mark.usefixtures("polygon")  # which has the key in the environment
def test_prices_in_single_precision_are_no_disagreement(tmp_path: Path, market: SessionMarket) -> None:
    """Of a symbol that is listed within the month both sources are asked for all of it."""
    listed = ListedSymbol("IPO", market.symbols["AAPL"].hours, date(2024, 12, 10), 20.0)
    traded, name = SessionMarket([listed]), "us_equity_klines_1d"
    lake = lake_at(tmp_path, TWO_SOURCES, NOW)
    with (
        LoopbackPolygon(traded, plan="advanced", now=NOW) as first,
        LoopbackYahoo(traded, now=NOW) as second,
        pointed_at(first.environment() | second.environment(), tmp_path / "both"),
    ):
        ran = lake.materialize(name, "IPO", "2024-12")
        assert ran.ok, ran.troubles
        assert second.requests
    assert "sources_disagree" not in ran.rules(Zone.MERGED, "IPO", "2024-12")
    pairs = sources(name, "IPO", root=lake.root, catalog=lake.catalog)
    assert pairs.select("in_both", "differing").rows() == [(8, 0)]
