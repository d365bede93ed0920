"""Sessions of a market as plain values: when it opens and closes, and where trading pauses in between."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from bcdata.errors import UsageError
from bcdata.interval import EPOCH
from bcdata.venues.pauses import Pause
from bcdata.windows import Window

IntArray = npt.NDArray[np.int64]
Dates = npt.NDArray[np.datetime64]
_MICROSECOND = timedelta(microseconds=1)
_WHOLE_YEARS = 5
"""The last complete ones, of which a year's sessions are the mean."""


@dataclass(frozen=True, eq=False)
class Sessions:
    """The sessions of a calendar in order. Instants are µs since the epoch, UTC, and all spans half-open.

    A session has one part, or several where trading pauses. Parts are in order and do not overlap.

    Attributes:
        name: the calendar's, e.g. `XNYS`.
        source: where the rows are from, e.g. `exchange_calendars 4.13.2`.
        labels: (n,) the dates by which sessions are called.
        opens: (n,) when they open.
        closes: (n,) when they close.
        starts: (m,) when their parts begin.
        ends: (m,) when these end.
        of: (m,) the number of the session that each part is of.
        told: the time of which the table tells everything; from the first open to the last close where it is None.
    """

    name: str
    source: str
    labels: Dates
    opens: IntArray
    closes: IntArray
    starts: IntArray
    ends: IntArray
    of: IntArray
    told: Window | None = None

    @classmethod
    def of_rows(
        cls, name: str, source: str, rows: Iterable[tuple[date, datetime, datetime]], told: Window | None = None
    ) -> "Sessions":
        """Sessions without pauses.

        Args:
            name: the calendar's.
            source: where the rows are from.
            rows: label, open and close of each session, in any order.
            told: the time of which they tell everything.

        Raises:
            UsageError: a session closes before it opens, or two overlap.
        """
        table = sorted(rows)
        labels = np.array([label for label, _, _ in table], dtype="datetime64[D]")
        opens, closes = _instants(first for _, first, _ in table), _instants(last for _, _, last in table)
        _require_order(name, labels, opens, closes)
        return cls(name, source, labels, opens, closes, opens, closes, np.arange(labels.size), told)

    def __len__(self) -> int:
        """How many sessions there are."""
        return self.labels.size

    def paused(self, pauses: Iterable[Pause]) -> "Sessions":
        """The same sessions, where nothing trades in the pauses. One that covers a whole session leaves it no part."""
        starts, ends, of = self.starts, self.ends, self.of
        for pause in pauses:
            if starts.size:
                cuts = pause.spans(_instant(starts[0]), _instant(ends[-1]))
                starts, ends, of = _without(
                    starts, ends, of, _instants(a for a, _ in cuts), _instants(b for _, b in cuts)
                )
        return replace(self, starts=starts, ends=ends, of=of)

    def changed(self, closed: Iterable[date], others: Mapping[date, tuple[datetime, datetime]]) -> "Sessions":
        """Without the sessions of some dates, and with one's own of others, whether there were any or not.

        Raises:
            UsageError: sessions overlap then.
        """
        gone = np.array(sorted({*closed, *others}), dtype="datetime64[D]")
        stays = ~np.isin(self.labels, gone)
        own = Sessions.of_rows(self.name, self.source, [(on, *ends) for on, ends in others.items()])
        number = np.cumsum(stays) - 1
        kept = stays[self.of]
        joined = [
            np.concatenate([mine, theirs])
            for mine, theirs in (
                (self.labels[stays], own.labels),
                (self.opens[stays], own.opens),
                (self.closes[stays], own.closes),
                (self.starts[kept], own.starts),
                (self.ends[kept], own.ends),
                (number[self.of[kept]], own.of + int(stays.sum())),
            )
        ]
        order, parts = np.argsort(joined[1], kind="stable"), np.argsort(joined[3], kind="stable")
        labels, opens, closes = (one[order] for one in joined[:3])
        _require_order(self.name, labels, opens, closes)
        place = np.argsort(order, kind="stable")
        of = place[joined[5][parts]]
        return Sessions(
            self.name, self.source, labels, opens, closes, joined[3][parts], joined[4][parts], of, self.known
        )

    @cached_property
    def known(self) -> Window:
        """The time of which something is known."""
        if self.told is not None:
            return self.told
        if not len(self):
            return Window(EPOCH, EPOCH)
        return Window(_instant(self.opens[0]), _instant(self.closes[-1]))

    def require_known(self, window: Window) -> None:
        """Does nothing where the window lies within what is known.

        Raises:
            UsageError: it goes beyond.
        """
        if not window.is_empty and (window.start < self.known.start or window.end > self.known.end):
            known = self.known
            raise UsageError(
                f"the calendar {self.name} is known from {known.start:%Y-%m-%d} to {known.end:%Y-%m-%d} "
                f"({self.source}): nothing is said of {window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}"
            )

    def between(self, window: Window) -> slice:
        """Which sessions open in the window."""
        first, last = np.searchsorted(self.opens, _instants((window.start, window.end)))
        return slice(int(first), int(last))

    def a_year(self, year: int) -> float:
        """Sessions of a year: the mean of the five complete calendar years before it that are known, or of fewer."""
        years = self.labels.astype("datetime64[Y]").astype(int) + 1970
        counts = [int((years == one).sum()) for one in range(year - _WHOLE_YEARS, year)]
        told = range(int(years[0]) + 1, self.known.end.year)
        whole = [count for count, one in zip(counts, range(year - _WHOLE_YEARS, year), strict=True) if one in told]
        if not whole:
            raise UsageError(f"the calendar {self.name} has no complete year before {year}")
        return sum(whole) / len(whole)

    def of_dates(self, first: date | None, end: date | None) -> "Sessions":
        """The sessions with labels from one date to before another; all on that side where a date is None.

        Raises:
            UsageError: the dates lie beyond what is known.
        """
        known = self.known
        begin = _midnight(first) if first else known.start
        is_told = end is None or bool(np.any(np.datetime64(end) <= self.labels[-1:] + 1))
        until = known.end if end is None or is_told else _midnight(end)  # the last session may close before midnight
        self.require_known(Window(begin, max(until, begin + _MICROSECOND)))
        edges = np.array([first or date.min, end or date.max], dtype="datetime64[D]")
        start, stop = np.searchsorted(self.labels, edges)
        parts = (start <= self.of) & (self.of < stop)
        return Sessions(
            self.name,
            self.source,
            self.labels[start:stop],
            self.opens[start:stop],
            self.closes[start:stop],
            self.starts[parts],
            self.ends[parts],
            self.of[parts] - start,
            known,
        )

    def digest(self, window: Window) -> str:
        """Names what the calendar says of the window: it changes where that does, and nowhere else."""
        found = self.between(window)
        parts = (self.of >= found.start) & (self.of < found.stop)
        content = [
            self.labels[found].astype(np.int64),
            self.opens[found],
            self.closes[found],
            self.starts[parts],
            self.ends[parts],
        ]
        return sha256(b"".join(np.ascontiguousarray(one).tobytes() for one in content)).hexdigest()[:16]


