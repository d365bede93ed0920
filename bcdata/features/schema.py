"""The columns of the feature table: types, meanings and bounds, for whoever audits or shows it."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from bcdata.features.registry import Feature, all_features


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the feature table.

    Attributes:
        range: Bounds that no value can leave, both included, or None.
    """

    name: str
    dtype: pl.DataType
    nullable: bool
    description: str
    unit: str
    range: tuple[float, float] | None = None


_TIME = pl.Datetime("us", "UTC")
_KEYS = (
    Column("open_time", _TIME, nullable=False, description="Open of the bar, its label", unit="UTC"),
    Column("known_at", _TIME, nullable=False, description="From when on the row is known: join on this", unit="UTC"),
)
_SESSION = Column("session", pl.Date(), nullable=False, description="The date by which the session is called", unit="")


def table_columns(features: Iterable[Feature] | None = None, *, sessions: bool = False) -> tuple[Column, ...]:
    """Every column of the table in order: `open_time`, `known_at`, `session` where there are any, then the features."""
    chosen = all_features() if features is None else features
    keys = (*_KEYS, _SESSION) if sessions else _KEYS
    return keys + tuple(
        Column(
            feature.name,
            pl.Float64(),
            nullable=True,
            description=f"{feature.description} [{feature.formula}]",
            unit=feature.unit,
            range=feature.range,
        )
        for feature in chosen
    )


def table_schema(features: Iterable[Feature] | None = None, *, sessions: bool = False) -> pl.Schema:
    """Names and types of the table, in order."""
    return pl.Schema({column.name: column.dtype for column in table_columns(features, sessions=sessions)})
