"""The archive's listing: S3's version 1, as XML."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape  # nosec B406 # it writes XML, and reads none

from bcdata.simulate.binance.market.market import ObjectStat

MAX_KEYS = 1000
_LAST = "\U0010ffff"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Name>data.binance.vision</Name>"
)


@dataclass(frozen=True, slots=True)
class ListingQuery:
    """The parameters of one page."""

    prefix: str = ""
    delimiter: str = ""
    marker: str = ""
    max_keys: int = MAX_KEYS

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> "ListingQuery":
        """Reads decoded parameters. More than 1000 keys are 1000.

        Raises:
            ValueError: max-keys is no number.
        """
        given = parameters.get("max-keys", str(MAX_KEYS))
        if not (given.isascii() and given.isdecimal()):
            raise ValueError(f"max-keys={given!r}")
        return cls(
            parameters.get("prefix", ""),
            parameters.get("delimiter", ""),
            parameters.get("marker", ""),
            min(int(given), MAX_KEYS),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Keys and common prefixes of one page; `next_marker` is its last entry, empty at the end."""

    keys: Sequence[str]
    prefixes: Sequence[str]
    next_marker: str = ""


def page(keys: Sequence[str], query: ListingQuery) -> Page:
    """Cuts one page out of sorted keys. A common prefix counts as one entry, like a key."""
    found: list[str] = []
    prefixes: list[str] = []
    at = max(bisect_left(keys, query.prefix), _after_marker(keys, query))
    last = ""
    while at < len(keys) and keys[at].startswith(query.prefix):
        if len(found) + len(prefixes) == query.max_keys:
            return Page(found, prefixes, last)
        common = _common_prefix(keys[at], query)
        if common:
            prefixes.append(common)
            at = bisect_left(keys, common + _LAST)
        else:
            found.append(keys[at])
            at += 1
        last = common or keys[at - 1]
    return Page(found, prefixes)


def _after_marker(keys: Sequence[str], query: ListingQuery) -> int:
    if not query.marker:
        return 0
    # A marker inside a common prefix stands for the whole of it: it was listed already.
    common = _common_prefix(query.marker, query)
    return bisect_left(keys, common + _LAST) if common else bisect_right(keys, query.marker)


def _common_prefix(key: str, query: ListingQuery) -> str:
    if not query.delimiter or not key.startswith(query.prefix):
        return ""
    head, delimiter, _ = key[len(query.prefix) :].partition(query.delimiter)
    return query.prefix + head + delimiter if delimiter else ""


def render(found: Page, query: ListingQuery, stat: Callable[[str], ObjectStat | None]) -> str:
    """The page as S3 writes it. NextMarker is there only when a delimiter was given, as on the real archive.

    A key that has gone between listing and looking is left out.
    """
    parts = [_HEAD, _element("Prefix", query.prefix), _element("Marker", query.marker)]
    if query.delimiter and found.next_marker:
        parts.append(_element("NextMarker", found.next_marker))
    parts.append(_element("MaxKeys", str(query.max_keys)))
    if query.delimiter:
        parts.append(_element("Delimiter", query.delimiter))
    parts.append(_element("IsTruncated", "true" if found.next_marker else "false"))
    parts += [_contents(key, known) for key in found.keys if (known := stat(key))]
    parts += [f"<CommonPrefixes>{_element('Prefix', prefix)}</CommonPrefixes>" for prefix in found.prefixes]
    return "".join(parts) + "</ListBucketResult>"


def _contents(key: str, stat: ObjectStat) -> str:
    fields = (
        _element("Key", key),
        _element("LastModified", _instant(stat.last_modified)),
        _element("ETag", stat.etag),
        _element("Size", str(stat.size)),
        _element("StorageClass", "STANDARD"),
    )
    return f"<Contents>{''.join(fields)}</Contents>"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text, {chr(34): '&quot;'})}</{name}>"


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")
