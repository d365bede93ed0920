"""What a market is: which datasets can be had there, since when, and how its symbols are written."""

import re
from dataclasses import dataclass

from bcdata.frames.types import BARS, SETTLEMENTS
from bcdata.venues.classification.stocks import american
from bcdata.venues.dated_symbols import DatedSymbol
from bcdata.venues.hours import ALWAYS, Hours
from bcdata.venues.symbols import Instrument, Suffix, no_suffix, split
from bcdata.windows import Grain

SHARES = frozenset({"stock", "etf", "fund"})
"""Types whose symbols are tickers, with or without a share class."""
_PAIR = re.compile(r"([^\W_]+)[/-]([^\W_]+(?:_[^\W_]+)?)")
"""Base and quote with a mark between them."""


@dataclass(frozen=True, slots=True)
class Market:
    """One venue's market of one kind: what can be had there, and since when.

    `since` is the month in which its partitions begin. It never moves forward: Dagster refuses to run
    assets of different starts together. `reference` is what features compare with, unless the catalog says another.
    `foreign` are the characters that its symbols never have; `reference` shows how they are written. `quotes` are the
    assets that end its symbols where no mark stands before them, `suffix` takes off what names the kind of contract,
    and `leveraged` are the assets that had leveraged tokens there.

    `type` is what is traded, `currency` what it is priced in (ISO 4217; empty where symbols tell), `hours` when.
    `is_declared` where the catalog declares it: any source that serves the type may serve it. `dated` are its symbols
    of which the catalog says whose they are, or what they are priced in, and when.
    """

    name: str
    since: str
    kinds: tuple[str, ...]
    intervals: tuple[str, ...]
    foreign: str = "abcdefghijklmnopqrstuvwxyz"
    reference: str = "BTCUSDT"
    quotes: tuple[str, ...] = ()
    suffix: Suffix = no_suffix
    leveraged: frozenset[str] = frozenset()
    type: str = "crypto"
    currency: str = ""
    hours: Hours = ALWAYS
    is_declared: bool = False
    dated: tuple[DatedSymbol, ...] = ()

    @property
    def is_perpetual(self) -> bool:
        """Whether its contracts pay funding: bars carry `funding_rate`, and candles go on after a delisting."""
        return SETTLEMENTS.key in self.kinds

    @property
    def has_bars(self) -> bool:
        """Whether there are bars of it, which tell from when to when a symbol was traded."""
        return BARS.key in self.kinds

    def writes(self, symbol: str) -> bool:
        """Whether the venue writes symbols like this one: no `foreign` character is in it, no slash and no blank."""
        return not set(self.foreign) & set(symbol) and not any(char in "/\\|" or char.isspace() for char in symbol)

    def as_written(self, text: str) -> str:
        """A symbol as people write it in the venue's own way: `btcusdt`, `BTC/USDT` and `BTC-USDT` are BTCUSDT.

        Marks between base and quote become the venue's own, letters that it never writes become capitals. Of stocks,
        `brk-b`, `BRK/B` and `BRK B` are BRK.B.
        """
        found = text.strip()
        if self.type in SHARES:
            share = american(found.upper())
            return share.symbol if share and share.symbol else found.upper()
        if pair := _PAIR.fullmatch(found):
            found = f"{pair[1]}{'-' if '-' in self.reference else ''}{pair[2]}"
        capitals = found.upper()
        if self.writes(found) and found == text:
            return found
        return capitals if self.writes(capitals) else text

    def split(self, symbol: str, also: tuple[str, ...] = ()) -> Instrument:
        """Takes a symbol apart; `also` are quote assets that are known beside the market's own."""
        return split(symbol, (*self.quotes, *also), self.suffix)

    def first_key(self, grain: Grain) -> str:
        """The market's first date key of this grain."""
        return grain.key(Grain.MONTH.window(self.since).start)
