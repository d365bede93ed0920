"""What a symbol means in which time: whose it is, and what its prices are in. Values that a catalog states."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class DatedSymbol:
    """A symbol in the sessions of some dates.

    Attributes:
        symbol: as the lake writes it.
        start: the first session; None from the beginning.
        end: the session from which on it is no more; None while it goes on.
        instrument: whose symbol it is then: the same for other symbols of one instrument. None if that is not said.
        currency: what prices are in: ISO 4217, or its hundredths (`GBp`). None if that is not said.
    """

    symbol: str
    start: date | None = None
    end: date | None = None
    instrument: str | None = None
    currency: str | None = None

    def meets(self, other: "DatedSymbol") -> bool:
        """Whether there is a session in both."""
        return _is_before(self.start, other.end) and _is_before(other.start, self.end)


def _is_before(start: date | None, end: date | None) -> bool:
    return start is None or end is None or start < end
