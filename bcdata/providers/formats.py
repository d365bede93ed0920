"""How the bytes of a source become rows: of the files of a bulk source, and of the pages of a repair source.

Pure: a format is a module or a value that is loaded when it is first asked for (`Source.format`), and asks nobody.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from bcdata.providers.base import PERIODS, BulkObject, Page, Series
from bcdata.windows import Window

if TYPE_CHECKING:
    import polars as pl

    from bcdata.interval import Interval
    from bcdata.quality.verdict import Finding


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """The bytes of a published file, with its name and the time (UTC) that it names."""

    name: str
    window: Window
    body: bytes

    @classmethod
    def of(cls, one: BulkObject, body: bytes) -> "PublishedFile":
        """The file of a listed object."""
        return cls(one.name, PERIODS[one.period].window(one.date_key), body)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a file has of each UTC day, or why it cannot be used.

    Attributes:
        rows: how many rows, by day.
        first: the earliest open (UTC).
        last: the latest open (UTC).
        error: why the file cannot be used.
        bars: how many different opens, by day: a row that is there twice is one bar.
    """

    rows: dict[date, int]
    first: datetime | None = None
    last: datetime | None = None
    error: str | None = None
    bars: dict[date, int] = field(default_factory=dict)

    def lacking(self, expected: dict[date, int]) -> list[date]:
        """The days with fewer bars than expected; all of them where the file cannot be used."""
        if self.error is not None:
            return sorted(expected)
        return sorted(day for day, count in expected.items() if self.bars.get(day, 0) < count)


@dataclass(frozen=True, slots=True)
class FileBars:
    """The bars of several files, in their order.

    Attributes:
        rows: the columns of `RAW_BAR` of `bcdata.frames.schema`, `object` being the index of the file, and beside them
            `close_time` (the last µs of the bar as sent), `known_at` (µs) where it ended later than its calendar says,
            else null, and `contracts` where the market trades contracts.
        bad_lines: the lines that are no rows (`BAD_LINES`).
        wide: the files (by index) with more columns than the known ones.
        findings: what was changed of what was sent.
    """

    rows: "pl.DataFrame"
    bad_lines: "pl.DataFrame"
    wide: tuple[int, ...]
    findings: "tuple[Finding, ...]"


@dataclass(frozen=True, slots=True)
class FileSettlements:
    """The settlements of a file (`RAW_SETTLEMENT`), and whether it has more columns than the known ones."""

    rows: "pl.DataFrame"
    is_wide: bool


@dataclass(frozen=True, slots=True)
class FileMetrics:
    """The metrics of a file (`RAW_METRIC`), and whether it has more columns than the known ones."""

    rows: "pl.DataFrame"
    is_wide: bool


class BulkFormat(Protocol):
    """How the published files of a bulk source are read."""

    def coverage(self, file: PublishedFile, interval: "Interval") -> Coverage:
        """How many bars of this length a file has of each day. Bad content is said, never raised."""

    def opens(self, file: PublishedFile, interval: "Interval") -> "pl.Series | None":
        """The opens (UTC) of a file's bars, in its order; None where it cannot be used, or one is no time."""

    def lines(self, file: PublishedFile, interval: "Interval") -> bytes:
        """The lines of a file of bars, without what is none of its rows: a header, a byte-order mark.

        Raises:
            ObjectError: it cannot be read.
        """

    def bars_as_sent(self, file: PublishedFile, interval: "Interval") -> "pl.DataFrame":
        """The bars of one file as sent, in its order: `open_time` in µs since the epoch (UTC), and nothing is judged.

        Raises:
            ObjectError: it cannot be read.
        """

    def bars(self, contents: Sequence[bytes], series: Series, *, apart: bool = False) -> FileBars:
        """The bars of several files in the meaning of canonical bars; no rule is applied.

        Args:
            contents: what `lines` gives of each.
            series: whose bars they are, and of which interval.
            apart: whether each file has a grid of its own: where one has a bar already, another may have one, too.
        """

    def settlements(self, file: PublishedFile) -> FileSettlements:
        """The settlements of a file; no rule is applied.

        Raises:
            ObjectError: it cannot be read.
        """

    def metrics(self, file: PublishedFile, series: Series) -> FileMetrics:
        """The metrics of a file; no rule is applied.

        Raises:
            ObjectError: it cannot be read.
        """


class PageFormat(Protocol):
    """How the pages of a repair source are read: bodies whose shape was checked when they came."""

    def bars(self, pages: Sequence[bytes], series: Series) -> "pl.DataFrame":
        """The bars of pages in the meaning of canonical bars, as `FileBars.rows`; `object` is the index of the page."""

    def settlements(self, pages: Sequence[bytes], asked: Window) -> "pl.DataFrame":
        """The settlements (`RAW_SETTLEMENT`) of the pages that answer one question; `asked` is its window."""

    def excerpt(self, pages: Sequence[Page], window: Window, also: Collection[datetime]) -> Page:
        """The bars that open in the window or at other instants (UTC), as one page; each row stays as it was sent."""
