"""Point-in-time joins: to each symbol and time the newest row of a dataset that was known by then."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from bcdata import clock
from bcdata.api import arguments
from bcdata.api.lake import catalog_of, lake_of
from bcdata.api.loading.known_rows import HELPERS, KnownRows
from bcdata.api.loading.lacking import Missing, require_standing, tell_of_lacking, teller, told_of
from bcdata.api.loading.rows import require_columns
from bcdata.api.loading.sources import rows_meant
from bcdata.catalog import Catalog
from bcdata.errors import UsageError
from bcdata.frames.schema import TIME
from bcdata.reading.verified_files import overlaps
from bcdata.sql.views import schema_of
from bcdata.windows import Window

ROW_TIME = "row_time"
"""The open of the row that was joined."""
_TIMES = ("open_time", "time", "known_at")
_INSTANT = timedelta(microseconds=1)
_ORDER = "_entity"
OWN_COLUMNS = (_ORDER, *HELPERS)
"""Columns that are added on the way, and taken away again."""
_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
"""Between these the time of an entity lies: Python has no instants far beyond."""
_TICKS, _MOST_TICKS = {"ms": 10**3, "us": 10**6, "ns": 10**9}, 2**63 - 1
"""Of a second, by the unit of a column; and how many a column can hold."""


def join(
    entities: Any,
    dataset: str,
    features: str | Iterable[str],
    on: str = "time",
    *,
    zone: str = "features",
    max_age: timedelta | None = None,
    missing: str = "warn",
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> pl.DataFrame:
    """To each entity the newest row of its symbol that was known at its time: `known_at` at or before it.

    Of several rows that were known, the one with the latest open counts. Nothing that was learnt later is seen, so
    that what is trained on the result could have been computed at the time.

    Args:
        entities: with `symbol` and the time, and whatever else; in any order, repeated as well. Anything that polars
            makes a frame of.
        dataset: whose rows are joined.
        features: columns of the zone: one or several.
        on: the column of the entities that is their time: datetimes, UTC where they have no zone.
        zone: `features`, `merged`, `labels` or `resampled`, with the names that `load` takes.
        max_age: rows that opened longer before the time do not count; None for no limit.
        missing: as in `load`, of partitions between the first and the last entity.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        The entities in their order with the columns, and `row_time`, the open of the row, in UTC. Null where no row
        was known, and of symbols that the lake has nothing of.

    Raises:
        UsageError: a dataset, zone or column that there is not, entities without `symbol` or time, or with a column
            of a name that is joined.
        StoreError: a file is damaged.

    Examples:
        >>> trades = pl.DataFrame({"symbol": ["BTCUSDT"], "time": [datetime(2023, 2, 1, 12, 0, 30, tzinfo=UTC)]})
        >>> bcdata.join(trades, "spot_klines_1m", ["rsi_14", "natr_14"])
    """
    asked, names, oldest = _entities(entities, on), _names(features), arguments.duration("max_age", max_age)
    known, store = catalog_of(catalog), lake_of(root)
    rows = rows_meant(known, dataset, zone)
    schema = schema_of(rows.source, zone, dataset)
    require_columns(names, [name for name in schema.names() if name not in _TIMES])
    if taken := [name for name in (*names, ROW_TIME, *OWN_COLUMNS) if name in asked.columns]:
        raise UsageError(f"the entities have a column {', '.join(taken)} of their own; rename it")
    asked = asked.with_row_index(_ORDER)
    reaction = arguments.option("missing", missing, Missing)
    of = KnownRows.of(
        store, rows.source, zone, dataset, columns=names, time_as=ROW_TIME, interval=rows.interval,
        tell=teller(reaction),
    )  # fmt: skip
    by_symbol = {str(symbol): part for (symbol,), part in asked.group_by("symbol", maintain_order=True)}
    _tell_of_lacking(of, by_symbol, on, reaction)
    there = [symbol for symbol in by_symbol if symbol in of.partitions]
    others = asked.filter(~pl.col("symbol").is_in(there))
    parts = [
        of.joined(part, symbol, pl.col(on))
        for symbol, part in [("", others), *((one, by_symbol[one]) for one in there)]
    ]
    store.remember()
    found = pl.concat(parts).sort(_ORDER).drop(_ORDER)
    if oldest is None:
        return found
    fresh = pl.col(on) - pl.col(ROW_TIME) <= oldest
    return found.with_columns(pl.when(fresh).then(name).alias(name) for name in (*names, ROW_TIME))


def _names(features: object) -> list[str]:
    given = [features] if isinstance(features, str) else features
    names = arguments.texts("features", given, "names of columns in a list")
    if not names:
        raise UsageError("no features were named; write features=['rsi_14']")
    return names


def _entities(given: Any, on: str) -> pl.DataFrame:
    """The entities as a frame, their time in UTC where it has no zone.

    Raises:
        UsageError: they are no frame, or lack a column.
    """
    arguments.text("on", on, "the name of a column")
    try:
        frame = given.collect() if isinstance(given, pl.LazyFrame) else pl.DataFrame(given)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"`entities` takes a frame with symbol and {on}; this is none: {error}") from None
    if absent := [name for name in ("symbol", on) if name not in frame.columns]:
        raise UsageError(f"the entities have no column {', '.join(absent)}; there are {', '.join(frame.columns)}")
    kind = frame.schema[on]
    if kind == pl.Date:
        frame = frame.with_columns(pl.col(on).cast(TIME))
    elif not isinstance(kind, pl.Datetime):
        raise UsageError(f"the column {on} of the entities holds {kind}; it has to be datetimes")
    elif kind.time_zone is None:
        frame = frame.with_columns(pl.col(on).dt.replace_time_zone("UTC"))
    if frame.schema["symbol"].is_nested():
        raise UsageError(f"the column symbol of the entities holds {frame.schema['symbol']}; it has to be text")
    if frame.schema["symbol"] != pl.String:
        frame = frame.with_columns(pl.col("symbol").cast(pl.String))
    if frame["symbol"].null_count() or frame[on].null_count():
        raise UsageError(f"the entities have rows without symbol or {on}; drop them first")
    _require_instants(frame[on])
    return frame


def _require_instants(times: pl.Series) -> None:
    """Passes datetimes that Python has, too, with some time before and after them."""
    ticks = _TICKS[getattr(times.dtype, "time_unit", "us")]
    first, last = (max(-_MOST_TICKS, min(int(end.timestamp()) * ticks, _MOST_TICKS)) for end in (_FIRST, _LAST))
    if not times.to_physical().is_between(first, last).all():
        raise UsageError(f"the entities have a {times.name} that is not within the years {_FIRST.year} to {_LAST.year}")


def _tell_of_lacking(of: KnownRows, entities: Mapping[str, pl.DataFrame], on: str, missing: Missing) -> None:
    """Says which partitions around the entities were never published."""
    times = (
        part.select(first=pl.col(on).min().cast(TIME), last=pl.col(on).max().cast(TIME)) for part in entities.values()
    )
    ends = [end for part in times for end in part.row(0)]
    if ends:
        there = {symbol: of.partitions.get(symbol, []) for symbol in entities}
        asked = (min(ends), max(ends) + _INSTANT)
        words = told_of(of.zone, of.name)
        tell_of_lacking(of.dataset, words, there, asked, now=clock.now(), missing=missing)
        require_standing(of.store, there, partial(overlaps, of.dataset, Window(*asked)), missing)
