"""Rate budgets: how much may be asked of a provider, counted over everybody who asks from this machine. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Period = Literal["hour", "day", "month"]

_QUOTA_SECONDS = 3600.0
_FEW = 20


@dataclass(frozen=True, slots=True)
class Budget:
    """A provider's limit: at most `limit` weight in any `seconds`, or in each calendar `period` of its `zone`.

    Attributes:
        name: what it is counted under, by all processes of the machine.
        limit: in the provider's own units.
        seconds: length of a rolling window; 0 where there is a `period`.
        used_header: the response header by which the provider tells the weight that it has counted so far.
        period: a calendar hour, day or month; empty where the window rolls.
        zone: the time zone in which the period begins (IANA), e.g. `America/New_York`.

    Raises:
        ValueError: it has no window or two, no limit, or a zone that there is not.
    """

    name: str
    limit: int
    seconds: float = 0
    used_header: str = ""
    period: Period | Literal[""] = ""
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if (self.seconds > 0) == bool(self.period) or self.limit < 1:
            raise ValueError(f"the budget {self.name!r} needs a limit, and either seconds or a period")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"the budget {self.name!r} has a time zone that there is not: {self.zone!r}") from None

    @property
    def is_quota(self) -> bool:
        """Whether nobody waits for it: a calendar period, or a rolling window of an hour or more."""
        return bool(self.period) or self.seconds >= _QUOTA_SECONDS

    def allowed(self, limit: int, share: float) -> tuple[int, float]:
        """The weight that may be spent, and the seconds of the window in which (0 for a calendar period).

        The share leaves room for other programs on the same address, and for requests that arrive closer together than
        they were sent. A quota is used whole: it belongs to a key, and its window is the provider's own. Where a share
        of a few would be absurd (none of 1 a second), the window is stretched instead of the limit cut.

        Args:
            limit: the limit in force: the declared one, or the one that the provider states.
            share: above 0, at most 1.
        """
        if self.is_quota:
            return limit, self.seconds
        if limit < _FEW:
            return limit, self.seconds / share
        return max(1, int(limit * share)), self.seconds

    def period_at(self, instant: datetime) -> tuple[datetime, datetime]:
        """Begin and end (UTC) of the calendar period in which an instant lies."""
        local = instant.astimezone(ZoneInfo(self.zone))
        if self.period == "hour":  # by the offset in force, as an hour of the clock may come twice
            offset = local.utcoffset() or timedelta(0)
            begin = (instant.astimezone(UTC) + offset).replace(minute=0, second=0, microsecond=0) - offset
            return begin, begin + timedelta(hours=1)
        first = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        if self.period == "month":
            first = first.replace(day=1)
            after = (first + timedelta(days=32)).replace(day=1)
        else:
            after = first + timedelta(days=1)
        return first.astimezone(UTC), after.astimezone(UTC)
