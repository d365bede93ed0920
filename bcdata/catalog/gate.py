"""When files of a dataset are due, and where its gate draws its lines."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from bcdata.catalog.fields import Duration, Section

Period = Literal["daily", "monthly"]


class Publication(Section):
    """How long after a day or month has ended its archive file may still be absent without being missing."""

    daily: Duration = timedelta(hours=36)
    monthly: Duration = timedelta(days=20)

    def due(self, period: Period, end: datetime) -> datetime:
        """The instant (UTC) from which the file of the period that ended at `end` counts as missing."""
        return end + (self.daily if period == "daily" else self.monthly)


class Quality(Section):
    """Where the gate draws its lines."""

    max_bad_share: float = Field(default=0.5, ge=0, le=1)