def _require_order(name: str, labels: Dates, opens: IntArray, closes: IntArray) -> None:
    if np.any(opens >= closes) or np.any(opens[1:] < closes[:-1]) or np.any(labels[1:] <= labels[:-1]):
        raise UsageError(f"the sessions of {name} overlap, or one of them closes before it opens")


def _without(
    starts: IntArray, ends: IntArray, of: IntArray, cut_starts: IntArray, cut_ends: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Parts without the time of the cuts, which are in order and do not overlap."""
    found: list[tuple[int, int, int]] = []
    for start, end, session in zip(starts.tolist(), ends.tolist(), of.tolist(), strict=True):
        at = start
        first, last = np.searchsorted(cut_ends, start, side="right"), np.searchsorted(cut_starts, end)
        for cut_start, cut_end in zip(cut_starts[first:last].tolist(), cut_ends[first:last].tolist(), strict=True):
            if at < cut_start:
                found.append((at, cut_start, session))
            at = max(at, cut_end)
        if at < end:
            found.append((at, end, session))
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _instants(times: Iterable[datetime]) -> IntArray:
    return np.array([(time - EPOCH) // _MICROSECOND for time in times], dtype=np.int64)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=EPOCH.tzinfo)


def _instant(time: "np.int64 | int") -> datetime:
    return EPOCH + timedelta(microseconds=int(time))
