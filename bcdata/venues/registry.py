"""The markets and sources that bcdata knows: two tables. A new venue or provider is a new row."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.intervals import Interval
from bcdata.windows import Grain

Kind = Literal["klines", "funding"]

_BINANCE_INTERVALS = (
    *("1m", "3m", "5m", "15m", "30m"),
    *("1h", "2h", "4h", "6h", "8h", "12h"),
    *("1d", "3d", "1w", "1mo"),
)
_NAME = re.compile(r"(?P<market>[a-z0-9_]+?)_(?P<kind>klines|funding)(?:_(?P<interval>[0-9A-Za-z]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Market:
    """One venue's market of one kind: what can be had there, and since when.

    `since` is the month in which its partitions begin. It never moves forward: Dagster refuses to run
    assets of different starts together. `reference` is what features compare with, unless the catalog says another.
    """

    name: str
    since: str
    kinds: tuple[Kind, ...]
    intervals: tuple[str, ...]
    foreign: str = "abcdefghijklmnopqrstuvwxyz/"
    reference: str = "BTCUSDT"

    @property
    def is_perpetual(self) -> bool:
        """Whether its contracts pay funding: bars carry `funding_rate`, and candles go on after a delisting."""
        return "funding" in self.kinds

    def writes(self, symbol: str) -> bool:
        """Whether the venue writes symbols like this one: none of the `foreign` characters is in it."""
        return not set(self.foreign) & set(symbol)

    def first_key(self, grain: Grain) -> str:
        """The market's first date key of this grain."""
        return grain.key(Grain.MONTH.window(self.since).start)


@dataclass(frozen=True, slots=True)
class Source:
    """Where bars may come from, and for which markets."""

    name: str
    markets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatasetName:
    """What a dataset's name says: `spot_klines_1m` is one-minute bars of Binance's spot market."""

    market: Market
    kind: Kind
    interval: Interval | None


MARKETS = {
    market.name: market
    for market in (
        Market("spot", "2017-07", ("klines",), ("1s", *_BINANCE_INTERVALS)),
        Market("um", "2019-09", ("klines", "funding"), _BINANCE_INTERVALS),
        Market("cm", "2020-06", ("klines", "funding"), _BINANCE_INTERVALS, reference="BTCUSD_PERP"),
    )
}

SOURCES = {
    source.name: source
    for source in (
        Source("binance_archive", ("spot", "um", "cm")),
        Source("binance_rest", ("spot", "um", "cm")),
    )
}


@lru_cache(maxsize=1024)
def parse_name(name: str) -> DatasetName:
    """Reads a dataset's name, `<market>_klines_<interval>` or `<market>_funding`.

    Raises:
        UsageError: it has another shape, or names a market, a type or an interval that there is not.
    """
    match = _NAME.fullmatch(name)
    if not match:
        kinds = " or ".join(get_args(Kind))
        raise UsageError(
            f"{name!r} is not a dataset's name; write <market>_<type>_<interval>, with {kinds} for the type: "
            "spot_klines_1m, um_funding"
        )
    market = MARKETS.get(match["market"])
    if market is None:
        raise UsageError(f"unknown market {match['market']!r}; {choose(match['market'], MARKETS)}")
    kind: Kind = "funding" if match["kind"] == "funding" else "klines"
    if kind not in market.kinds:
        raise UsageError(f"the {market.name} market has no {kind}")
    return DatasetName(market, kind, _interval(market, kind, match["interval"]))


def _interval(market: Market, kind: Kind, text: str | None) -> Interval | None:
    if kind == "funding":
        if text is not None:
            raise UsageError(f"funding has no interval; write {market.name}_funding")
        return None
    if text not in market.intervals:
        problem = f"there are no {market.name} bars of {text!r}" if text else "the name lacks its interval"
        raise UsageError(f"{problem}; it is one of {' '.join(market.intervals)}")
    return Interval.parse(text)
