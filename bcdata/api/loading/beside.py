"""Features and labels beside the bars that they are of."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from bcdata.api import arguments
from bcdata.api.loading.rows import require_columns
from bcdata.api.loading.sources import Rows
from bcdata.errors import UsageError
from bcdata.sql.views import schema_of

_TIMES = ("open_time", "known_at", "session")
LABELS_KNOWN_AT = "labels_known_at"
"""From when on the labels of a bar may be used: later than its own `known_at`, since they look ahead."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Columns of a zone that are wanted beside bars."""

    zone: str
    columns: tuple[str, ...]

    @property
    def to_read(self) -> list[str]:
        """The columns to read of the zone."""
        return [*self.columns, "known_at"]

    def beside(self, bars: pl.LazyFrame, rows: pl.LazyFrame, *, bars_known: bool) -> pl.LazyFrame:
        """The bars with the columns of the rows of the same symbol and open; null where there is no such row.

        A bar with features is known when both are. What labels say is known later, which has a column of its own.

        Args:
            bars: with `symbol` and `open_time`.
            rows: of the zone, with the columns and `known_at`.
            bars_known: whether the bars have `known_at`.
        """
        own = rows.rename({"known_at": LABELS_KNOWN_AT})
        found = bars.join(own, on=["symbol", "open_time"], how="left", maintain_order="left")
        if self.zone == "labels":
            return found
        if bars_known:
            found = found.with_columns(pl.max_horizontal("known_at", LABELS_KNOWN_AT).alias("known_at"))
        return found.drop(LABELS_KNOWN_AT)


def parts_beside(rows: Rows, *, features: object, labels: object) -> list[Beside]:
    """The columns that are asked for beside rows.

    Args:
        rows: what they are to stand beside.
        features: one name, several, True for all, or None.
        labels: the same.

    Raises:
        UsageError: there is no such column, nothing of the kind is computed of the dataset, or these are no bars.
    """
    asked = {"features": features, "labels": labels}
    found = [Beside(zone, tuple(names)) for zone, value in asked.items() if (names := _columns(rows, zone, value))]
    if found and not rows.are_bars:
        raise UsageError("features and labels stand beside merged bars of the dataset; leave them out")
    return found


def columns_of_bars(columns: Sequence[str] | None, parts: Sequence[Beside]) -> list[str] | None:
    """The columns that are read of bars, by those that are wanted of all; None for all."""
    beside = {name for one in parts for name in one.columns}
    if any(one.zone == "labels" for one in parts):
        beside.add(LABELS_KNOWN_AT)
    return None if columns is None else [name for name in columns if name not in beside]


def _columns(rows: Rows, zone: str, asked: object) -> Sequence[str]:
    if asked is None or asked is False:
        return ()
    dataset = rows.source
    there = [name for name in schema_of(dataset, zone, dataset.name).names() if name not in _TIMES]
    if not there:
        raise UsageError(f"the catalog asks for no {zone} of {dataset.name}; name them there first")
    if asked is True:
        return there
    given = [asked] if isinstance(asked, str) else asked
    names = arguments.texts(zone, given, "names of columns in a list, True for all, or None")
    require_columns(names, there)
    return names
