"""Names of archive objects: `data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-01-01.zip` and its relatives."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bcdata.errors import UsageError
from bcdata.windows import Grain, Window

VENUE_FOLDERS = {"spot": "data/spot", "um": "data/futures/um", "cm": "data/futures/cm", "option": "data/option"}
CHECKSUM = ".CHECKSUM"
KLINES, FUNDING, METRICS = "klines", "fundingRate", "metrics"
MARK_PRICE, INDEX_PRICE, PREMIUM_INDEX = "markPriceKlines", "indexPriceKlines", "premiumIndexKlines"
COMPUTED = (MARK_PRICE, INDEX_PRICE, PREMIUM_INDEX)
"""Types of bars whose prices are computed and not traded; futures have them."""
_VENUES = {folder: venue for venue, folder in VENUE_FOLDERS.items()}
_DAILY_AT = time(8, tzinfo=UTC)
_MONTHLY_AT = time(12, tzinfo=UTC)
_KEY = re.compile(
    r"(?P<root>data/(?:spot|futures/um|futures/cm|option))/(?P<period>daily|monthly)/(?P<type>[^/]+)/(?P<symbol>[^/]+)/"
    r"(?:(?P<interval>[^/]+)/)?(?P<file>[^/]+)-(?P<date>\d{4}-\d{2}(?:-\d{2})?)\.zip"
)


@dataclass(frozen=True, slots=True)
class ObjectName:
    """What the key of an archive object says. `interval` is None for types without one (fundingRate, metrics)."""

    venue: str
    period: str
    type: str
    symbol: str
    interval: str | None
    date: str

    @classmethod
    def parse(cls, key: str) -> "ObjectName | None":
        """Reads the key of a zip; None where it is not one of the archive's names."""
        match = _KEY.fullmatch(key)
        if match is None:
            return None
        words = match.groupdict()
        name = cls(
            _VENUES[words["root"]],
            words["period"],
            words["type"],
            words["symbol"],
            words["interval"],
            words["date"],
        )
        try:
            _ = name.window
        except UsageError:
            return None
        return name if name.key == key else None

    @property
    def folder(self) -> str:
        """Where the object lies, with the final slash."""
        middle = f"{self.interval}/" if self.interval else ""
        return f"{VENUE_FOLDERS[self.venue]}/{self.period}/{self.type}/{self.symbol}/{middle}"

    @property
    def stem(self) -> str:
        """The file name without `.zip`; the member is `<stem>.csv`."""
        return f"{self.symbol}-{self.interval or self.type}-{self.date}"

    @property
    def key(self) -> str:
        """The key of the zip."""
        return f"{self.folder}{self.stem}.zip"

    @property
    def window(self) -> Window:
        """The day or month that the object is about.

        Raises:
            UsageError: the date is none.
        """
        return (Grain.DAY if self.period == "daily" else Grain.MONTH).window(self.date)


def published_at(period: str, end: datetime) -> datetime:
    """When the object of the day or month that ends at `end` appears.

    Daily ones at 08:00 UTC of the next day; monthly ones at noon of the next month's first Monday.
    """
    if period == "daily":
        return datetime.combine(end.date(), _DAILY_AT)
    return datetime.combine(_monday_from(end.date()), _MONTHLY_AT)


def _monday_from(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)
