"""Corporate actions out of each provider that tells of them: one row an action, known when it was."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bcdata.api.load import load
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.quality.verdict import Severity
from bcdata.runs.estimate import estimate
from bcdata.simulate import Fault
from bcdata.simulate.alpaca import LoopbackAlpaca
from bcdata.simulate.alpha_vantage import LoopbackAlphaVantage
from bcdata.simulate.fmp import LoopbackFmp
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.polygon import LoopbackPolygon
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionMarket, Split
from bcdata.simulate.tiingo import LoopbackTiingo
from bcdata.simulate.yahoo import LoopbackYahoo
from bcdata_tests.run import Lake, pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at

NOW = utc("2024-12-20T12:00")
DATASET, BARS = "us_equity_actions", "us_equity_klines_1d"
VENUES: dict[str, Callable[[SessionMarket], Loopback]] = {
    "yahoo": lambda market: LoopbackYahoo(market, now=NOW),
    "tiingo": lambda market: LoopbackTiingo(market, now=NOW),
    "fmp": lambda market: LoopbackFmp(market, now=NOW),
    "polygon": lambda market: LoopbackPolygon(market, now=NOW),
    "alpaca": lambda market: LoopbackAlpaca(market, now=NOW),
    "alpha_vantage": lambda market: LoopbackAlphaVantage(market, now=NOW),
}
PROVIDERS = ("TIINGO", "FMP", "POLYGON", "ALPACA", "ALPHA_VANTAGE")
KEYS = ("ALPACA_API_SECRET", *(f"{name}_API_KEY" for name in PROVIDERS))


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, f"{name.lower()}12345")


@pytest.fixture(scope="module")
def market() -> SessionMarket:
    hours = hours_of("XNYS", date(2023, 6, 1), date(2024, 12, 31))
    splits = (Split(date(2024, 11, 18), 4), Split(date(2024, 12, 10), 1, 2))
    paid = (Dividend(date(2024, 11, 8), 0.25), Dividend(date(2024, 12, 10), 0.5))
    return SessionMarket([ListedSymbol("AAPL", hours, date(2023, 6, 1), 400.0, splits=splits, dividends=paid)])


@contextmanager
def world(
    folder: Path, market: SessionMarket, *sources: str, others: SessionMarket | None = None
) -> Iterator[tuple[Lake, list[Any]]]:
    """A lake of actions, and the servers of its sources; those after the first have another market, if one is given."""
    text = f"""
providers: {{tiingo: {{plan: power}}}}
datasets:
  {DATASET}: {{grain: month, start: 2024-10, symbols: [AAPL], sources: [{", ".join(sources)}]}}
  {BARS}: {{grain: month, start: 2024-10, symbols: [AAPL], sources: [{sources[0]}], features: false}}
