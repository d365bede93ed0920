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
    from bcdata.api.plot import plot
    from bcdata.api.query import connect, query
    from bcdata.api.sources import sources
    from bcdata.api.stats import stats
    from bcdata.errors import MissingDataError, MissingDataWarning

__all__ = [
    "MissingDataError",
    "MissingDataWarning",
    "connect",
    "coverage",
    "datasets",
    "fetch",
    "gaps",
    "info",
    "intervals",
    "join",
    "load",
    "plot",
    "query",
    "scan",
    "sources",
    "stats",
    "symbols",
    "universe",
]
__version__ = "0.1.0"

_MODULES = {
    "bcdata.api.entities": ("join",),
    "bcdata.api.fetch": ("fetch",),
    "bcdata.api.gaps": ("coverage", "gaps"),
    "bcdata.api.lists": ("datasets", "info", "intervals", "symbols", "universe"),
    "bcdata.api.load": ("load", "scan"),
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
