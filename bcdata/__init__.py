"""bcdata: a market-data platform on Dagster.

Zones, in the order in which data flows: raw, parsed, merged, and what is made of merged (features, reports,
seasonality, labels, resampled). Importing this package imports nothing else: packages are loaded by who needs them.
`bcdata.load` reads the lake.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bcdata.api.entities import join
    from bcdata.api.fetch import fetch
    from bcdata.api.gaps import coverage, gaps
    from bcdata.api.lists import datasets, info, intervals, symbols, universe
    from bcdata.api.load import load, scan
    from bcdata.api.markets.adjust import adjust, undo_splits
    from bcdata.api.markets.classify import classify
    from bcdata.api.markets.damage import find_damage
    from bcdata.api.markets.sessions import bars_a_year, sessions
    from bcdata.api.plot import plot
    from bcdata.api.query import connect, query
    from bcdata.api.sources import sources
    from bcdata.api.stats import stats
    from bcdata.errors import MissingDataError, MissingDataWarning

__all__ = [
    "MissingDataError",
    "MissingDataWarning",
    "adjust",
    "bars_a_year",
    "classify",
    "connect",
    "coverage",
    "datasets",
    "fetch",
    "find_damage",
    "gaps",
    "info",
    "intervals",
    "join",
    "load",
    "plot",
    "query",
    "scan",
    "sessions",
    "sources",
    "stats",
    "symbols",
    "undo_splits",
    "universe",
]
__version__ = "0.1.0"

_MODULES = {
    "bcdata.api.entities": ("join",),
    "bcdata.api.fetch": ("fetch",),
    "bcdata.api.gaps": ("coverage", "gaps"),
    "bcdata.api.lists": ("datasets", "info", "intervals", "symbols", "universe"),
    "bcdata.api.load": ("load", "scan"),
    "bcdata.api.markets.adjust": ("adjust", "undo_splits"),
    "bcdata.api.markets.classify": ("classify",),
    "bcdata.api.markets.damage": ("find_damage",),
    "bcdata.api.markets.sessions": ("bars_a_year", "sessions"),
    "bcdata.api.plot": ("plot",),
    "bcdata.api.query": ("connect", "query"),
    "bcdata.api.sources": ("sources",),
    "bcdata.api.stats": ("stats",),
    "bcdata.errors": ("MissingDataError", "MissingDataWarning"),
}
"""Where what the package offers stands."""


def __getattr__(name: str) -> Any:
    """What the package itself offers, imported when it is first asked for: polars and duckdb take their time."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What the package offers."""
    return sorted([*globals(), *__all__])
