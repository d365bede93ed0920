"""What the name of a dataset says: its market, the type of its rows, and the length of its bars."""

import re
from dataclasses import dataclass
from functools import lru_cache

from bcdata.errors import UsageError
from bcdata.frames.types import FRAME_TYPES, FrameType
from bcdata.hints import choose
from bcdata.intervals import Interval
from bcdata.providers.registry import MARKETS
from bcdata.venues.market import Market

_NAME = re.compile(
    rf"(?P<market>[a-z0-9_]+?)_(?P<type>{'|'.join(FRAME_TYPES)})(?:_(?P<interval>[0-9A-Za-z]+))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class DatasetName:
    """What a dataset's name says: `spot_klines_1m` is one-minute bars of the market `spot`."""

    market: Market
    frame_type: FrameType
    interval: Interval | None


@lru_cache(maxsize=1024)
def parse_name(name: str) -> DatasetName:
    """Reads a dataset's name, `<market>_klines_<interval>` or `<market>_funding`.

    Raises:
        UsageError: it has another shape, or names a market, a type or an interval that there is not.
    """
    match = _NAME.fullmatch(name)
    if not match:
        kinds = " or ".join(FRAME_TYPES)
        raise UsageError(
            f"{name!r} is not a dataset's name; write <market>_<type>_<interval>, with {kinds} for the type: "
            "spot_klines_1m, um_funding"
        )
    market = MARKETS.get(match["market"])
    if market is None:
        raise UsageError(f"unknown market {match['market']!r}; {choose(match['market'], MARKETS)}")
    frame_type = FRAME_TYPES[match["type"]]
    if frame_type.key not in market.kinds:
        raise UsageError(f"the {market.name} market has no {frame_type.key}")
    return DatasetName(market, frame_type, _interval(market, frame_type, match["interval"]))


def _interval(market: Market, frame_type: FrameType, text: str | None) -> Interval | None:
    if not frame_type.has_interval:
        if text is not None:
            raise UsageError(f"{frame_type.key} has no interval; write {market.name}_{frame_type.key}")
        return None
    if text not in market.intervals:
        problem = f"there are no {market.name} bars of {text!r}" if text else "the name lacks its interval"
        raise UsageError(f"{problem}; it is one of {' '.join(market.intervals)}")
    return Interval.parse(text)
