"""A catalog to begin with: one dataset of a few symbols, as a file that explains itself. Pure."""

from collections.abc import Sequence
from datetime import datetime

from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.interval import Interval
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import MARKETS, SOURCES
from bcdata.venues.market import Market
from bcdata.windows import Grain

_ORDER = (Role.BULK, Role.REPAIR, Role.WINDOW)
_COARSER = ("5m", "1h", "1d")
_SHORTEST_BY_MONTH = 60
"""Seconds of bars below which a partition is a day."""


def market_of(name: str) -> Market:
    """The market of this name, which has bars.

    Raises:
        UsageError: there is none.
    """
    known = [one.name for one in MARKETS.values() if "klines" in one.kinds and sources_of(one.name)]
    if name not in known:
        raise UsageError(f"there is no market {name!r}; {choose(name, known)}")
    return MARKETS[name]


def sources_of(market: str) -> list[str]:
    """The sources that have a market's bars, those with files first."""
    of_bars = (one for one in SOURCES.values() if "klines" in one.capabilities.kinds)
    found = [one for one in of_bars if market in one.capabilities.markets]
    return [one.name for one in sorted(found, key=lambda one: _ORDER.index(one.role))]


def symbols_of(market: Market, text: str) -> tuple[str, ...]:
    """Symbols out of a text with commas between, as the market writes them.

    Raises:
        UsageError: there are none, or one cannot be the market's.
    """
    found = tuple(dict.fromkeys(market.as_written(one.strip()) for one in text.split(",") if one.strip()))
    strange = [one for one in found if not market.writes(one)]
    if strange or not found:
        which = f"the {market.name} market has no symbols like {', '.join(strange)}" if strange else "no symbols named"
        raise UsageError(f"{which}; they look like {market.reference}")
    return found


def grain_of(market: Market, interval: str) -> Grain:
    """How partitions are cut: by month, by day for bars shorter than a minute.

    Raises:
        UsageError: the market has no such bars.
    """
    if interval not in market.intervals:
        raise UsageError(f"the {market.name} market has no bars of {interval!r}; {choose(interval, market.intervals)}")
    length = Interval.parse(interval).length
    return Grain.DAY if length and length.total_seconds() < _SHORTEST_BY_MONTH else Grain.MONTH


def start_of(market: Market, grain: Grain, text: str, now: datetime) -> str:
    """A year, a month or a day as the date key of its first partition; the market's first one where it is later.

    Raises:
        UsageError: it is none of them, or has not come yet.
    """
    whole = {4: f"{text}-01-01", 7: f"{text}-01", 10: text}.get(len(text), text)
    window = Grain.DAY.window(whole)
    if window.start > now:
        raise UsageError(f"{text} has not come yet; write a year, a month or a day before now")
    return max(grain.key(window.start), market.first_key(grain))


def starter(market: Market, symbols: Sequence[str], start: str, interval: str) -> str:
    """The file. What it says is checked by whoever reads it as a catalog."""
    name, grain = f"{market.name}_klines_{interval}", grain_of(market, interval)
    lines = [
        (f"  {name}:", "<market>_klines_<interval>"),
        (f"    grain: {grain.value}", f"one partition, and one file, per symbol and {grain.value}"),
        (f"    start: {start}", "nothing before it is asked for"),
        (f"    symbols: [{', '.join(symbols)}]", ""),
        (f"    sources: [{', '.join(sources_of(market.name))}]", "the first one that has a bar wins"),
        ("    # features: false", "bars alone: most of the disk is features"),
    ]
    if coarser := _coarser(interval):
        lines.append((f"    # resample: [{', '.join(coarser)}]", "coarser bars, made of these"))
    wide = max(len(text) for text, why in lines if why) + 2
    body = "".join(f"{text:<{wide}}# {why}\n" if why else f"{text}\n" for text, why in lines)
    return f"# What bcdata keeps. Every key: docs/reference/catalog.md.\ndatasets:\n{body}"


def _coarser(interval: str) -> list[str]:
    """Some intervals that bars of this one make up."""
    own = Interval.parse(interval).length
    return [name for name in _COARSER if own and (length := Interval.parse(name).length) and length > own
            and not length % own]  # fmt: skip