"""
    lake = lake_at(folder, text, NOW)
    markets = [market, *([others or market] * (len(sources) - 1))]
    servers = [VENUES[name](one).__enter__() for name, one in zip(sources, markets, strict=True)]
    try:
        variables = {name: value for one in servers for name, value in one.environment().items()}
        with pointed_at(variables, folder / "state"):
            yield lake, servers
    finally:
        for one in servers:
            one.__exit__(None, None, None)


def told(lake: Lake, *months: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for key in months:
        frame = lake.bars(DATASET, "AAPL", key)
        assert frame is not None
        rows += frame.select("ex_session", "kind", "ratio", "amount").rows()
    return rows


@pytest.mark.parametrize("source", VENUES)
def test_what_a_run_would_ask_is_counted(source: str, tmp_path: Path, market: SessionMarket) -> None:
    with world(tmp_path, market, source) as (lake, _):
        plan = lake.plan(DATASET, "AAPL", "2024-10", "2024-12")
        assert estimate(lake.root, lake.catalog, plan, runs=1)["requests"] > 0
        assert lake.run(plan).ok
        done = lake.plan(DATASET, "AAPL", "2024-10", "2024-11")
        assert estimate(lake.root, lake.catalog, done, runs=1)["requests"] == 0


@pytest.mark.parametrize("source", VENUES)
def test_each_provider_tells_of_them(source: str, tmp_path: Path, market: SessionMarket) -> None:
    with world(tmp_path, market, source) as (lake, (server,)):
        ran = lake.materialize(DATASET, "AAPL", "2024-10", "2024-12")
        assert ran.ok, ran.troubles
        found = told(lake, "2024-10", "2024-11", "2024-12")
        assert [row[:2] for row in found] == [
            (date(2024, 11, 8), "cash"),
            (date(2024, 11, 18), "split"),
            (date(2024, 12, 10), "cash"),
            (date(2024, 12, 10), "split"),
        ]
        assert [row[2] for row in found] == [None, 4.0, None, 0.5]
        assert [row[3] or 0.0 for row in found] == pytest.approx([0.25, 0.0, 0.5, 0.0], rel=1e-4)
        december = lake.bars(DATASET, "AAPL", "2024-12")
        assert december is not None
        assert set(december["source"]) == {source}
        assert (december["known_at"] <= utc("2024-12-10T14:30")).all()
        server.clear()
        again = lake.materialize(DATASET, "AAPL", "2024-10", "2024-12")
        assert {one.state for _, one in again.outcomes} == {State.UNCHANGED}
        assert not server.requests


@pytest.mark.parametrize("second", [name for name in VENUES if name != "yahoo"])
def test_the_second_source_is_asked_nothing_where_the_first_answers(
    second: str, tmp_path: Path, market: SessionMarket
) -> None:
    with world(tmp_path, market, "yahoo", second) as (lake, (_, server)):
        ran = lake.materialize(DATASET, "AAPL", "2024-10", "2024-12")
        assert ran.ok, ran.troubles
        assert len(told(lake, "2024-10", "2024-11", "2024-12")) == 4
        assert not server.requests
        again = lake.materialize(DATASET, "AAPL", "2024-10", "2024-12")
        assert {one.state for _, one in again.outcomes} == {State.UNCHANGED}


def test_the_second_source_is_asked_where_the_first_fails(tmp_path: Path, market: SessionMarket) -> None:
    with world(tmp_path, market, "polygon", "yahoo") as (lake, (polygon, _)):
        polygon.add(Fault("/v3/reference", "status", status=503, times=None))
        ran = lake.materialize(DATASET, "AAPL", "2024-11")
        assert ran.ok, ran.troubles
        frame = lake.bars(DATASET, "AAPL", "2024-11")
        assert frame is not None
        assert set(frame["source"]) == {"yahoo"}
        assert ran.rules(Zone.RAW, "AAPL", "2024-11", "polygon") == {"source_unanswered": 1}


def test_two_sources_that_disagree_are_told_of_and_the_first_counts(tmp_path: Path, market: SessionMarket) -> None:
    hours = hours_of("XNYS", date(2023, 6, 1), date(2024, 12, 31))
    splits, paid = (Split(date(2024, 11, 18), 3), Split(date(2024, 12, 10), 1, 2)), (Dividend(date(2024, 11, 8), 0.75),)
    others = SessionMarket([ListedSymbol("AAPL", hours, date(2023, 6, 1), 400.0, splits=splits, dividends=paid)])
    with world(tmp_path, market, "polygon", "yahoo", others=others) as (lake, (polygon, yahoo)):
        down = Fault("/v3/reference", "status", status=503, times=None)
        polygon.add(down)
        assert lake.materialize(DATASET, "AAPL", "2024-11").ok
        assert told(lake, "2024-11") == [
            (date(2024, 11, 8), "cash", None, pytest.approx(0.75)),
            (date(2024, 11, 18), "split", 3.0, None),
        ]
        polygon.remove(down)
        asked = len(yahoo.requests)
        ran = lake.materialize(DATASET, "AAPL", "2024-11")
        assert ran.ok, ran.troubles
        assert len(yahoo.requests) == asked
        assert lake.materialize(BARS, "AAPL", "2024-11").ok
    assert told(lake, "2024-11") == [
        (date(2024, 11, 8), "cash", None, pytest.approx(0.25)),
        (date(2024, 11, 18), "split", 4.0, None),
    ]
    frame = lake.bars(DATASET, "AAPL", "2024-11")
    assert frame is not None
    assert set(frame["source"]) == {"polygon"}
    verdict = ran.of(Zone.MERGED)["AAPL", "2024-11"].verdict
    (finding,) = [one for one in verdict.findings if one.rule == "sources_disagree"]
    assert (finding.severity, finding.count) == (Severity.WARN, 2)
    assert "polygon" in str(finding.sample)
    assert "yahoo" in str(finding.sample)
    asked_for = {"missing": "ignore", "root": lake.root, "catalog": lake.catalog}
    raw, split = (load(BARS, "AAPL", "2024-11", adjusted=way, **asked_for) for way in ("none", "splits"))
    before = pl.col("session") < date(2024, 11, 18)
    assert split.filter(before)["close"].to_list() == pytest.approx((raw.filter(before)["close"] / 4).to_list())
    assert split.filter(~before)["close"].equals(raw.filter(~before)["close"])
