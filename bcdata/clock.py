"""What time it is. Only edges (commands, Dagster modules) ask; everything inside takes `now` as a value."""

import os
from datetime import UTC, datetime

from bcdata.errors import UsageError

_FIRST_YEAR, _LAST_YEAR = 1970, 9998
"""Between these the present can be pinned: what looks back and ahead of it must find time there."""


def parse_instant(text: str) -> datetime:
    """Reads an ISO instant as UTC; a time without an offset is UTC.

    Raises:
        UsageError: the text is no ISO 8601 instant, or lies outside of the years 1 to 9999 in UTC.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is not an instant; write it like 2023-07-01T00:00:00Z") from None
    return in_utc(instant)


def in_utc(instant: datetime) -> datetime:
    """The instant in UTC; a time without an offset is UTC.

    Raises:
        UsageError: it lies outside of the years 1 to 9999 there.
    """
    try:
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"the instant {instant.isoformat()} is not within the years 1 to 9999 in UTC") from None


def is_pinned() -> bool:
    """Whether BCDATA_NOW says what time it is."""
    return bool(os.environ.get("BCDATA_NOW"))


def now() -> datetime:
    """The present instant in UTC, or what BCDATA_NOW says it is.

    Raises:
        UsageError: BCDATA_NOW is no instant, or none that can be the present.
    """
    pinned = os.environ.get("BCDATA_NOW")
    if not pinned:
        return datetime.now(UTC)
    instant = parse_instant(pinned)
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise UsageError(f"BCDATA_NOW: {pinned} is not within the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return instant
