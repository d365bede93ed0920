"""Bar intervals: names, lengths and grids. Pure, and free of heavy imports."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from bcdata.errors import UsageError
from bcdata.windows import Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER_HOUR = timedelta(minutes=15)
"""The buckets of the time of day in profiles of volatility."""
SETTLEMENT_MINUTE = timedelta(minutes=1)
"""A settlement is known at the end of the minute in which it is paid."""
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = timedelta(days=36_500)
_COUNT = re.compile(r"0*[1-9]\d{0,17}", re.ASCII)
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
SETTLEMENT_HOURS = (1, 2, 4, 8)
"""The intervals at which exchanges settle funding."""
_HOUR_US = 3_600_000_000
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The length of a bar, e.g. `1m`. Bars are labelled by their open and cover [open, open + length).

    `length` is None for calendar months (`1mo`), whose length varies.
    """

    name: str
    length: timedelta | None
    anchor: datetime

    @classmethod
    @lru_cache(maxsize=128)
    def parse(cls, name: str) -> "Interval":
        """Reads `1s`, `5m`, `12h`, `1d`, `3d`, `1w` or `1mo`.

        Raises:
            UsageError: the text is no interval.
        """
        if name == "1mo":
            return cls(name, None, EPOCH)
        count, unit = name[:-1], name[-1:]
        if not _COUNT.fullmatch(count) or unit not in _SECONDS:
            raise UsageError(f"{name!r} is not an interval; write it like 1m, 1h, 1d, 1w or 1mo")
        anchor = _MONDAY if unit == "w" else EPOCH
        seconds = int(count) * _SECONDS[unit]
        if seconds > _LONGEST.total_seconds():
            raise UsageError(f"{name} is too long for bars: they last {_LONGEST.days:,} days at most")
        return cls(name, timedelta(seconds=seconds), anchor)

    def of(self, name: str) -> "Interval":
        """Bars of another length of the same market."""
        return Interval.parse(name)

    @property
    def has_sessions(self) -> bool:
        """Whether its market opens and closes: bars may then be shorter, and the next one may open much later."""
        return False

    def outlast_a_session(self, bars: int) -> bool:
        """Whether so many bars cover more than a session of the usual length; never where there are no sessions."""
        return self.has_sessions and bars > 1

    def fills(self, span: timedelta) -> bool:
        """Whether a whole number of bars makes the span."""
        return self.length is not None and not span % self.length

    def is_multiple_of(self, finer: "Interval") -> bool:
        """Whether bars of this length are made of two or more whole ones of the finer."""
        if self.length is None or finer.length is None:
            return False
        return self.length > finer.length and finer.fills(self.length)

    @property
    def fits_a_day(self) -> bool:
        """Whether a day can hold a bar: longer ones tell no day, and no file of a day has one."""
        return self.length is not None and self.length <= _DAY

    def floor(self, instant: datetime) -> datetime:
        """The open of the bar that covers the instant."""
        if self.length is None:
            return instant.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return instant - (instant - self.anchor) % self.length

    def next(self, open_time: datetime) -> datetime:
        """The open of the bar after the one that opens at `open_time`."""
        if self.length is not None:
            return open_time + self.length
        month = open_time.month % 12 + 1
        return open_time.replace(year=open_time.year + (month == 1), month=month)

    def end(self, open_time: datetime) -> datetime:
        """When the bar that opens at `open_time` ends."""
        return self.next(open_time)

    def ends(self, opens: "IntArray") -> "IntArray":
        """When bars end: (n,) µs since the epoch, of their opens in the same."""
        return self.later(opens, 1)

    def later(self, opens: "IntArray", bars: int) -> "IntArray":
        """The opens of the bars so many after each: (n,) µs since the epoch."""
        if self.length is not None:
            return opens + bars * (self.length // _MICROSECOND)
        import numpy as np

        months = opens.astype("datetime64[us]").astype("datetime64[M]") + bars
        return months.astype("datetime64[us]").astype(np.int64)

    def opens(self, window: Window) -> "IntArray":
        """The opens of the bars that open in a window: (n,) µs since the epoch, ascending."""
        import numpy as np

        first = self.ceil(window.start)
        if self.length is not None:
            start, end = ((one - EPOCH) // _MICROSECOND for one in (first, window.end))
            return np.arange(start, end, self.length // _MICROSECOND, dtype=np.int64)
        found = []
        while first < window.end:
            found.append((first - EPOCH) // _MICROSECOND)
            first = self.next(first)
        return np.array(found, dtype=np.int64)

    def number(self, open_time: datetime) -> int:
        """How many bars open between an instant that is the same for all and `open_time`."""
        if self.length is None:
            return (open_time.year - self.anchor.year) * 12 + open_time.month - self.anchor.month
        return (open_time - self.anchor) // self.length

    def days_of(self, opens: "IntArray") -> "IntArray":
        """The places in a row of opens (µs, ascending) at which UTC days begin: all, where bars are a day or longer."""
        import numpy as np

        if not opens.size:
            return np.empty(0, dtype=np.int64)
        day = _DAY // _MICROSECOND
        midnights = np.arange(opens[0] // day + 1, opens[-1] // day + 1, dtype=np.int64) * day
        return np.unique(np.append(0, np.searchsorted(opens, midnights)))

    def before(self, start: datetime, lookback: int, bars: int) -> datetime:
        """From when on to read for what looks back from bars from `start` on: so many bars, and whole days of others.

        It is the bar before the midnight that is `bars` before the midnight at or before `lookback` bars before. For
        `1mo` all of them are months.
        """
        if self.length is None:
            for _ in range(lookback + bars + 1):
                start = self.floor(self.floor(start) - _MICROSECOND)
            return start
        days = -(-bars * self.length // _DAY)
        first = (start - lookback * self.length).replace(hour=0, minute=0, second=0, microsecond=0)
        return first - days * _DAY - self.length

    def bars_a_year(self, year: int) -> float:
        """Bars of a year: of 365 days in a market that never closes (525,600 of a minute)."""
        del year
        return 12.0 if self.length is None else timedelta(days=365) / self.length

    def ceil(self, instant: datetime) -> datetime:
        """The first open at or after the instant."""
        floor = self.floor(instant)
        return floor if floor == instant else self.next(floor)


def settlement_intervals(times: Sequence[int], stated: Sequence[int | None]) -> list[int | None]:
    """The interval of each funding settlement, in hours, from the settlements up to it alone.

    It is the smallest of `SETTLEMENT_HOURS` d for which there is a settlement d before; else that of the settlement
    before it; else what its source states; else None. Nothing later is read, so that a settlement that comes changes no
    earlier one. A missing settlement may double the interval of the next one until it is there.

    Args:
        times: whole minutes in µs since the epoch, ascending.
        stated: what the source says of each, None where it says nothing.
    """
    there, before = set(times), None
    found: list[int | None] = []
    for time, said in zip(times, stated, strict=True):
        spacing = next((hours for hours in SETTLEMENT_HOURS if time - hours * _HOUR_US in there), None)
        before = spacing or before or said
        found.append(before)
    return found
