"""What the tests of window sources share: asking one on the loopback, and a venue that answers what a test says."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import polars as pl
import pytest

from bcdata.interval import EPOCH
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.net.settings import HttpSettings
from bcdata.net.state.sqlite import SqliteState
from bcdata.providers.base import Series, WindowPage, WindowSource
from bcdata.providers.registry import SOURCES
from bcdata.simulate import Fault, TradedSymbol, TradeMarket
from bcdata.simulate.answers import Answer
from bcdata.simulate.faults import FaultPlan
from bcdata.simulate.loopback import Loopback
from bcdata.windows import Window
from bcdata_tests.net.helpers import FAST

T = TypeVar("T")
needs_ccxt = pytest.mark.skipif(
    find_spec("ccxt") is None and os.environ.get("CI") != "true",
    reason="ccxt is not installed: pip install 'bcdata[ccxt]'",
)
VALUES = ("open", "high", "low", "close", "volume", "quote_volume", "trades")


class AtOnce(SqliteState):
    """Lets everybody ask at once, but for holds: for tests of what is asked, not of when."""

    async def try_acquire(self, budgets: Sequence[tuple[Budget, int]], *, patience: float) -> None:
        del budgets, patience


def use(source: str, url: str, work: Callable[[WindowSource], Coroutine[Any, Any, T]]) -> T:
    """Runs something on a source at an address."""

    async def run() -> T:
        with TemporaryDirectory() as state:
            http = HttpClient(AtOnce(Path(state) / "state.sqlite"), HttpSettings(**FAST))
            try:
                return await work(SOURCES[source].open(http, {"rest": url}))
            finally:
                await http.close()

    return asyncio.run(run())


def pages(source: str, url: str, series: Series, window: Window, now: datetime) -> list[WindowPage]:
    """The pages that a source yields."""

    async def work(asked: WindowSource) -> list[WindowPage]:
        return [page async for page in asked.pages(series, window, now=now)]

    return use(source, url, work)


def first_open(source: str, url: str, series: Series, now: datetime) -> datetime | None:
    return use(source, url, lambda asked: asked.first_open(series, now=now))


def read(source: str, series: Series, bodies: Sequence[bytes]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows and the bad lines of bodies; nothing is asked."""
    nobody = HttpClient(AtOnce(Path("not made")))
    found = SOURCES[source].open(nobody, {"rest": "http://127.0.0.1:9"}).read(series, bodies)
    return found.rows, found.bad_lines


def truth(market: TradeMarket, symbol: TradedSymbol, seconds: int, window: Window) -> pl.DataFrame:
    """The bars with trades that open in the window."""
    start, end = us(window.start) // 1_000_000, us(window.end) * 1000
    bars = market.bars(symbol, seconds, start, end)
    rows = [(bar.opened * 1_000_000, *bar.plain(symbol)) for bar in bars]
    floats = dict.fromkeys(VALUES[:-1], pl.Float64)
    return pl.DataFrame(rows, {"open_time": pl.Int64, **floats, "trades": pl.Int64}, orient="row")


def within(rows: pl.DataFrame, window: Window, seconds: int) -> pl.DataFrame:
    """The rows of bars that lie in the window whole, once each, in order of time."""
    opened = pl.col("open_time")
    inside = opened.ge(us(window.start)) & (opened + seconds * 1_000_000).le(us(window.end))
    return rows.filter(inside).unique("open_time", keep="first").sort("open_time")


def assert_same(found: pl.DataFrame, expected: pl.DataFrame, columns: Sequence[str]) -> None:
    """Equal opens and prices; volumes to one part in 10^9."""
    assert found["open_time"].to_list() == expected["open_time"].to_list()
    for name in columns:
        assert found[name].to_list() == pytest.approx(expected[name].to_list(), rel=1e-9, abs=0), name


def us(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


class Scripted(Loopback):
    """A venue that answers each request with what a function says: a body under status 200, or a whole answer."""

    def __init__(self, reply: Callable[[Mapping[str, str]], bytes | Answer]) -> None:
        super().__init__()
        self._reply = reply

    def site(self, faults: FaultPlan) -> "Scripted":
        del faults
        return self

    def environment(self) -> dict[str, str]:
        return {}  # tests point a source at `url` themselves

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        del path, struck, now
        said = self._reply(parameters)
        return said if isinstance(said, Answer) else Answer(200, said, "application/json")

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        del fault, line, now
        return answer
