"""A market out of a folder laid out as the archive: objects as they lie there, REST rows out of the zips."""

import re
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from bcdata.simulate.binance.market.market import Instrument, KlineRow, ObjectStat, Series, Settlement, StoredObject
from bcdata.simulate.binance.market.rows import funding_rows, kline_rows
from bcdata.simulate.binance.market.symbols import from_ms, to_ms
from bcdata.simulate.binance.market.tree import FileTree
from bcdata.simulate.binance.market.zips import read_zip
from bcdata.simulate.cache import BoundedCache

_CACHED_ROWS = 200_000
_DAY_MS = 86_400_000
_PAIR = re.compile(r"(?P<base>.+?)(?P<quote>FDUSD|USDT|USDC|BUSD|TUSD|USD|BTC|ETH|BNB|EUR|TRY|BRL|JPY)(?:_\w+)?")
_BITCOIN_CONTRACT = 100
_OTHER_CONTRACT = 10
_USUAL_FUNDING_HOURS = 8


class FolderMarket:
    """Serves `root`, whose first level is `data/`: whatever lies there, published at any `now`.

    Args:
        root: The tree. Files may come and go while it is served.
        rest_source: Another tree that holds the truth for REST (klines, funding and symbols), so that holes can
            be cut into `root` alone.
        last_modified: Instants (UTC) by key, where the file's own time will not do.
        ended: Instants (UTC) by venue and symbol at which trading ended, whatever the files go on with: from then on
            exchangeInfo shows BREAK in spot, and SETTLING with that delivery date in futures.

    Raises:
        UsageError: a tree is not there.
    """

    def __init__(
        self,
        root: Path,
        *,
        rest_source: Path | None = None,
        last_modified: Mapping[str, datetime] | None = None,
        ended: Mapping[tuple[str, str], datetime] | None = None,
    ) -> None:
        self._objects = FileTree(root)
        self._truth = FileTree(rest_source or root)
        self._modified = dict(last_modified or {})
        self.ended = dict(ended or {})
        self._rows: BoundedCache[tuple[str, int], list[KlineRow]] = BoundedCache(_CACHED_ROWS, len)
        self._stats: dict[tuple[str, int, int], ObjectStat] = {}

    def keys(self, prefix: str, now: datetime) -> Sequence[str]:  # noqa: ARG002 - what lies there is published
        """All files under the prefix, sorted by code points."""
        return sorted(self._objects.keys(prefix))

    def stat(self, key: str, now: datetime) -> ObjectStat | None:
        """Size, ETag and time of the file; its digest is remembered as long as its size and time stay."""
        path = self._objects.path(key)
        if path is None:
            return None
        state = path.stat()
        version = (key, state.st_mtime_ns, state.st_size)
        if version not in self._stats:
            stored = self.read(key, now)
            if stored is None:
                return None
            self._stats[version] = stored.stat
        return replace(self._stats[version], last_modified=self._last_modified(key, path))

    def read(self, key: str, now: datetime) -> StoredObject | None:  # noqa: ARG002 - as above
        """The file's bytes."""
        path = self._objects.path(key)
        return StoredObject(path.read_bytes(), self._last_modified(key, path)) if path else None

    def _last_modified(self, key: str, path: Path) -> datetime:
        return self._modified.get(key) or datetime.fromtimestamp(int(path.stat().st_mtime), UTC)

    def knows(self, venue: str, symbol: str, now: datetime) -> bool:  # noqa: ARG002 - as above
        """Whether the symbol has a folder."""
        return symbol in self._truth.symbols(venue)

    def instruments(self, venue: str, now: datetime) -> Sequence[Instrument]:  # noqa: ARG002 - as above
        """The symbols with a dated file; listed on the first date that a file of theirs is named after."""
        firsts = ((symbol, self._truth.first_object(venue, symbol)) for symbol in sorted(self._truth.symbols(venue)))
        shown = [_instrument(venue, symbol, first.window.start) for symbol, first in firsts if first]
        return [_ended(one, self.ended.get((venue, one.symbol))) for one in shown]

    def klines(self, series: Series, first: int, last: int, *, newest_first: bool) -> Iterator[list[KlineRow]]:
        """Rows with opens from `first` to `last` (ms, both included), day by day; damaged files hold none.

        A day's own file wins over its month's.
        """
        names = self._truth.objects(series.venue, series.type, series.symbol, series.interval)
        keys = {day: name.key for name in names for day in name.window.days()}
        days = sorted(keys)
        days = days[bisect_left(days, _day(first)) : bisect_right(days, _day(last))]
        for day in reversed(days) if newest_first else days:
            opening = to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
            rows = self._read_rows(keys[day])
            start = bisect_left(rows, max(first, opening), key=_open)
            end = bisect_left(rows, min(last + 1, opening + _DAY_MS), key=_open)
            yield rows[start:end]

    def _read_rows(self, key: str) -> list[KlineRow]:
        path = self._truth.path(key)
        if path is None:
            return []
        return self._rows.get((key, path.stat().st_mtime_ns), partial(_load, path))

    def funding(self, venue: str, symbol: str, first: int, last: int) -> Sequence[Settlement]:
        """Settlements from `first` to `last` (ms, both included), ascending."""
        found: dict[int, str] = {}
        for name in self._truth.objects(venue, "fundingRate", symbol, None):
            path = self._truth.path(name.key)
            if path and to_ms(name.window.start) - _DAY_MS <= last and first <= to_ms(name.window.end) + _DAY_MS:
                found |= funding_rows(_content(path))
        return [Settlement(symbol, time, found[time]) for time in sorted(found) if first <= time <= last]


def _open(row: KlineRow) -> int:
    return int(row[0])


def _day(ms: int) -> date:
    return from_ms(ms).date()


def _content(path: Path) -> bytes:
    try:
        return read_zip(path.read_bytes())[1]
    except zipfile.BadZipFile:
        return b""


def _load(path: Path) -> list[KlineRow]:
    return kline_rows(_content(path))


def _ended(one: Instrument, at: datetime | None) -> Instrument:
    return replace(one, delisted=at) if one.venue == "spot" else replace(one, delivery=at)


def _instrument(venue: str, symbol: str, listed: datetime) -> Instrument:
    pair = _PAIR.fullmatch(symbol)
    base, quote = (pair["base"], pair["quote"]) if pair else (symbol, "")
    size = None
    if venue == "cm":
        size = _BITCOIN_CONTRACT if base == "BTC" else _OTHER_CONTRACT
    hours = None if venue == "spot" else _USUAL_FUNDING_HOURS
    return Instrument(venue, symbol, base, quote, listed, contract_size=size, funding_hours=hours)
