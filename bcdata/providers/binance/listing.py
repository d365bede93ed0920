"""The archive's listing: pages of an S3 v1 `ListBucketResult`, one after the other, from any server."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.parsers import expat  # DOCTYPEs are refused below: without them there are no entities to expand

from bcdata.errors import ProviderError
from bcdata.net.answers import shown, with_query
from bcdata.net.client import HttpClient

PROVIDER = "binance_archive"
VARIABLE = "BCDATA_BINANCE_LISTING_URL"
_PAGE_BYTES = 8 << 20
"""A thousand entries with the longest keys take a tenth of this."""
_MOST_PAGES = 5_000
"""Ten times the longest real listing: more is a server that makes up keys."""
_LONGEST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with what the listing says of it; what it leaves out or garbles is None."""

    key: str
    size: int | None = None
    last_modified: datetime | None = None
    etag: str | None = None


@dataclass(slots=True)
class Page:
    """One answer. `prefixes` are the common prefixes (folders), which come only with a delimiter."""

    entries: list[Entry] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    is_truncated: bool = False
    next_marker: str | None = None

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
            ProviderError: the server cannot be asked, or its answer is no listing or leads nowhere.
        """
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
                one = parse_page(answer.body)
                following = _following(one, marker)
            except ValueError as error:
                raise self._unusable(params, str(error)) from None
            yield one
            if following is None or (until is not None and following >= until):
                return
            marker = following
        raise self._unusable(params, f"no end after {_MOST_PAGES} pages")

    def _unusable(self, params: dict[str, str | int], cause: str) -> ProviderError:
        url = shown(with_query(self._url, params))
        message = f"{PROVIDER}: {url}: the listing is not usable: {cause}; check {VARIABLE}"
        return ProviderError(message, provider=PROVIDER, url=url, status=200)


def parse_page(body: bytes) -> Page:
    """Reads one page.

    Raises:
        ValueError: it is no `ListBucketResult`, is cut off, or declares a DOCTYPE.
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
    """Collects what matters while the XML goes by. Namespaces and unknown elements are passed over."""

    def __init__(self) -> None:
        self.page = Page()
        self.truncated = ""
        self._path: list[str] = []
        self._text: list[str] = []
        self._values: dict[str, str] = {}

    def start(self, name: str, _: dict[str, str]) -> None:
        if not self._path and name != "ListBucketResult":
            raise ValueError(f"it begins with <{name[:40]}>")
        self._path.append(name)
        self._text.clear()

    def text(self, data: str) -> None:
        self._text.append(data)

    def end(self, name: str) -> None:
        self._path.pop()
        text = "".join(self._text)
        self._text.clear()
        match self._path[1:], name:
            case ["Contents"], _:
                self._values[name] = text
            case [], "Contents":
                if key := self._values.get("Key"):
                    self.page.entries.append(_entry(key, self._values))
                self._values = {}
            case ["CommonPrefixes"], "Prefix" if text:
                self.page.prefixes.append(text)
            case [], "NextMarker":
                self.page.next_marker = text or None
            case [], "IsTruncated":
                self.truncated = text.strip().lower()


def _entry(key: str, values: dict[str, str]) -> Entry:
    size = values.get("Size", "").strip()
    return Entry(
        key=key,
        size=int(size) if size.isascii() and size.isdecimal() else None,
        last_modified=_instant(values.get("LastModified", "").strip()),
        etag=values.get("ETag", "").strip().strip('"') or None,
    )


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
