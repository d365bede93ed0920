"""The archive's listing: pages of an S3 v1 `ListBucketResult`, one after the other, from any server."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.parsers import expat  # DOCTYPEs are refused below: without them there are no entities to expand

from bcdata.errors import ProviderError
from bcdata.net.answers import count, etag, shown, with_query
from bcdata.net.client import HttpClient

PROVIDER = "binance_archive"
VARIABLE = "BCDATA_BINANCE_LISTING_URL"
_PAGE_BYTES = 2 << 20
"""A thousand entries take a sixth of this, with the longest keys a whole one."""
_MOST_PAGES = 1_000
"""A hundred times the longest real listing: more is a server that makes up keys."""
_MOST_KEYS = 50_000
"""Of one listing, which is held as a whole: eight times the longest, two for every day since 2017."""
_LONGEST_PAGE = 1000
_LONGEST_KEY = 1024
"""In bytes of UTF-8, as S3 has it."""
_DEEPEST = 8
"""Levels of XML; a listing has four."""
_INLINE_BYTES = 64 << 10
"""What is larger is not parsed on the event loop."""


@dataclass(frozen=True, slots=True)
class ListingEntry:
    """One key with what the listing says of it; what it leaves out or garbles is None."""

    key: str
    size: int | None = None
    last_modified: datetime | None = None
    etag: str | None = None


@dataclass(slots=True)
class Page:
    """One answer. `prefixes` are the common prefixes (folders), which come only with a delimiter."""

    entries: list[ListingEntry] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    is_truncated: bool = False
    next_marker: str | None = None

    @property
    def keys(self) -> int:
        """How many keys and prefixes it has."""
        return len(self.entries) + len(self.prefixes)

    @property
    def last(self) -> str | None:
        """The last key or prefix in the order of the listing."""
        names = [*(entry.key for entry in self.entries[-1:]), *self.prefixes[-1:]]
        return max(names, default=None)


class Listing:
    """Asks the listing server at `url`. `requests` counts the pages that were asked for."""

    def __init__(self, client: HttpClient, url: str) -> None:
        self._client = client
        self._url = url
        self.requests = 0

    async def pages(
        self, prefix: str, *, delimiter: str = "", marker: str = "", until: str | None = None, page: int = 1000
    ) -> AsyncGenerator[Page]:
        """Pages of what begins with `prefix` and comes after `marker`, until a page reaches `until` or the end.

        `page` is the number of entries to ask for at once; the server may send fewer.

        Raises:
            OversizeError: a page is larger than one can be.
            ProviderError: the server cannot be asked, or its answer is no listing, leads nowhere or does not end.
        """
        keys = 0
        for _ in range(_MOST_PAGES):
            params: dict[str, str | int] = {"prefix": prefix}
            params |= {"delimiter": delimiter} if delimiter else {}
            params |= {"marker": marker} if marker else {}
            params |= {"max-keys": page} if page < _LONGEST_PAGE else {}
            self.requests += 1
            answer = await self._client.get(
                self._url, params=params, provider=PROVIDER, variable=VARIABLE, max_bytes=_PAGE_BYTES
            )
            try:
                one = await _parsed(answer.body)
                following = _following(one, marker)
            except ValueError as error:
                raise self._unusable(params, str(error)) from None
            keys += one.keys
            if keys > _MOST_KEYS:
                raise self._unusable(params, f"no end after {_MOST_KEYS:,} keys")
            yield one
            if following is None or (until is not None and following >= until):
                return
            marker = following
        raise self._unusable(params, f"no end after {_MOST_PAGES} pages")

    def _unusable(self, params: dict[str, str | int], cause: str) -> ProviderError:
        url = shown(with_query(self._url, params))
        message = f"{PROVIDER}: {url}: the listing is not usable: {cause}; check {VARIABLE}"
        return ProviderError(message, provider=PROVIDER, url=url, status=200)


async def _parsed(body: bytes) -> Page:
    return parse_page(body) if len(body) <= _INLINE_BYTES else await asyncio.to_thread(parse_page, body)


def parse_page(body: bytes) -> Page:
    """Reads one page, in time that grows with its length alone.

    Raises:
        ValueError: it is no `ListBucketResult`, is cut off, declares a DOCTYPE, or has more than a page can have.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise ValueError(f"not XML ({error})") from None
    if reader.truncated not in {"true", "false"}:
        raise ValueError("IsTruncated is neither true nor false")
    reader.page.is_truncated = reader.truncated == "true"
    return reader.page


def _following(page: Page, marker: str) -> str | None:
    """Where the next page begins; None after the last."""
    if not page.is_truncated:
        return None
    following = page.next_marker or page.last
    if following is None:
        raise ValueError("it is truncated, yet has no entry to go on from")
    if following <= marker:
        raise ValueError(f"it does not advance beyond {marker!r}")
    return following


def _refuse_doctype(*_: object) -> None:
    raise ValueError("it declares a DOCTYPE")


class _Reader:
    """Collects what matters while the XML goes by. Namespaces and unknown elements are passed over.

    The first thing that no page can have ends it.
    """

    def __init__(self) -> None:
        self.page = Page()
        self.truncated = ""
        self._path: list[str] = []
        self._text: list[str] = []
        self._values: dict[str, str] = {}

    def start(self, name: str, _: dict[str, str]) -> None:
        if not self._path and name != "ListBucketResult":
            raise ValueError(f"it begins with <{name[:40]}>")
        if len(self._path) == _DEEPEST:
            raise ValueError(f"its elements are nested more than {_DEEPEST} deep")
        self._path.append(name)
        self._text.clear()

    def text(self, data: str) -> None:
        self._text.append(data)

    def end(self, name: str) -> None:
        self._path.pop()
        text = "".join(self._text)
        self._text.clear()
        match self._path[1:], name:
            case ["Contents"], "Key" | "Size" | "LastModified" | "ETag":
                self._values[name] = text
            case [], "Contents":
                if key := self._values.get("Key"):
                    self.page.entries.append(_entry(_key(key), self._values))
                    self._count()
                self._values = {}
            case ["CommonPrefixes"], "Prefix" if text:
                self.page.prefixes.append(_key(text))
                self._count()
            case [], "NextMarker":
                self.page.next_marker = _key(text) or None
            case [], "IsTruncated":
                self.truncated = text.strip().lower()

    def _count(self) -> None:
        if self.page.keys > _LONGEST_PAGE:
            raise ValueError(f"it has more than {_LONGEST_PAGE:,} keys")


def _key(text: str) -> str:
    if len(text) > _LONGEST_KEY or len(text.encode()) > _LONGEST_KEY:
        raise ValueError(f"a key is longer than {_LONGEST_KEY:,} bytes")
    return text


def _entry(key: str, values: dict[str, str]) -> ListingEntry:
    return ListingEntry(
        key=key,
        size=count(values.get("Size", "")),
        last_modified=_instant(values.get("LastModified", "").strip()),
        etag=etag(values.get("ETag", "")),
    )


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
