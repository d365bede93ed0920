"""Files of a provider that a user already has: how their names are read, and a client that has these files alone."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol

from bcdata.errors import NotFoundError, ProviderError
from bcdata.providers.base import BulkObject, ChecksumState, FetchedObject, ObjectListing, Series
from bcdata.windows import Window

LARGEST = 1 << 30
"""Bytes of a file that is read; objects are held in memory as a whole."""


@dataclass(frozen=True, slots=True)
class NamedFile:
    """What the name and the path of a file say of the object that it is.

    Attributes:
        name: the object's own name, whatever the file is called.
        period: `daily` or `monthly`.
        date_key: of the period.
        keys: the key that the provider has it under, by the series that it may be of: several where nothing tells.
    """

    name: str
    period: str
    date_key: str
    keys: Mapping[Series, str]


class FolderFormat(Protocol):
    """How the files of a provider are called and what is in them, wherever somebody keeps them. Pure."""

    CHECKSUM: str
    """What the name of a file's checksum ends in."""
    EXAMPLE: str
    """How names look, for messages."""

    def named(self, path: PurePath) -> NamedFile | None:
        """What an absolute path says; None where its name is none of the provider's."""

    def verdict(self, sha256: str, name: str, text: str | None) -> ChecksumState:
        """How bytes stand to the text of a checksum; None if there is none."""

    def check(self, body: bytes, series: Series, file: NamedFile) -> None:
        """Passes what holds just the content that its name says.

        Raises:
            ObjectError: it does not.
        """


class ChecksumSource(Protocol):
    """Who can be asked for a checksum alone."""

    async def checksum_text(self, key: str) -> str | None:
        """The text of the checksum of the object under a key; None where there is none.

        Raises:
            ProviderError: it cannot be asked.
        """


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """A file whose bytes are those that a checksum names: `one` is listed with their size and MD5."""

    path: Path
    series: Series
    one: BulkObject
    sha256: str
    checksum_text: str | None

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.one.size or 0


class FolderSource:
    """A bulk source that has some verified files and nothing else: a part of what is published."""

    def __init__(self, files: Iterable[VerifiedFile]) -> None:
        self._files = {one.one.key: one for one in files}
        self._by_series: dict[tuple[Series, str], list[BulkObject]] = {}
        for file in sorted(self._files.values(), key=lambda file: file.one.date_key):
            self._by_series.setdefault((file.series, file.one.period), []).append(file.one)

    @property
    def listing_requests(self) -> int:
        """Nobody is asked."""
        return 0

    async def symbols(self, market: str, kind: str, period: str) -> list[str]:
        """All symbols that have files here, sorted."""
        every = ((one, its) for one, its in self._by_series if (one.market, one.kind) == (market, kind))
        return sorted({one.symbol for one, its in every if its == period})

    async def intervals(self, market: str, kind: str, symbol: str, period: str) -> list[str]:
        """The intervals of a symbol's bars here."""
        wanted = (market, kind, symbol, period)
        every = ((one.market, one.kind, one.symbol, its, one.interval) for one, its in self._by_series)
        return sorted(interval for *own, interval in every if tuple(own) == wanted and interval)

    async def objects(
        self, series: Series, period: str, *, first: str | None = None, last: str | None = None
    ) -> list[BulkObject]:
        """The objects from date key `first` to `last` (both included, both optional), in order of date."""
        every = self._by_series.get((series, period), [])
        return [one for one in every if (first or "") <= one.date_key <= (last or "9999-12-31")]

    async def listed(
        self,
        series: Series,
        period: str,
        *,
        first: str | None = None,
        last: str | None = None,
        due: str = "",  # noqa: ARG002 (what is due need not be in a folder)
    ) -> ObjectListing:
        """The same: a file whose name is not understood is none of these."""
        return ObjectListing(tuple(await self.objects(series, period, first=first, last=last)))

    def is_about(self, key: str, series: Series, period: str, window: Window, *, lacks: bool) -> bool:  # noqa: ARG002
        """Nothing that is not understood is here."""
        return False

    async def first(self, series: Series, period: str) -> BulkObject | None:
        """The series' first object of a period here."""
        return next(iter(await self.objects(series, period)), None)

    async def fetch(self, one: BulkObject, *, with_checksum: bool = True) -> FetchedObject:  # noqa: ARG002
        """Reads the file, which is as it was when it was verified, and its checksum is known from then.

        Raises:
            NotFoundError: it is not among the files.
            ProviderError: it cannot be read any more, or its bytes are others by now.
        """
        file = self._files.get(one.key)
        if file is None:
            raise NotFoundError(f"{one.key} is not in the folder", provider="folder", url=one.key)
        try:
            body = await asyncio.to_thread(file.path.read_bytes)
        except OSError as error:
            words = f"{file.path} cannot be read any more: {error.strerror or error}; import the folder again"
            raise ProviderError(words, provider="folder", url=one.key) from None
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest())
        if sha256 != file.sha256:
            words = f"{file.path} was changed while it was imported; import the folder again"
            raise ProviderError(words, provider="folder", url=one.key)
        return FetchedObject(body, sha256, "match", file.checksum_text, None, None, size_differs=False)
