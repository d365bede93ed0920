"""Renames: an instrument that goes on under another symbol, as NANOUSDT did as XNOUSDT.

A new name that starts where another ends proves nothing by itself: symbols come and go every week. The price must go
on too, and no other symbol may suit. Where that cannot be shown there are two instruments.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from math import log

from bcdata.evidence.remembered import Remembered, look_into
from bcdata.instruments.table import DELISTED, Rename, Row
from bcdata.interval import Interval
from bcdata.providers.base import Series
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import MARKETS, bulk_format
from bcdata.providers.roles import BulkSource
from bcdata.store.state.attempts import Attempts

LONGEST_PAUSE = timedelta(days=7)
"""Trading stops for some days at a rename: NANO's for four."""
OVERLAP = timedelta(days=1)
"""The last and the first object may be of one day, or change places by one."""
NEAR = 0.2
"""The share by which the first price under the new name may differ from the last one under the old."""
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Prices:
    """The last close under the old name and the first open under the new one; None where they cannot be had."""

    last: float | None
    first: float | None

    @property
    def suit(self) -> bool:
        """Whether the price went on."""
        if not self.last or not self.first or self.last < 0 or self.first < 0:
            return False
        return abs(log(self.first / self.last)) <= log(1 + NEAR)


def candidates(rows: Iterable[Row], market: str) -> list[Pair]:
    """Pairs (old, new) of which the one began where the other was delisted, quoted in the same asset; sorted."""
    known = [row for row in rows if row["contract"] in {"spot", "perpetual"}]
    quotes = {row["symbol"]: MARKETS[market].split(row["symbol"]).quote for row in known}
    started: dict[tuple[str | None, date], list[str]] = {}
    for row in known:
        if row["first_seen"] and not row["renamed_from"]:
            started.setdefault((quotes[row["symbol"]], row["first_seen"]), []).append(row["symbol"])
    days = range(-OVERLAP.days, LONGEST_PAUSE.days + 1)
    return sorted(
        (row["symbol"], new)
        for row in known
        if row["last_seen"] and row["status"] == DELISTED and quotes[row["symbol"]]
        for day in days
        for new in started.get((quotes[row["symbol"]], row["last_seen"] + timedelta(days=day)), [])
        if new != row["symbol"]
    )


def decide(pairs: Sequence[Pair], prices: Mapping[Pair, Prices], rows: Mapping[str, Row]) -> list[Rename]:
    """The pairs that are renames: the price goes on, and in no other pair with either symbol does it.

    A pair waits until the prices of all its rivals are known.

    Args:
        pairs: all candidates.
        prices: of those that were looked up.
        rows: what is known of the symbols.
    """
    by_symbol: dict[str, list[Pair]] = {}
    for pair in pairs:
        for symbol in pair:
            by_symbol.setdefault(symbol, []).append(pair)
    found = []
    for old, new in pairs:
        rivals = {*by_symbol[old], *by_symbol[new]}
        if all(one in prices for one in rivals) and [one for one in rivals if prices[one].suit] == [(old, new)]:
            found.append(Rename(old, new, _words(rows[old], rows[new], prices[old, new])))
    return found


def _words(old: Row, new: Row, prices: Prices) -> str:
    last, first = prices.last or 0.0, prices.first or 0.0
    return (
        f"{old['symbol']} ended on {old['last_seen']} at {last:g}, {new['symbol']} began on {new['first_seen']} at"
        f" {first:g} ({first / last - 1:+.1%}); no other symbol suits"
    )


class PriceLookup:
    """Looks up first and last prices in daily objects, and remembers them for good."""

    def __init__(
        self, archive: BulkSource, memory: Attempts, market: str, intervals: Sequence[str], now: datetime
    ) -> None:
        self._archive = archive
        self._remembered = Remembered(memory, now)
        self._market = market
        self._intervals = intervals

    async def look_up(self, pairs: Iterable[Pair], rows: Mapping[str, Row], *, most: int) -> dict[Pair, Prices]:
        """The prices of the pairs; at most so many objects are fetched, so that some pairs may be left out.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        found: dict[Pair, Prices] = {}
        for old, new in pairs:
            wanted = [(old, rows[old]["last_seen"], "close"), (new, rows[new]["first_seen"], "open")]
            keys = [f"price/{self._market}/{symbol}/{day}/{which}" for symbol, day, which in wanted]
            known = [self._remembered.known(key) for key in keys]
            for at, (key, one) in enumerate(zip(keys, wanted, strict=True)):
                if known[at] is None and most > 0:
                    most -= 1
                    known[at] = await self._remembered.answer(key, partial(self._price, *one))
            if all(text is not None for text in known):
                found[old, new] = Prices(*(json.loads(text or "null") for text in known))
        return found

    async def _price(self, symbol: str, day: date, which: str) -> str:
        """The first open or the last close of a symbol's day; null where no object of it can be read.

        That is an answer as well: its rivals must not wait for it for ever.
        """
        for interval in self._intervals:
            series = Series(self._market, "klines", symbol, interval)
            for one in await self._archive.objects(series, "daily", first=str(day), last=str(day)):
                text = await look_into(self._archive, one, partial(_read_price, series, which))
                if text is not None:
                    return text
        return json.dumps(None)


def _read_price(series: Series, which: str, file: PublishedFile) -> str:
    rows = bulk_format(series.market).bars_as_sent(file, Interval.parse(series.interval or ""))
    prices = rows.sort("open_time")[which].drop_nulls()
    return json.dumps(None if prices.is_empty() else float(prices[0 if which == "open" else -1]))
