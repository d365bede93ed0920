"""Which sensors and schedules serve a dataset: all that fit it, or those that the catalog names."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from bcdata.catalog.fields import refusal
from bcdata.catalog.names import DatasetName
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import SOURCES, has_role

TRADED = frozenset({"volume", "trades"})
"""Columns that tell whether anybody traded."""
LONGEST_WATCHED = timedelta(hours=1)
"""Whether a symbol is liquid is told from the bars of a day: longer ones are too few to find halts by."""


class Automation(StrEnum):
    """What is done for datasets without being asked each time. Sensors stand first, then schedules."""

    DISCOVER_SYMBOLS = "discover_symbols"
    UNIVERSE = "universe"
    FRESHNESS = "freshness"
    REPAIR = "repair"
    REFILL = "refill"
    REPUBLISHED = "republished"
    STALE = "stale"
    ALERT_QUALITY = "alert_quality"
    DAILY = "daily"
    HISTORY = "history"
    MONTHLY = "monthly"
    FIND_HALTS = "find_halts"
    VERIFY = "verify"


def tells_halts(name: DatasetName) -> bool:
    """Whether the bars of such a dataset are short enough to tell halts, and tell whether anybody traded."""
    length = name.interval.length if name.interval else None
    return length is not None and length <= LONGEST_WATCHED and name.frame_type.columns >= TRADED


def misfits(name: DatasetName, sources: Collection[str], *, months_first: bool) -> dict[Automation, str]:
    """What does nothing for such a dataset, and why."""
    return dict(_misfits(name, sources, months_first=months_first))


def _misfits(name: DatasetName, sources: Collection[str], *, months_first: bool) -> Iterator[tuple[Automation, str]]:
    market, rows = name.market.name, name.frame_type.rows or "files that nothing parses"
    if not has_role(market, Role.BULK):
        for kind in (Automation.DISCOVER_SYMBOLS, Automation.UNIVERSE):
            yield kind, f"no source lists all symbols of the {market} market"
    elif not name.market.has_bars:
        yield Automation.UNIVERSE, f"no bars tell when symbols of the {market} market were traded"
    if not name.frame_type.has_parser:
        yield Automation.REFILL, "nothing parses its files, so it has no rows to miss"
    if not name.frame_type.is_regular:
        yield Automation.FRESHNESS, f"{rows} are due at no fixed times"
    if not name.frame_type.derived:
        yield Automation.STALE, f"nothing is computed from {rows}"
    if not any(SOURCES[source].role is Role.BULK for source in sources):
        yield Automation.REPUBLISHED, "none of its sources publishes files"
    if not months_first:
        yield Automation.MONTHLY, "it needs `monthly_replaces_daily: true`"
    if not tells_halts(name):
        yield Automation.FIND_HALTS, "halts are found in bars of trades, of an hour or less"


def _known(word: str) -> Automation:
    if word not in list(Automation):
        raise refusal(f"unknown automation {word!r}; there are {', '.join(Automation)}")
    return Automation(word)


AutomationName = Annotated[str, AfterValidator(_known)]
"""An automation that there is, by its name."""
