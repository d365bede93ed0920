"""What comes back from a server, and what its words mean: plain values, no network."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from bcdata.errors import ProviderError

_SECRET = ("key", "token", "secret", "signature", "password", "crumb")
_LONGEST_TEXT = 200
LONGEST_WAIT = 3 * 86_400.0
"""Seconds: the longest ban that a provider documents."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole answer with status 200. `headers` are looked up without regard to case.

    `masked` says that the server repeated a key, which is not in headers and body any more.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    masked: bool = False

    @property
    def etag(self) -> str | None:
        """The ETag without its quotes; None where it is none that could be kept: not short, or not ASCII."""
        return etag(self.headers.get("ETag") or "")

    @property
    def last_modified(self) -> datetime | None:
        """The Last-Modified header (UTC), where it is there and is a date."""
        return http_date(self.headers.get("Last-Modified", ""))


class RefusedError(ProviderError):
    """The provider refuses this question (4xx other than the ones with errors of their own).

    `body` is what it says about it, as sent.
    """

    def __init__(self, message: str, *, provider: str, url: str, status: int, body: bytes) -> None:
        super().__init__(message, provider=provider, url=url, status=status)
        self.body = body


class OversizeError(ProviderError):
    """The answer is larger than anything that was asked for could be; it was not read to its end."""


def count(text: str, *, most: int = 10**15) -> int | None:
    """Reads a whole number that a server states in ASCII digits; None where it is none, or more than `most`."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal()):
        return None
    digits = digits.lstrip("0") or "0"
    found = int(digits) if len(digits) <= len(str(most)) else None
    return found if found is not None and found <= most else None


def etag(text: str) -> str | None:
    """An ETag without its quotes; None where there is none, or one that no server sends: long, or not ASCII."""
    bare = text.strip().removeprefix("W/").strip('"')
    return bare if bare and len(bare) <= _LONGEST_TEXT and bare.isascii() and bare.isprintable() else None


def http_date(text: str) -> datetime | None:
    """Reads the date of an HTTP header as UTC; None where it is not one."""
    try:
        instant = parsedate_to_datetime(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, be it a number or a date; None where it is neither.

    More than `LONGEST_WAIT` is not believed.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_WAIT)
    date = http_date(text) if text else None
    return min(max(0.0, (date - now).total_seconds()), LONGEST_WAIT) if date else None


def with_query(url: str, params: Mapping[str, str | int]) -> str:
    """The URL with these parameters appended; values are percent-encoded as UTF-8."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(params, quote_via=quote)) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))


def shown(url: str) -> str:
    """The URL as it may appear in messages: without user, password and the values of secret parameters."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    masked = [(key, "***" if is_secret(key) else value) for key, value in pairs]
    query = urlencode(masked, quote_via=quote, safe="/*:,")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def is_secret(name: str) -> bool:
    """Whether a parameter's value must not be shown."""
    return name.lower().endswith(_SECRET)


def one_line(body: bytes) -> str:
    """The beginning of a text that a server sent, fit for a message: one line, printable, short."""
    text = " ".join(body[: 4 * _LONGEST_TEXT].decode("utf-8", "replace").split())
    printable = "".join(char if char.isprintable() else "?" for char in text)
    return printable if len(printable) <= _LONGEST_TEXT else printable[:_LONGEST_TEXT] + "…"
