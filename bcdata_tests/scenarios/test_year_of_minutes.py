"""A year of New York's minutes, raw to merged: what was traded, what was silent, and what nobody answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.ledger.ledger import Status
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.simulate import Fault
from bcdata.simulate.alpaca import LoopbackAlpaca
from bcdata.simulate.exchange_dates import milliseconds
from bcdata.simulate.exchange_hours import Hours
from bcdata.simulate.polygon import LoopbackPolygon
from bcdata.simulate.session_market import ListedSymbol, SessionMarket, Split
from bcdata.windows import Window
from bcdata_tests.run import Lake, pointed_at, utc
from bcdata_tests.scenarios.session_lake import lake_at, month, truth

MINUTES, MINUTE = "us_equity_klines_1m", timedelta(minutes=1)
NOW = utc("2025-12-02T12:00")
MONTHS = ("2024-12", *(f"2025-{number:02}" for number in range(1, 12)))
CATALOG = f"""
providers: {{polygon: {{plan: advanced}}, alpaca: {{plan: algo_trader_plus}}}}
datasets:
  {MINUTES}: {{grain: month, start: 2024-12, symbols: [AAPL, SPY], sources: [polygon, alpaca], features: false}}
"""
# The calendar of the exchange, by hand: the library's is what is tried. 9 January was a day of mourning.
HOLIDAYS = ["2024-12-25", "2025-01-01", "2025-01-09", "2025-01-20", "2025-02-17", "2025-04-18", "2025-05-26",
            "2025-06-19", "2025-07-04", "2025-09-01", "2025-11-27"]  # fmt: skip
HALF_DAYS = ("2024-12-24", "2025-07-03", "2025-11-28")
HOURS = Hours.weekdays(
    "America/New_York",
    date(2024, 11, 1),
    date(2025, 12, 31),
    closed=frozenset(map(date.fromisoformat, HOLIDAYS)),
    early=dict.fromkeys(map(date.fromisoformat, HALF_DAYS), time(13)),
)
POLYGON_PAGE, ALPACA_PAGE = 1700, 500
"""Minutes of a page: fewer than a month has, so that each may fail within one."""


@dataclass(frozen=True, slots=True)
class Hole:
    """What both sources fail at: a month from its n-th page on, those of Alpaca counted from where Polygon ends."""

    symbol: str
    key: str
    of_polygon: int
    of_alpaca: int

    def faults(self) -> tuple[Fault, Fault]:
        """A proxy's page in the place of each answer that would tell of it."""
        last = milliseconds(max(one.close for one in HOURS.sessions if one.open in month(self.key))) - 1
        return (
            Fault(f"/ticker/{self.symbol}/range/1/minute/[0-9]+/{last}", "html", after=self.of_polygon, times=None),
            Fault(f"symbols={self.symbol}&.*start={self.key}", "html", after=self.of_alpaca, times=None),
        )

    def minutes(self, traded: pl.DataFrame) -> set[datetime]:
        """The minutes of which neither has told."""
        opens = traded["open_time"].to_list()
        told = opens[: self.of_polygon * POLYGON_PAGE]
        expected = minutes(month(self.key))
        left = sorted(expected - minutes(Window(month(self.key).start, told[-1] + MINUTE)) if told else expected)
        begins = next(one.open for one in HOURS.sessions if one.close > left[0])
        more = [one for one in opens if one >= begins][: self.of_alpaca * ALPACA_PAGE]
        after = max([*told[-1:], *more[-1:]], default=begins - MINUTE)
        return {one for one in left if one > after}


HOLES = (
    Hole("AAPL", "2025-01", 0, 1),  # the month of the day of mourning
    Hole("SPY", "2025-03", 2, 2),  # in the days after a change of clocks
    Hole("AAPL", "2025-07", 3, 1),
    Hole("SPY", "2025-11", 4, 1),  # up to a half day
)
NEVER = Hole("SPY", "2025-05", 0, 0)
"""A month of which neither says a word: it is held back, which `gaps` tells."""
FILLED = ("AAPL", "2025-10")
"""A month in which Polygon alone fails."""


@pytest.fixture(scope="module")
def market() -> SessionMarket:
    idle = frozenset({date(2025, 2, 12), date(2025, 8, 29)})
    return SessionMarket([
        ListedSymbol("AAPL", HOURS, date(2024, 11, 1), 400.0, splits=(Split(date(2025, 6, 9), 4),), quiet=0.2),
        ListedSymbol("SPY", HOURS, date(2024, 11, 1), 300.0, quiet=0.01, idle=idle),
    ])  # fmt: skip


