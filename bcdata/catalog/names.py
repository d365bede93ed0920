"""What the name of a dataset says: its market, the type of its rows, and the length of its bars."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bcdata.errors import UsageError
from bcdata.frames.types import FRAME_TYPES, FrameType, Rows
from bcdata.hints import choose
from bcdata.interval import Interval
from bcdata.providers.registry import MARKETS, UNAVAILABLE
from bcdata.venues.market import Market
from bcdata.venues.session_interval import interval_of

_TYPES = {
    key: re.compile(rf"(?P<market>[a-z0-9_]+)_{key}(?:_(?P<interval>[0-9A-Za-z]+))?", re.ASCII) for key in FRAME_TYPES
}
_SHAPE = re.compile(r"(?P<market>[a-z0-9]+)_(?P<type>[a-z][a-z0-9_]*?)(?:_(?P<interval>\d+[0-9A-Za-z]*))?", re.ASCII)


def known(wrong: str, names: Iterable[str]) -> str:
    """What there is, and which packages could have brought it but cannot be used."""
    return "; ".join([choose(wrong, names), *map(str, UNAVAILABLE)])


@dataclass(frozen=True, slots=True)
class DatasetName:
    """What a dataset's name says: `spot_klines_1m` is one-minute bars of the market `spot`."""

    market: Market
    frame_type: FrameType
    interval: Interval | None


@lru_cache(maxsize=1024)
def parse_name(name: str, declared: tuple[Market, ...] = ()) -> DatasetName:
    """Reads a dataset's name, `<market>_<type>` or `<market>_<type>_<interval>`.

    Args:
        name: the dataset's.
        declared: the markets that the catalog declares, beside those of providers.

    Raises:
        UsageError: it has another shape, or names a market, a type or an interval that there is not.
    """
    markets = {**MARKETS, **{one.name: one for one in declared}}
    key, match = _reading(name, markets)
    market = markets.get(match["market"])
    if market is None:
        raise UsageError(f"unknown market {match['market']!r}; {known(match['market'], markets)}")
    if key not in market.kinds:
        raise UsageError(f"the {market.name} market has no {key}; it has {', '.join(market.kinds)}")
    frame_type = FRAME_TYPES[key]
    return DatasetName(market, frame_type, _interval(market, frame_type, match["interval"]))


def rows_of(name: str) -> Rows:
    """What the rows of the dataset of this name are.

    Raises:
        UsageError: it has none, as nothing parses its type.
    """
    rows = FRAME_TYPES[_reading(name, MARKETS)[0]].rows
    if rows is None:
        raise UsageError(no_parser(name))
    return rows


def no_parser(name: str) -> str:
    """Why the dataset of this name ends at raw, in words."""
    kind, _ = _reading(name, MARKETS)
    return (
        f"{name} ends at raw: there is no parser for {kind}, so its files are kept as sent and nothing is made of them"
    )


def _reading(name: str, markets: Mapping[str, Market]) -> tuple[str, re.Match[str]]:
    """The type that a name states, and its parts.

    Raises:
        UsageError: it states none.
    """
    readings = [(one, match) for one, form in _TYPES.items() if (match := form.fullmatch(name))]
    if not readings:
        raise UsageError(_unknown_type(name, markets))
    # `us_index_klines_1d` may be of a market `us` or of a market `us_index`: the one that there is decides.
    return next((one for one in readings if one[1]["market"] in markets), readings[0])


def _unknown_type(name: str, markets: Mapping[str, Market]) -> str:
    """What is wrong with a name in which no type is found: the type, where the rest can be told."""
    match = _SHAPE.fullmatch(name)
    if match and (market := markets.get(match["market"])):
        return f"unknown type {match['type']!r} in {name!r}; {market.name} has {', '.join(market.kinds)}"
    return (
        f"{name!r} is not a dataset's name; write <market>_<type> or <market>_<type>_<interval>, as in um_funding and "
        f"spot_klines_1m; the types are {', '.join(FRAME_TYPES)}"
    )


def _interval(market: Market, frame_type: FrameType, text: str | None) -> Interval | None:
    if not frame_type.has_interval:
        if text is not None:
            raise UsageError(f"{frame_type.key} has no interval; write {market.name}_{frame_type.key}")
        return None
    if text not in market.intervals:
        problem = f"there are no {market.name} bars of {text!r}" if text else "the name lacks its interval"
        raise UsageError(f"{problem}; it is one of {' '.join(market.intervals)}")
    return interval_of(Interval.parse(text), market.hours)
