"""What all providers have in common: the values that pass between a provider and those who ask it."""

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from bcdata.windows import Grain, Window

if TYPE_CHECKING:
    import polars as pl

PERIODS = {"daily": Grain.DAY, "monthly": Grain.MONTH}
"""The periods that published objects cover, and the shape of their date keys."""
_MD5 = re.compile("[0-9a-f]{32}")

ChecksumState = Literal["match", "mismatch", "missing", "malformed", "not asked"]
"""How the bytes of an object stand to the checksum that is published beside it."""


class ObjectError(ValueError):
    """The object cannot be used: `rule` names what it breaks, the text says how."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """One symbol's data of one kind: `kind` is `klines` (with an interval), `funding`, ..."""

    market: str
    kind: str
    symbol: str
    interval: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.market, self.kind, self.symbol, self.interval) if part)


@dataclass(frozen=True, slots=True)
class BulkObject:
    """One published file as listed. `period` is `daily` or `monthly`; instants are UTC; what was not listed is None.

    `date_key` is well formed even where the key is not: `2020-08` of `ADABKRW-1d-2020-8.zip`.
    """

    key: str
    period: str
    date_key: str
    size: int | None = None
    last_modified: datetime | None = None
    etag: str | None = None
    checksum_listed: bool = False
    checksum_modified: datetime | None = None

    @property
    def name(self) -> str:
        """The file name, e.g. `BTCUSDT-1m-2023-01-31.zip`."""
        return self.key.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class ObjectListing:
    """The objects of a folder in order of date, and the keys that cannot be read as names of its objects, sorted."""

    objects: tuple[BulkObject, ...] = ()
    not_understood: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchedObject:
    """The bytes of an object and how they stand to its CHECKSUM.

    `mismatch` is a state, not an error: checksums have been wrong for months on whole content.
    `size_differs` says that the body is not as long as the listing said.
    """

    body: bytes
    sha256: str
    checksum: ChecksumState
    checksum_text: str | None
    last_modified: datetime | None
    etag: str | None
    size_differs: bool

    def is_whole(self, one: BulkObject) -> bool:
        """Whether the CHECKSUM or the listing vouches for the bytes."""
        return self.checksum == "match" or self.is_as_listed(one)

    def is_as_listed(self, one: BulkObject) -> bool:
        """Whether the bytes are the listed ones, whatever the CHECKSUM says: those need not be asked for again.

        The ETag of a plain upload is its MD5. Where nothing was listed that could tell, the bytes are believed.
        """
        if self.size_differs:
            return False
        etag = (one.etag or "").strip('"')
        return not _MD5.fullmatch(etag) or hashlib.md5(self.body, usedforsecurity=False).hexdigest() == etag


@dataclass(frozen=True, slots=True)
class Page:
    """One answer as sent.

    `url` is path and query without the address of the server, so that the same question has the same name
    everywhere. First and last are the opens of klines or the times of settlements (ms since the epoch, UTC);
    None where there are no rows. `closest_ms` is the shortest time between two rows; 0 where there are not two.
    """

    url: str
    body: bytes
    first_open_ms: int | None
    last_open_ms: int | None
    rows: int
    closest_ms: int = 0


@dataclass(frozen=True, slots=True)
class WindowPage:
    """One page of a window source, as sent.

    Attributes:
        url: path and query without the server's address and without keys.
        body: the bytes as sent, keys that it repeats masked.
        covers: the time about which this page says everything, half-open, UTC: a bar that lies in it and of which it
            has no row is one that the source does not have. It need not be on the grid: a page of trades covers up
            to its last trade.
        rows: how many rows it has.
    """

    url: str
    body: bytes
    covers: Window
    rows: int


@dataclass(frozen=True, slots=True)
class RawBars:
    """What pages hold: `rows` (`RAW_BAR` of `bcdata.frames.schema`), and `bad_lines` that are none (`BAD_LINES`).

    Where a market has sessions, a bar of a day or longer is labelled by the date of its session, or of one that lies in
    its week or month: `open_time` is the midnight of that date, UTC. Lines may have a `reason` (`REFUSED`). `codes` are
    what the pages themselves say that prices are in: ISO 4217, or its hundredths (`GBp`).

    `damage` is what the answers contradict themselves in (`DAMAGED` of `bcdata.frames.schema`), where that is looked
    for; the rows stay as they were sent.
    """

    rows: "pl.DataFrame"
    bad_lines: "pl.DataFrame"
    codes: tuple[str, ...] = ()
    damage: "pl.DataFrame | None" = None


@dataclass(frozen=True, slots=True)
class RawActions:
    """Corporate actions that pages tell of: `rows` (`REPORTS` of `bcdata.frames.schema`), and `bad_lines` (`REFUSED`).

    `open_time` of a line is the midnight of its ex-date, UTC. `damage` as in `RawBars`.
    """

    rows: "pl.DataFrame"
    bad_lines: "pl.DataFrame"
    damage: "pl.DataFrame | None" = None


class WindowSource(Protocol):
    """A source that is asked for windows of time, page by page."""

    def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields the pages that together cover as much of the window as the source has, in any order.

        Each page may be kept as soon as it comes: what a run that ends early did not cover is asked for by the next.
        Pages reach beyond the window where the source sends more; a bar that has not closed at the source is not
        covered.

        Args:
            series: symbol, market and interval.
            window: half-open, UTC, on the interval's grid, closed by `now`.
            now: the present instant, UTC.

        Raises:
            UnknownSymbolError: the source does not know the symbol.
            OutOfDepthError: the source does not reach so far back.
            ProviderError: it cannot be asked, or its answer is none.
        """

    def read(self, series: Series, bodies: Sequence[bytes]) -> "RawBars":
        """The rows of kept pages, pure, in the order of the pages.

        Values that are no numbers are null; rows of other times and duplicates of neighbouring pages are left in.
        Prices are those of the day: what a source has adjusted for splits is undone, or the row is refused.

        Raises:
            BadAnswerError: a body is no page of this source at all.
        """

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """The open (UTC) of the first bar that the source ever had of the series; None where it cannot tell."""


class ActionSource(Protocol):
    """A window source that tells of corporate actions: series are of the kind `actions`."""

    def read_actions(self, series: Series, bodies: Sequence[bytes]) -> "RawActions":
        """The actions of kept pages, pure; those without a ratio or an amount above 0 are refused.

        Raises:
            BadAnswerError: a body is no page of this source at all.
        """
