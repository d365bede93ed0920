"""What the catalog says of markets that no provider brings of its own: when they trade, and what is traded there."""

from collections.abc import Mapping
from datetime import date, datetime
from string import ascii_lowercase, digits
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from bcdata.catalog.around.instruments import DeclaredSymbol, require_apart
from bcdata.catalog.fields import Section, refusal
from bcdata.clock import parse_instant
from bcdata.errors import UsageError
from bcdata.frames.types import BARS
from bcdata.hints import choose
from bcdata.providers.registry import MARKETS, SOURCES
from bcdata.venues.hours import AROUND_THE_CLOCK, CURRENCY_WEEK, Hours, calendar_names
from bcdata.venues.market import Market
from bcdata.venues.pauses import Pause
from bcdata.venues.symbols import complaint
from bcdata.windows import Grain

Type = Literal["stock", "etf", "index", "fund", "forex", "future", "crypto"]
TYPES: tuple[str, ...] = get_args(Type)
INTERVALS = ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1mo")
_NAME = f"{ascii_lowercase}{digits}_"
_REFERENCES = {"stock": "AAPL", "etf": "SPY", "index": "SPX", "fund": "VFINX", "forex": "EURUSD", "future": "ESZ2025"}
"""How symbols are written there, for those who write them otherwise."""


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_instant(value)
    except UsageError as error:
        raise refusal(str(error)) from None


Instant = Annotated[datetime, BeforeValidator(_instant)]
"""An instant, UTC where no offset is given."""


class DeclaredMarket(Section):
    """The keys of a market. What each means and its default: docs/reference/catalog.md."""

    calendar: str
    type: Type
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    since: str
    reference: str | None = None
    pauses: tuple[str, ...] = ()
    closed: tuple[date, ...] = ()
    sessions: Mapping[date, tuple[Instant, Instant]] = Field(default_factory=dict)
    instruments: tuple[DeclaredSymbol, ...] = ()

    @field_validator("calendar")
    @classmethod
    def _calendar_is_known(cls, name: str) -> str:
        names = calendar_names()
        special = (AROUND_THE_CLOCK, CURRENCY_WEEK)
        if names and name not in {*names, *special}:
            raise refusal(f"there is no calendar {name!r}; {choose(name, [*names, *special])}")
        return name

    @field_validator("since")
    @classmethod
    def _since_is_a_month(cls, since: str) -> str:
        try:
            Grain.MONTH.window(since)
        except UsageError as error:
            raise refusal(str(error)) from None
        return since

    @field_validator("reference")
    @classmethod
    def _reference_is_a_symbol(cls, reference: str | None) -> str | None:
        if reference is not None and (problem := complaint(reference)):
            raise refusal(problem)
        return reference

    @field_validator("pauses")
    @classmethod
    def _pauses_are_times(cls, pauses: tuple[str, ...]) -> tuple[str, ...]:
        for index, text in enumerate(pauses):
            try:
                Pause.parse(text)
            except UsageError as error:
                raise refusal(str(error), index) from None
        return pauses

    @field_validator("pauses", "closed", "sessions")
    @classmethod
    def _has_sessions(cls, value: Any, info: ValidationInfo) -> Any:
        if value and info.data.get("calendar") == AROUND_THE_CLOCK:
            raise refusal(f"a market that trades {AROUND_THE_CLOCK} has no sessions to change; name its calendar")
        return value

    @field_validator("instruments")
    @classmethod
    def _instruments_are_apart(
        cls, instruments: tuple[DeclaredSymbol, ...], info: ValidationInfo
    ) -> tuple[DeclaredSymbol, ...]:
        if instruments and info.data.get("calendar") == AROUND_THE_CLOCK:
            raise refusal(f"of a market that trades {AROUND_THE_CLOCK} the universe tells instruments apart by itself")
        require_apart(instruments)
        return instruments

    def market(self, name: str) -> Market:
        """The market of this name."""
        sessions = tuple((on, *ends) for on, ends in sorted(self.sessions.items()))
        able = [one.capabilities for one in SOURCES.values() if self.type in one.capabilities.types]
        kinds = {kind for can in able for kind in can.kinds}
        return Market(
            name,
            self.since,
            (BARS.key, *sorted(kinds - {BARS.key})),
            INTERVALS,
            foreign=ascii_lowercase if self.type == "crypto" else ascii_lowercase + "^",
            reference=self.reference or _REFERENCES.get(self.type, "BTC-USD"),
            type=self.type,
            currency=self.currency or "",
            hours=Hours(self.calendar, self.pauses, tuple(sorted(self.closed)), sessions),
            is_declared=True,
            dated=tuple(one.dated for one in self.instruments),
        )


def problem_of(name: str) -> str | None:
    """Why a market cannot have this name, in words; None where it can."""
    if name in MARKETS:
        return f"there is a market {name!r} of a provider; choose another name"
    if not name or set(name) - set(_NAME) or not name[0].isalpha():
        return f"{name!r} is no name of a market; write lower case letters, digits and _"
    return None


BUILT_IN = {
    "us_equity": DeclaredMarket(calendar="XNYS", type="stock", currency="USD", since="1990-01", reference="SPY"),
}
"""Markets that need not be declared; a catalog may declare others under their names."""
