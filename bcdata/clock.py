"""What time it is. Only edges (commands, Dagster modules) ask; everything inside takes `now` as a value."""

import os
from datetime import UTC, datetime

from bcdata.errors import UsageError


def parse_instant(text: str) -> datetime:
    """Reads an ISO instant as UTC; a time without an offset is UTC.

    Raises:
        UsageError: the text is no ISO 8601 instant.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is not an instant; write it like 2023-07-01T00:00:00Z") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def is_pinned() -> bool:
    """Whether BCDATA_NOW says what time it is."""
    return bool(os.environ.get("BCDATA_NOW"))


def now() -> datetime:
    """The present instant in UTC, or what BCDATA_NOW says it is."""
    pinned = os.environ.get("BCDATA_NOW")
    return parse_instant(pinned) if pinned else datetime.now(UTC)
