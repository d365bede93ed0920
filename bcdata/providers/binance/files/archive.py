"""The Binance archive (data.binance.vision): what it lists, and its objects with their checksums."""

import asyncio

from bcdata.errors import NotFoundError
from bcdata.net.answers import OversizeError
from bcdata.net.client import HttpClient
from bcdata.providers.base import PERIODS, BulkObject, FetchedObject, ObjectListing, Series
from bcdata.providers.binance.files.fetched import checked, is_settled
from bcdata.providers.binance.files.listed import is_about, read_entries
from bcdata.providers.binance.files.listing import PROVIDER, Listing, ListingEntry
from bcdata.providers.binance.names import (
    CHECKSUM,
    INTERVALS,
    is_symbol,
    name_stem,
    series_prefix,
    type_prefix,
    url_path,
)
from bcdata.windows import Window

_LARGEST_OBJECT = 1 << 30
_SLACK = 1 << 20
_CHECKSUM_BYTES = 4096
_FIRST_PAGE = 8
"""A zip and its CHECKSUM, and some keys of other shapes."""
_TRIES = 3
"""Damage in transit, or a republication between the two requests, is gone at the second or third try."""


class BinanceArchive:
    """Asks the listing server and the object server, which are two addresses of one archive."""

    def __init__(self, client: HttpClient, listing_url: str, objects_url: str) -> None:
        self._client = client
        self._listing = Listing(client, listing_url)
        self._objects_url = objects_url.rstrip("/")

    @property
    def listing_requests(self) -> int:
        """How many pages of listings were asked for so far."""
        return self._listing.requests

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
    ) -> list[BulkObject]:
        """The objects from date key `first` to `last` (both included, both optional), in order of date.

        Raises:
            UsageError: a date key does not suit the period, or the range is reversed.
            ProviderError: the archive cannot be asked.
        """
        return list((await self.listed(series, period, first=first, last=last)).objects)

    async def listed(
        self, series: Series, period: str, *, first: str | None = None, last: str | None = None, due: str = ""
    ) -> ObjectListing:
        """The objects from date key `first` to `last` (both included, both optional), and keys not understood.

        Only the pages that hold the range are asked for. With `due` also what else begins with its months, of monthly
        objects names without their zeros (a request for each year), and where a date before the key `due` has no
        object, of daily ones too, and keys without a date.

        Raises:
            UsageError: a date key does not suit the period, or the range is reversed.
            ProviderError: the archive cannot be asked.
        """
        prefix = series_prefix(series, period)
        if first is not None and last is not None:
            entries = await self._range(series, period, PERIODS[period].keys(first, last), due)
        else:
            marker = f"{prefix}{name_stem(series)}{first}" if first is not None else ""
            entries = [one async for page in self._listing.pages(prefix, marker=marker) for one in page.entries]
        found = read_entries(entries, series, period)
        inside = (one for one in found.objects if (first or "") <= one.date_key <= (last or "9999-12-31"))
        return ObjectListing(tuple(inside), found.not_understood)

    def is_about(self, key: str, series: Series, period: str, window: Window, *, lacks: bool) -> bool:
        """Whether a key that is not understood may be about the window (see `files.listed`)."""
        return is_about(key, series, period, window, lacks=lacks)

    async def _range(self, series: Series, period: str, keys: list[str], due: str) -> list[ListingEntry]:
        """What is listed about these dates: their own keys in one page, and what `listed` says of others."""
        prefix, is_daily = series_prefix(series, period), period == "daily"
        stem, page = prefix + name_stem(series), 2 * len(keys)
        until = f"{stem}{keys[-1]}.zip{CHECKSUM}"
        if due:
            until, page = f"{stem}{keys[-1][:7]}~", page + 2
        # Without ".zip" the marker sorts just before the first object, which a listing would leave out otherwise.
        pages = self._listing.pages(prefix, marker=stem + keys[0], until=until, page=page)
        entries = [one async for each in pages for one in each.entries]
        there = {one.date_key for one in read_entries(entries, series, period).objects}
        lacking = {key for key in keys if key < due} - there
        for year in sorted({key[:4] for key in (lacking if is_daily else keys) if due}):
            entries += await self._all(f"{stem}{year}", after=f"{stem}{year}-12~")
            if any(key.startswith(f"{year}-01") for key in keys):
                entries += await self._all(f"{stem}{year}-1{'-' if is_daily else '.'}")
        return entries + (await self._all(prefix, after=f"{stem}:") if lacking else [])

    async def _all(self, prefix: str, *, after: str = "") -> list[ListingEntry]:
        return [one async for page in self._listing.pages(prefix, marker=after) for one in page.entries]

    async def first(self, series: Series, period: str) -> BulkObject | None:
        """The series' first object of a period; None where it has none. Mostly one short page.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        async for page in self._listing.pages(series_prefix(series, period), page=_FIRST_PAGE):
            if found := read_entries(page.entries, series, period).objects:
                return found[0]
        return None

    async def fetch(self, one: BulkObject, *, with_checksum: bool = True) -> FetchedObject:
        """Gets the object and its CHECKSUM; both again if they do not fit, until the answer is settled.

        Without the CHECKSUM the ETag and the size that were listed must tell whether the bytes are whole.

        Raises:
            NotFoundError: there is no such object.
            OversizeError: it is more than twice as large as listed, or above 1 GiB.
            ProviderError: the archive cannot be asked.
        """
        previous: FetchedObject | None = None
        for _ in range(_TRIES):
            fetched = await self._fetch_once(one, with_checksum=with_checksum)
            is_whole = fetched.checksum == "missing" and not fetched.size_differs
            is_whole = is_whole or (fetched.checksum == "not asked" and fetched.is_as_listed(one))
            if fetched.checksum == "match" or is_whole or is_settled(fetched, previous):
                return fetched
            previous = fetched
        return fetched

    async def checksum_text(self, key: str) -> str | None:
        """The text of an object's CHECKSUM alone; None where there is none, empty where it is too long to be one.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        return await self._checksum_text(f"{self._objects_url}/{url_path(key)}{CHECKSUM}")

    async def _fetch_once(self, one: BulkObject, *, with_checksum: bool) -> FetchedObject:
        url = f"{self._objects_url}/{url_path(one.key)}"
        bound = _LARGEST_OBJECT if one.size is None else min(_LARGEST_OBJECT, 2 * one.size + _SLACK)
        if not with_checksum:
            response = await self._client.get(url, provider=PROVIDER, max_bytes=bound)
            return await checked(one, response, None, is_asked=False)
        text = asyncio.create_task(self._checksum_text(url + CHECKSUM))
        try:
            response = await self._client.get(url, provider=PROVIDER, max_bytes=bound)
            checksum_text = await text
        finally:
            text.cancel()
            await asyncio.gather(text, return_exceptions=True)
        return await checked(one, response, checksum_text)

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
