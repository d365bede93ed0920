"""Since when a contract is not traded any more, though its candles go on: the exchange's word, or the archive's end.

Files of perpetuals go on with candles at the last price after a delisting. A quiet market looks the same; so the
exchange is asked, and one that says TRADING is believed.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import polars as pl

from bcdata.bars.tail import quiet_since
from bcdata.evidence.remembered import ObjectLooks, Once
from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.explain import ABSENT
from bcdata.providers.base import PERIODS, BulkObject, Series
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import bulk_format
from bcdata.providers.roles import BulkSource, ExchangeInfo, SymbolInfo
from bcdata.store.state.attempts import Attempts
from bcdata.windows import Window

TRADING = "TRADING"
_LEAST_TAIL = timedelta(hours=1)
"""A shorter run of idle candles at the archive's end is what a quiet market has."""
_LATEST_US = 32_503_680_000_000_000
"""The year 3000: what opens later is no time of a bar."""
_MOST_OBJECTS = 40
"""How far back the last trade is looked for: three years of months."""


@dataclass(frozen=True, slots=True)
class EndOfTrading:
    """Since when (UTC) candles without a trade are no bars of a market, and how that is known."""

    at: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class _Tail:
    """What an object ends with: since when nothing was traded (None: it ends in a trade), and the bar before."""

    since: datetime | None
    traded: datetime | None

    def to_json(self) -> str:
        return json.dumps([one.isoformat() if one else None for one in (self.since, self.traded)])

    @classmethod
    def from_json(cls, text: str) -> "_Tail":
        return cls(*(datetime.fromisoformat(one) if one else None for one in json.loads(text)))


def listed_as(info: ExchangeInfo, symbol: str) -> SymbolInfo | None:
    """What exchangeInfo says of the symbol; None where it does not list it."""
    return next((one for one in info.symbols if one.symbol == symbol), None)


def status_of(one: SymbolInfo | None) -> str | None:
    """Why a symbol is not traded now; None where it is."""
    status = one.status if one else ABSENT
    return None if status == TRADING else status


class Delistings:
    """Looks for the last trade of series that have ended: once per run, and what objects end with is remembered."""

    def __init__(self, archive: BulkSource, memory: Attempts, now: datetime) -> None:
        self._archive = archive
        self._looks = ObjectLooks(archive, memory, now)
        self._now = now
        self._last_trades = Once[Series, tuple[datetime, datetime] | None]()

    async def end(self, series: Series, one: SymbolInfo | None) -> EndOfTrading | None:
        """Since when the series is no market's; None where it is still traded, or nobody can tell.

        Args:
            series: klines of a perpetual or delivery contract.
            one: what exchangeInfo says of it; None where it does not know it any more.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        status = status_of(one)
        if status is None:
            return None
        if one is not None and one.delivery_date is not None and one.delivery_date <= self._now:
            at = Interval.parse(series.interval or "").floor(one.delivery_date)
            return EndOfTrading(at, f"the exchange says {status}, delivered {one.delivery_date:%Y-%m-%d %H:%M}")
        found = await self._last_trades.get(series, partial(self._last_trade, series))
        if found is None:
            return None
        said = "does not know the symbol any more" if status == ABSENT else f"says {status}"
        words = f"the archive's last trade is in the bar of {found[1]:%Y-%m-%d %H:%M}"
        return EndOfTrading(found[0], f"{words}; the exchange {said}")

    async def _last_trade(self, series: Series) -> tuple[datetime, datetime] | None:
        """The first idle candle of the archive's idle end, and the last traded one; None where there is no such end."""
        daily, monthly = await asyncio.gather(*(self._archive.objects(series, period) for period in PERIODS))
        since: datetime | None = None
        for one in _backwards([*daily, *monthly])[:_MOST_OBJECTS]:
            tail = await self._tail(series, one)
            if tail is None:
                return None
            if tail.since is None or tail.traded is not None:
                first, traded = tail.since or since, tail.traded
                break
            since = tail.since
        else:
            return None
        if first is None or traded is None or self._ends(daily, monthly) - first < _LEAST_TAIL:
            return None
        return first, traded

    def _ends(self, daily: list[BulkObject], monthly: list[BulkObject]) -> datetime:
        return min(self._now, max(_window(one).end for one in (*daily, *monthly)))

    async def _tail(self, series: Series, one: BulkObject) -> _Tail | None:
        """What an object ends with; None where it cannot be had or read."""
        text = await self._looks.look("tail", one, partial(_read_tail, series))
        return None if text is None else _Tail.from_json(text)


def _read_tail(series: Series, file: PublishedFile) -> str:
    sent = bulk_format(series.market).bars_as_sent(file, Interval.parse(series.interval or ""))
    is_time = pl.col("open_time").is_between(0, _LATEST_US, closed="left")
    rows = sent.filter(is_time).sort("open_time").with_columns(pl.col("open_time").cast(TIME))
    since = quiet_since(rows)
    traded = rows["open_time"] if since is None else rows.filter(pl.col("open_time") < since)["open_time"]
    return _Tail(since, traded[-1] if len(traded) else None).to_json()


def _backwards(objects: list[BulkObject]) -> list[BulkObject]:
    """The objects from the last one back, each time span once, the longer objects where there are both."""
    chosen: list[BulkObject] = []
    for one in sorted(objects, key=lambda each: (_window(each).end, each.period == "monthly"), reverse=True):
        if not chosen or _window(one).end <= _window(chosen[-1]).start:
            chosen.append(one)
    return chosen


def _window(one: BulkObject) -> Window:
    return PERIODS[one.period].window(one.date_key)
