"""What the name of a dataset says: its market, the type of its rows, and the length of its bars."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.intervals import Interval
from bcdata.providers.registry import MARKETS
from bcdata.venues.market import Kind, Market

_NAME = re.compile(r"(?P<market>[a-z0-9_]+?)_(?P<kind>klines|funding)(?:_(?P<interval>[0-9A-Za-z]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class DatasetName:
    """What a dataset's name says: `spot_klines_1m` is one-minute bars of the market `spot`."""

    market: Market
    kind: Kind
    interval: Interval | None


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
