"""What a catalog says of single symbols of a market: in which time they are whose, and what they are priced in."""

from datetime import date
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from bcdata.catalog.fields import Section, Symbol, refusal
from bcdata.frames.currencies import HUNDREDTHS
from bcdata.venues.dated_symbols import DatedSymbol

_ISO = 3


class DeclaredSymbol(Section):
    """The keys of an entry of `instruments`. What each means and its default: docs/reference/catalog.md."""

    symbol: Symbol
    since: Annotated[date | None, Field(alias="from")] = None
    to: date | None = None
    instrument: str | None = None
    currency: str | None = None

    @field_validator("to")
    @classmethod
    def _ends_after_its_start(cls, to: date | None, info: ValidationInfo) -> date | None:
        since: date | None = info.data.get("since")
        if to and since and to <= since:
            raise refusal(f"{to} does not come after {since}, on which it begins; `to` is the first session without it")
        return to

    @field_validator("instrument")
    @classmethod
    def _is_a_name(cls, instrument: str | None) -> str | None:
        if instrument is not None and (not instrument.isprintable() or not instrument or " " in instrument):
            raise refusal("must be a name without blanks, like meta-platforms")
        return instrument

    @field_validator("currency")
    @classmethod
    def _is_a_code(cls, code: str | None) -> str | None:
        is_iso = code is not None and len(code) == _ISO and code.isascii() and code.isalpha() and code.isupper()
        if code is not None and not is_iso and code not in HUNDREDTHS:
            listed = ", ".join(HUNDREDTHS)
            raise refusal(f"{code!r} is no currency: write three capitals, like GBP, or its hundredths: {listed}")
        return code

    @property
    def dated(self) -> DatedSymbol:
        """The entry as a value."""
        return DatedSymbol(self.symbol, self.since, self.to, self.instrument, self.currency)


def require_apart(entries: tuple[DeclaredSymbol, ...]) -> None:
    """Passes entries of which no two say one thing of a symbol in one time.

    Raises:
        PydanticCustomError: two do, or one says nothing.
    """
    for index, one in enumerate(entries):
        if one.instrument is None and one.currency is None:
            raise refusal("says nothing of the symbol; write `instrument` or `currency`", index)
        for name in ("instrument", "currency"):
            same = (
                other
                for other in entries[:index]
                if other.symbol == one.symbol and getattr(one, name) and getattr(other, name)
            )
            if clash := next((other for other in same if other.dated.meets(one.dated)), None):
                words = f"{one.symbol} has {getattr(clash, name)} for its {name} {_time(clash)} already"
                raise refusal(f"{words}; let one end (`to`) where the other begins (`from`)", index)


def _time(entry: DeclaredSymbol) -> str:
    start = f"from {entry.since}" if entry.since else "from the beginning"
    return f"{start} to {entry.to}" if entry.to else f"{start} on"
