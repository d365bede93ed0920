"""What servers of stocks have in common: midnights of exchanges, and tokens of pages. Pure."""

import base64
import binascii
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from bcdata.interval import EPOCH
from bcdata.windows import Window

_MILLISECOND = timedelta(milliseconds=1)


def exchange_midnight(day: date, zone: str) -> datetime:
    """The instant (UTC) at which a date begins at an exchange."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def label_window(start: datetime, end: datetime, zone: str) -> Window:
    """The labels, as midnights UTC, of dates that begin at the exchange from `start` to `end`, both included."""
    first = start.astimezone(ZoneInfo(zone))
    day = first.date() + timedelta(days=first.time() > time())
    last = end.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    return Window(datetime.combine(day, time(), UTC), datetime.combine(max(day, last), time(), UTC))


def milliseconds(instant: datetime) -> int:
    """Since the epoch."""
    return (instant - EPOCH) // _MILLISECOND


def token(values: dict[str, str]) -> str:
    """Values as a token of a page."""
    return base64.urlsafe_b64encode(urlencode(values).encode()).decode().rstrip("=")


def of_token(text: str) -> dict[str, str]:
    """The values of a token; none where it is none."""
    try:
        return dict(parse_qsl(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()))
    except (binascii.Error, ValueError):
        return {}
