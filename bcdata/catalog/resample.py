"""What the catalog says of coarser bars that are made of a dataset's own."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from bcdata.catalog.fields import Duration, Section, refusal
from bcdata.errors import UsageError
from bcdata.interval import Interval

_MINUTE = timedelta(minutes=1)
_UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (_MINUTE, "m"))


def _interval(text: str) -> str:
    try:
        length = Interval.parse(text).length
    except UsageError as error:
        raise refusal(str(error)) from None
    if length is None:
        raise refusal(f"{text} has no fixed length; the longest is weeks, like 1w")
    return text


class Resample(Section):
    """Coarser bars: their length, and by how much their grid is shifted."""

    interval: Annotated[str, AfterValidator(_interval)]
    offset: Duration = timedelta()

    @property
    def bar_interval(self) -> Interval:
        """The length of the coarser bars."""
        return Interval.parse(self.interval)

    @property
    def suffix(self) -> str:
        """The last part of the asset's name: `4h`, or `1h_offset_17m`."""
        return f"{self.interval}_offset_{_written(self.offset)}" if self.offset else self.interval

    def complaint(self, finer: Interval) -> str | None:
        """Why bars of `finer` cannot make these; None where they can."""
        own, length = finer.length, self.bar_interval.length
        if own is None or length is None or not self.bar_interval.is_multiple_of(finer):
            return f"{self.interval} is no multiple of {finer.name}"
        if self.offset % own:
            return f"the offset {_written(self.offset)} is no multiple of {finer.name}"
        if self.offset >= length:
            return f"the offset {_written(self.offset)} must be shorter than {self.interval}"
        return None

    def __str__(self) -> str:
        """As errors name it."""
        return self.suffix


def _written(length: timedelta) -> str:
    return next((f"{length // unit}{name}" for unit, name in _UNITS if not length % unit), str(length))


def _plain(value: Any) -> Any:
    """`5m` is short for `{interval: 5m}`."""
    return {"interval": value} if isinstance(value, str) else value


Resampled = Annotated[Resample, BeforeValidator(_plain)]
"""An item of `resample`."""
