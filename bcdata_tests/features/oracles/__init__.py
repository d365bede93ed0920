"""Every feature a second time, the slow and obvious way: one bar at a time, looked up by its time.

Nothing here knows of grids or rows. A feature that is registered has to have an oracle: one module a family, each
with its `ORACLES`; what is put here is found. An oracle takes the history and a bar's open (µs since the
epoch), and returns the value, or None where the feature is null.
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module

from bcdata_tests.features.oracles.history import History

Oracle = Callable[[History, int], float | None]

ORACLES: dict[str, Oracle] = {
    name: oracle
    for found in pkgutil.iter_modules(__path__)
    if found.name != "history"
    for name, oracle in import_module(f"{__name__}.{found.name}").ORACLES.items()
}

SLACK: dict[str, float] = {
    name: factor
    for found in pkgutil.iter_modules(__path__)
    for name, factor in getattr(import_module(f"{__name__}.{found.name}"), "SLACK", {}).items()
}
"""By how much more than the usual tolerance a feature may differ from its oracle, where its definition is
ill-conditioned: a family's module says so in its own `SLACK`, with the reason."""

__all__ = ["ORACLES", "SLACK", "History", "Oracle"]
