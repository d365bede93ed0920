"""Rules that choose symbols out of what a market lists: pure, and able to say why."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from bcdata.catalog.fields import Section, Symbol
from bcdata.providers.registry import MARKETS
from bcdata.venues.currencies import PEGGED, STABLE_ASSETS, looks_pegged
from bcdata.venues.symbols import Contract, Instrument, is_leveraged

AssetClass = Literal["stable_coin", "currency", "leveraged", "other", "unknown"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a symbol is in the universe, by which rule, and why in words."""

    symbol: str
    included: bool
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class SymbolClass:
    """What a symbol's name says of it: its assets, the class of its base asset, and how that is known, in words.

    `asset_class` is `unknown` where no known quote asset ends the name, so that no base asset can be told.
    """

    symbol: str
    base: str
    quote: str | None
    asset_class: AssetClass
    reason: str


def classify(symbols: Iterable[str], *, market: str) -> list[SymbolClass]:
    """The class of every symbol, sorted by symbol, each once.

    Args:
        symbols: all that the market lists, delisted ones too: a leveraged token is known by its siblings.
        market: a market's name; the market says which quote assets end a symbol.
    """
    venue = MARKETS[market]
    listed = [venue.split(symbol) for symbol in sorted(set(symbols))]
    bases = frozenset(instrument.base for instrument in listed)
    return [SymbolClass(one.symbol, one.base, one.quote, *_class_of(one, bases, venue.leveraged)) for one in listed]


def _class_of(one: Instrument, bases: frozenset[str], leveraged: frozenset[str]) -> tuple[AssetClass, str]:
    pegged = PEGGED.get(one.base)
    if one.quote is None:
        return "unknown", "it ends in no known quote asset"
    if pegged is not None:
        return pegged.kind, f"its base {one.base} is a {pegged.words}"
    if is_leveraged(one.base, bases, leveraged):
        return "leveraged", f"its base {one.base} is a leveraged token"
    currency = looks_pegged(one.base)
    if currency is not None:
        return (
            "other",
            f"its base {one.base} has {currency} in its name, and is not in the table of currencies: check it",
        )
    return "other", f"its base {one.base} is none of these"


class Universe(Section):
    """Which of a market's listed symbols a dataset holds. Without any rule: all of them.

    `exclude` is heard first, then `include`, then the other rules, of which each takes symbols away.
    """

    quote: tuple[Symbol, ...] | None = Field(default=None, min_length=1)
    contracts: tuple[Contract, ...] | None = Field(default=None, min_length=1)
    stable_coins: bool = True
    leveraged: bool = True
    stable_assets: tuple[Symbol, ...] = STABLE_ASSETS
    include: tuple[Symbol, ...] = ()
    exclude: tuple[Symbol, ...] = ()

    def select(self, symbols: Iterable[str], *, market: str) -> list[str]:
        """The chosen symbols, sorted, each once. The order in which they come makes no difference.

        Args:
            symbols: all that the market lists, delisted ones too: a leveraged token is known by its siblings.
            market: a market's name; the market says which quote assets end a symbol.
        """
        return [decision.symbol for decision in self.explain(symbols, market=market) if decision.included]

    def explain(self, symbols: Iterable[str], *, market: str) -> list[Decision]:
        """The decision on every symbol, sorted by symbol. Arguments as for `select`."""
        venue = MARKETS[market]
        listed = [venue.split(symbol, self.quote or ()) for symbol in sorted(set(symbols))]
        bases = frozenset(instrument.base for instrument in listed)
        return [self._decide(instrument, bases, venue.leveraged) for instrument in listed]

    def _decide(self, instrument: Instrument, bases: frozenset[str], leveraged: frozenset[str]) -> Decision:
        symbol = instrument.symbol
        for included, rule, patterns in ((False, "exclude", self.exclude), (True, "include", self.include)):
            pattern = next((p for p in patterns if _matches(symbol, p)), None)
            if pattern is not None:
                return Decision(symbol, included, rule, f"{rule} names {pattern}")
        broken = self._broken_rule(instrument, bases, leveraged)
        if broken:
            return Decision(symbol, False, *broken)
        return Decision(symbol, True, "rules", "every rule lets it in")

    def _broken_rule(
        self, instrument: Instrument, bases: frozenset[str], leveraged: frozenset[str]
    ) -> tuple[str, str] | None:
        """The first rule that keeps the instrument out, and why."""
        base, quote, contract = instrument.base, instrument.quote, instrument.contract
        if self.contracts is not None and contract not in self.contracts:
            return "contracts", f"it is {contract}, not {' or '.join(self.contracts)}"
        if self.quote is not None and quote not in self.quote:
            known = f"is quoted in {quote}" if quote else "ends in no known quote asset"
            return "quote", f"it {known}, not in {' or '.join(self.quote)}"
        if not self.stable_coins and base in self.stable_assets:
            return "stable_coins", _worth(base)
        if not self.leveraged and is_leveraged(base, bases, leveraged):
            return "leveraged", f"its base {base} is a leveraged token"
        return None


def _worth(base: str) -> str:
    return f"its base {base} is a {PEGGED[base].words}" if base in PEGGED else f"its base {base} is worth a currency"


def _matches(symbol: str, pattern: str) -> bool:
    """Whether the pattern is the symbol, or a glob (`*`, `?`, `[...]`) that fits it; case counts."""
    return symbol == pattern or fnmatchcase(symbol, pattern)
