"""Times of the day at which a market pauses, by the clock of a place: `16:00-17:00 America/Chicago`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bcdata.errors import UsageError

_PAUSE = re.compile(r"([0-2]\d:[0-5]\d)-([0-2]\d:[0-5]\d) ([A-Za-z_+\-/0-9]+)", re.ASCII)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pause:
    """Every day from `start` to `end` in `zone`; over midnight where it ends at or before its start."""

    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> "Pause":
        """Reads `16:00-17:00 America/Chicago`.

        Raises:
            UsageError: the text is no pause, or there is no such zone.
        """
        match = _PAUSE.fullmatch(text)
        if match is None:
            raise UsageError(f"{text!r} is no pause; write it like 16:00-17:00 America/Chicago")
        try:
            return cls(time.fromisoformat(match[1]), time.fromisoformat(match[2]), ZoneInfo(match[3]))
        except (ValueError, KeyError, OSError):  # no time, no such zone, a name that no file has
            raise UsageError(f"{text!r} is no pause: the times or the zone do not exist") from None

    def spans(self, first: datetime, last: datetime) -> list[tuple[datetime, datetime]]:
        """When it pauses between two instants, UTC: each day's start and end, with those that reach into the time."""
        day, end = first.astimezone(self.zone).date() - _DAY, last.astimezone(self.zone).date()
        found: list[tuple[datetime, datetime]] = []
        while day <= end:
            until = day if self.start < self.end else day + _DAY
            span = self._instant(datetime.combine(day, self.start)), self._instant(datetime.combine(until, self.end))
            if span[0] < span[1]:
                found.append(span)
            day += _DAY
        return found

    def _instant(self, local: datetime) -> datetime:
        return local.replace(tzinfo=self.zone).astimezone(UTC)