@pytest.fixture
def venues(
    market: SessionMarket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[LoopbackPolygon, LoopbackAlpaca]]:
    for name in ("POLYGON_API_KEY", "ALPACA_API_KEY", "ALPACA_API_SECRET"):
        monkeypatch.setenv(name, f"{name.lower()}1234")
    with (
        LoopbackPolygon(market, plan="advanced", most=POLYGON_PAGE, now=NOW) as polygon,
        LoopbackAlpaca(market, plan="algo_trader_plus", most=ALPACA_PAGE, now=NOW) as alpaca,
        pointed_at({**polygon.environment(), **alpaca.environment()}, tmp_path / "state"),
    ):
        yield polygon, alpaca


def minutes(window: Window) -> set[datetime]:
    """Every minute in which the exchange was open."""
    return {
        one.open + number * MINUTE
        for one in HOURS.sessions
        for number in range((one.close - one.open) // MINUTE)
        if one.open + number * MINUTE in window
    }


def marked(gaps: pl.DataFrame, status: Status) -> set[datetime]:
    """The minutes that the ledger has under a status, of those in which the exchange was open."""
    rows = gaps.filter(pl.col("status") == status.value).select("start", "end").iter_rows()
    return {start + number * MINUTE for start, end in rows for number in range((end - start) // MINUTE + 1)}


def assert_told(lake: Lake, market: SessionMarket, symbol: str, key: str, hole: set[datetime]) -> None:
    """Bars are what was traded but for the hole; each other minute is told by its reason, and no minute twice."""
    traded = truth(market, market.symbols[symbol], "1m", month(key), NOW)
    seen = traded.filter(~pl.col("open_time").is_in(sorted(hole)))
    bars, gaps = lake.bars(MINUTES, symbol, key), lake.ledger(MINUTES, symbol, key)
    columns = ["open_time", "open", "high", "low", "close", "volume", "trades", "session"]
    assert bars is not None
    assert bars.select(columns).rows() == seen.select(columns).rows(), (symbol, key)
    assert bars.group_by("session").agg(pl.col("source").n_unique())["source"].max() == 1
    silent = minutes(month(key)) - set(traded["open_time"])
    assert marked(gaps, Status.OPEN) & minutes(month(key)) == hole, (symbol, key)
    assert marked(gaps, Status.NO_TRADES) & minutes(month(key)) == silent - hole, (symbol, key)
    absent = gaps.filter(pl.col("status") != Status.REFILLED)
    assert absent["bars"].sum() == len(silent | hole)  # and none outside the sessions


@pytest.mark.slow
def test_a_year_of_minutes(
    tmp_path: Path, market: SessionMarket, venues: tuple[LoopbackPolygon, LoopbackAlpaca]
) -> None:
    polygon, alpaca = venues
    planted = [one.faults() for one in (*HOLES, NEVER)]
    symbol, key = FILLED
    alone = Hole(symbol, key, 1, 0).faults()[0]
    for first, second in (*planted, (alone, None)):
        polygon.add(first)
        if second is not None:
            alpaca.add(second)
    lake = lake_at(tmp_path, CATALOG, NOW)
    ran = lake.materialize(MINUTES, "AAPL,SPY", MONTHS[0], MONTHS[-1])
    nothing = ran.of(Zone.MERGED)[NEVER.symbol, NEVER.key]
    assert (nothing.state, nothing.verdict.counts()) == (State.HELD_BACK, {"upstream": 1})
    holes = {
        (one.symbol, one.key): one.minutes(truth(market, market.symbols[one.symbol], "1m", month(one.key), NOW))
        for one in HOLES
    }
    assert all(holes.values())
    for name in market.symbols:
        for each in MONTHS:
            if (name, each) != (NEVER.symbol, NEVER.key):
                assert_told(lake, market, name, each, holes.get((name, each), set()))
    filled = lake.bars(MINUTES, symbol, key)
    assert filled is not None
    assert filled["source"].unique().sort().to_list() == ["alpaca", "polygon"]

    for first, second in planted:
        polygon.remove(first)
        alpaca.remove(second)
    polygon.remove(alone)
    (tmp_path / "state" / "budgets.sqlite").unlink()  # the breakers' time is over
    ran = lake.materialize(MINUTES, "AAPL,SPY", MONTHS[0], MONTHS[-1])
    assert ran.ok, ran.troubles
    for name in market.symbols:
        for each in MONTHS:
            assert_told(lake, market, name, each, set())
    polygon.clear()
    alpaca.clear()
    again = lake.materialize(MINUTES, "AAPL,SPY", MONTHS[0], MONTHS[-1])
    assert {one.state for _, one in again.outcomes} == {State.UNCHANGED}
    assert not [*polygon.requests, *alpaca.requests]
