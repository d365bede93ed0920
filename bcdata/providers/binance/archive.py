"""The Binance archive (data.binance.vision): what it lists, and its objects with their checksums."""

import asyncio
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bcdata.errors import NotFoundError
from bcdata.net.answers import HttpResponse, OversizeError
from bcdata.net.client import HttpClient
from bcdata.providers.binance.checksum import State, verdict
from bcdata.providers.binance.listing import PROVIDER, Entry, Listing
from bcdata.providers.binance.names import (
    CHECKSUM,
    GRAINS,
    INTERVALS,
    Series,
    is_symbol,
    name_stem,
    parse_key,
    series_prefix,
    type_prefix,
    url_path,
)

__all__ = ["ArchiveObject", "BinanceArchive", "FetchedObject", "Series"]

_LARGEST_OBJECT = 1 << 30
_SLACK = 1 << 20
_CHECKSUM_BYTES = 4096
_FIRST_PAGE = 8
"""A zip and its CHECKSUM, and some keys of other shapes."""
_TRIES = 3
"""Damage in transit, or a republication between the two requests, is gone at the second or third try."""
_MD5 = re.compile("[0-9a-f]{32}")
_HASH_ASIDE = 1 << 20
"""Bytes above which hashing would hold up the event loop for a millisecond and more."""


@dataclass(frozen=True, slots=True)
class ArchiveObject:
    """One zip as listed. `period` is `daily` or `monthly`; instants are UTC; what was not listed is None."""

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
class FetchedObject:
    """The bytes of an object and how they stand to its CHECKSUM.

    `mismatch` is a state, not an error: checksums have been wrong for months on whole content.
    `size_differs` says that the body is not as long as the listing said.
    """

    body: bytes
    sha256: str
    checksum: State
    checksum_text: str | None
    last_modified: datetime | None
    etag: str | None
    size_differs: bool

    def is_as_listed(self, one: ArchiveObject) -> bool:
        """Whether the bytes are the listed ones, whatever the CHECKSUM says: those need not be asked for again.

        The ETag of a plain upload is its MD5. Where nothing was listed that could tell, the bytes are believed.
        """
        if self.size_differs:
            return False
        etag = (one.etag or "").strip('"')
        return not _MD5.fullmatch(etag) or hashlib.md5(self.body, usedforsecurity=False).hexdigest() == etag


