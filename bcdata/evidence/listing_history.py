"""What the archive's files of all intervals tell of a symbol: when it was listed, its days, where they end. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from bcdata.interval import Interval
from bcdata.ledger.ledger import Reason, Status
from bcdata.ledger.records import EndedRecord
from bcdata.providers.base import PERIODS, BulkObject, Series
from bcdata.windows import Grain, Window

Held = tuple[Series, BulkObject]


@dataclass(frozen=True, slots=True)
class ListingHistory:
    """What is known of one symbol: the days that other intervals have, and the first bar if it is proven to be one."""

    days: dict[str, frozenset[date]]
    listed_from: datetime | None
    listed_words: str
    known_by: datetime | None = None
    """The end of the first file of any interval: the symbol was listed before, whoever says otherwise."""
    lasts: tuple[Held, ...] = ()
    """The last file of each interval, the last of all at the end."""
    known_to: datetime | None = None
    """The end of the last day that has bars by the names of files alone; a monthly one has some, on whichever day."""
    held: tuple[Held, ...] = ()
    """All objects of the intervals that were asked."""
    is_complete: bool = False
    """Whether every interval that the archive lists of the symbol was asked."""

    def leaves_open(self, question: "ListingRequest") -> bool:
        """Whether an interval that was not asked yet could say more about the window than these do."""
        window, due = question.window, question.due
        known_by, listed_from = self.known_by, self.listed_from
        is_listed = (known_by is not None and known_by <= window.start) or (
            listed_from is not None and listed_from <= window.start
        )
        is_over = self.known_to is None or (self.known_to <= window.end and self.known_to < due)
        return (
            not is_listed
            or is_over
            or any(self._holder(day) is None for day in question.days if day_window(day).end <= due)
        )

    def not_listed(self, window: Window) -> Reason | None:
        """The part of the window before the listing, if that is known."""
        if self.listed_from is None or self.listed_from <= window.start:
            return None
        return Reason(window.until(self.listed_from), Status.NOT_LISTED, self.listed_words)

    def traded(self, days: Sequence[date]) -> Iterator[Reason]:
        """Windows among these days for which the archive has files of another interval."""
        for interval, run in groupby(days, key=self._holder):
            inside = list(run)
            window = Window(day_window(inside[0]).start, day_window(inside[-1]).end)
            if interval is not None and self.listed_from is not None:
                # A file of the listing's month names days before it; a bar of a day does not tell the hour.
                listed = self.listed_from
                since = day_window(listed.date()).end if interval == "1d" else listed
                window = Window(max(window.start, since), window.end)
            if interval is not None and not window.is_empty:
                yield Reason(window, Status.OPEN, f"the archive has {interval} files of these days")

    def _holder(self, day: date) -> str | None:
        return next((interval for interval, days in self.days.items() if day in days), None)


@dataclass(frozen=True, slots=True)
class ListingRequest:
    """What a partition asks about: its window, its days without an object, and before when (UTC) files are due."""

    window: Window
    days: Sequence[date]
    due: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the archive's files of a symbol end. It is a hint, not a proof, of a delisting.

    Attributes:
        since: the end of the last day of which a file has bars.
        files_to: the end of the time that the last file names; a monthly one may name days that it has no bars of.
        last_bar: the last bar that was read in the last files: who ends before it was cut short.
        evidence: how that is known.
    """

    since: datetime
    files_to: datetime
    last_bar: Window | None
    evidence: str

    def to_record(self) -> EndedRecord:
        """As manifests keep it."""
        bar = self.last_bar
        return {
            "since": self.since.isoformat(),
            "files_to": self.files_to.isoformat(),
            "last_bar": [bar.start.isoformat(), bar.end.isoformat()] if bar else None,
            "evidence": self.evidence,
        }


def first_bar(begun: Sequence[tuple[datetime, Series, BulkObject]]) -> tuple[datetime | None, str]:
    """The first bar that the first files of all intervals show (their first opens, UTC), and how; None if unproven."""
    short = [each for each in begun if tells_days(each[1])]
    if not short:
        return None, ""
    first_day = min(opened for opened, _, _ in short).date()
    same_day = [each for each in short if each[0].date() == first_day]
    ends = (Interval.parse(series.interval or "").next(opened) for opened, series, _ in begun)
    is_earlier = any(end <= day_window(first_day).start for end in ends)
    if is_earlier or not any(opened > window_of_object(one).start for opened, _, one in same_day):
        return None, ""
    opened, _, one = min(same_day, key=lambda each: Interval.parse(each[1].interval or "1m").length or timedelta.max)
    words = f"the archive's first files of all intervals begin that day, {one.name} at {opened:%Y-%m-%d %H:%M}"
    return opened, words


def tells_days(series: Series) -> bool:
    """Whether its bars tell days: one of a month opens on its first, whichever day was the first to be traded."""
    return series.interval is None or Interval.parse(series.interval).fits_a_day


def window_of_object(one: BulkObject) -> Window:
    """The time that an object names."""
    return PERIODS[one.period].window(one.date_key)


def days_of(one: BulkObject) -> Iterator[date]:
    """The UTC days that an object names."""
    return window_of_object(one).days()


def day_window(day: date) -> Window:
    """A UTC day."""
    return Grain.DAY.window(day.isoformat())
