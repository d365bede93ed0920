"""bcdata: a market-data platform on Dagster.

Zones, in the order in which data flows: raw, parsed, merged, and what is made of merged (features, reports,
seasonality, labels, resampled). Importing this package imports nothing else: packages are loaded by who needs them.
`bcdata.load` reads the lake.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bcdata.api.load import load
    from bcdata.errors import MissingDataError, MissingDataWarning

__all__ = ["MissingDataError", "MissingDataWarning", "load"]
__version__ = "0.1.0"

_MODULES = {
    "MissingDataError": "bcdata.errors",
    "MissingDataWarning": "bcdata.errors",
    "load": "bcdata.api.load",
}
"""What the package offers, and where it stands."""


def __getattr__(name: str) -> Any:
    """What the package itself offers, imported when it is first asked for: polars and duckdb take their time."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """What the package offers."""
    return sorted([*globals(), *__all__])