class BinanceArchive:
    """Asks the listing server and the object server, which are two addresses of one archive."""

    def __init__(self, client: HttpClient, listing_url: str, objects_url: str) -> None:
        self._client = client
        self._listing = Listing(client, listing_url)
        self._objects_url = objects_url.rstrip("/")

    async def symbols(self, market: str, kind: str, period: str) -> list[str]:
        """All symbols that have a folder, sorted, the delisted ones included.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        names = await self._folders(type_prefix(market, period, kind))
        return sorted(name for name in names if is_symbol(name))

    async def intervals(self, market: str, kind: str, symbol: str, period: str) -> list[str]:
        """The intervals of a symbol's klines, shortest first.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        names = await self._folders(f"{type_prefix(market, period, kind)}{symbol}/")
        return [interval for interval in INTERVALS if interval in names]

    async def objects(
        self, series: Series, period: str, *, first: str | None = None, last: str | None = None
    ) -> list[ArchiveObject]:
        """The objects from date key `first` to `last` (both included, both optional), in order of date.

        Only the pages that hold them are asked for. Keys of any other shape are passed over.

        Raises:
            UsageError: a date key does not suit the period, or the range is reversed.
            ProviderError: the archive cannot be asked.
        """
        prefix = series_prefix(series, period)
        stem = prefix + name_stem(series)
        page = 1000
        if first is not None and last is not None:
            page = min(page, 2 * len(GRAINS[period].keys(first, last)))  # a zip and a CHECKSUM each
        # Without ".zip" the marker sorts just before the first object, which a listing would leave out otherwise.
        marker = stem + first if first is not None else ""
        until = f"{stem}{last}.zip{CHECKSUM}" if last is not None else None
        entries: list[Entry] = []
        async for one in self._listing.pages(prefix, marker=marker, until=until, page=page):
            entries += one.entries
        found = _paired(entries, series, period)
        return [one for one in found if (first or "") <= one.date_key <= (last or "9999-12-31")]

    async def first(self, series: Series, period: str) -> ArchiveObject | None:
        """The series' first object of a period; None where it has none. Mostly one short page.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        async for page in self._listing.pages(series_prefix(series, period), page=_FIRST_PAGE):
            if found := _paired(page.entries, series, period):
                return found[0]
        return None

    async def fetch(self, one: ArchiveObject) -> FetchedObject:
        """Gets the object and its CHECKSUM; both again if they do not fit, until the answer is settled.

        Raises:
            NotFoundError: there is no such object.
            OversizeError: it is more than twice as large as listed, or above 1 GiB.
            ProviderError: the archive cannot be asked.
        """
        previous: FetchedObject | None = None
        for _ in range(_TRIES):
            fetched = await self._fetch_once(one)
            is_whole = fetched.checksum == "missing" and not fetched.size_differs
            if fetched.checksum == "match" or is_whole or _is_settled(fetched, previous):
                return fetched
            previous = fetched
        return fetched

    async def _fetch_once(self, one: ArchiveObject) -> FetchedObject:
        url = f"{self._objects_url}/{url_path(one.key)}"
        bound = _LARGEST_OBJECT if one.size is None else min(_LARGEST_OBJECT, 2 * one.size + _SLACK)
        text = asyncio.create_task(self._checksum_text(url + CHECKSUM))
        try:
            response = await self._client.get(url, provider=PROVIDER, max_bytes=bound)
            checksum_text = await text
        finally:
            text.cancel()
            await asyncio.gather(text, return_exceptions=True)
        return await _fetched(one, response, checksum_text)

    async def _checksum_text(self, url: str) -> str | None:
        try:
            response = await self._client.get(url, provider=PROVIDER, max_bytes=_CHECKSUM_BYTES)
        except NotFoundError:
            return None
        except OversizeError:
            return ""
        return response.body.decode("utf-8", "replace")

    async def _folders(self, prefix: str) -> set[str]:
        """The names of the folders in a folder; an empty one (`BTCUSDT//`) is none."""
        names: set[str] = set()
        async for page in self._listing.pages(prefix, delimiter="/"):
            children = (child.removeprefix(prefix) for child in page.prefixes if child.startswith(prefix))
            names.update(child.removesuffix("/") for child in children)
        return names - {""}


async def _fetched(one: ArchiveObject, response: HttpResponse, checksum_text: str | None) -> FetchedObject:
    body = response.body
    if len(body) > _HASH_ASIDE:
        sha256 = await asyncio.to_thread(_sha256, body)
    else:
        sha256 = _sha256(body)
    return FetchedObject(
        body=body,
        sha256=sha256,
        checksum=verdict(sha256, one.name, checksum_text),
        checksum_text=checksum_text,
        last_modified=response.last_modified,
        etag=response.etag,
        size_differs=one.size is not None and one.size != len(body),
    )


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _is_settled(fetched: FetchedObject, previous: FetchedObject | None) -> bool:
    """Whether asking again brought the same again."""
    return previous is not None and (fetched.sha256, fetched.checksum_text) == (
        previous.sha256,
        previous.checksum_text,
    )


def _paired(entries: Iterable[Entry], series: Series, period: str) -> list[ArchiveObject]:
    """Objects of the series with their CHECKSUM files, in order of date; all other keys are passed over."""
    objects: dict[str, Entry] = {}
    checksums: dict[str, Entry] = {}
    for entry in entries:
        name = parse_key(entry.key)
        if name is not None and (name.series, name.period) == (series, period):
            (checksums if name.is_checksum else objects)[name.date_key] = entry
    return [
        ArchiveObject(
            key=entry.key,
            period=period,
            date_key=date_key,
            size=entry.size,
            last_modified=entry.last_modified,
            etag=entry.etag,
            checksum_listed=date_key in checksums,
            checksum_modified=checksums[date_key].last_modified if date_key in checksums else None,
        )
        for date_key, entry in sorted(objects.items())
    ]
