"""Coverage: of the bars that a symbol should have in a month or a day, how many are there, and why not the others.

Bars and ledger tile the calendar, so the ledger alone tells; not one bar is read.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache

import polars as pl

from bcdata.catalog import Dataset
from bcdata.ledger.ledger import Status
from bcdata.venues.calendar import calendar, closed_window
from bcdata.windows import Grain, Window

CELL: dict[str, type[pl.DataType]] = {
    "symbol": pl.String,
    "date": pl.String,
    "expected": pl.Int64,
    "present": pl.Int64,
    **{status.value: pl.Int64 for status in Status},
}
"""One symbol in one month or day: bars that were expected and are there, and the missing ones by status.

`refilled` are among those present: they were missing in the archive.
"""


def coverage(
    dataset: Dataset,
    places: Iterable[tuple[str, str]],
    rows: pl.DataFrame,
    *,
    as_of: Mapping[tuple[str, str], datetime],
    now: datetime,
    grain: Grain,
) -> pl.DataFrame:
    """The coverage of every symbol in every month or day.

    Args:
        dataset: whose ledgers these are.
        places: symbol and date key of every ledger, also of those without a row.
        rows: the ledgers' rows, all statuses (`bcdata.reporting.ledgers.ledger_rows`).
        as_of: when each partition was merged last (UTC): later bars were not expected then.
        now: stands in where that is not known (UTC).
        grain: months or days; days are finer than a month's partition, never coarser than the dataset's own.

    Returns:
        A frame of `CELL` by symbol and date. `present` + the missing ones = `expected` in every row.
    """
    expected = _expected(dataset, places, as_of, now, grain)
    missing = _by_period(dataset, rows, grain).group_by("symbol", "date", "status").agg(pl.col("bars").sum())
    wide = missing.pivot("status", index=["symbol", "date"], values="bars")
    statuses = [status.value for status in Status]
    cells = expected.join(wide, on=["symbol", "date"], how="left").with_columns(
        pl.lit(None, dtype=pl.Int64).alias(name) for name in statuses if name not in wide.columns
    )
    lacking = pl.sum_horizontal(name for name in statuses if name != Status.REFILLED.value)
    return (
        cells.with_columns(pl.col(statuses).fill_null(0))
        .with_columns((pl.col("expected") - lacking).alias("present"))
        .select(pl.col(name).cast(dtype) for name, dtype in CELL.items())
        .sort("symbol", "date")
    )


def _expected(
    dataset: Dataset,
    places: Iterable[tuple[str, str]],
    as_of: Mapping[tuple[str, str], datetime],
    now: datetime,
    grain: Grain,
) -> pl.DataFrame:
    interval = dataset.pace

    @cache
    def counts(key: str, closed: datetime) -> list[tuple[str, int]]:
        window = dataset.grain.window(key).until(closed)
        opens = calendar(dataset.hours).opens(interval, window)
        if grain is dataset.grain:
            return [(key, len(opens))]
        return [(str(day), int(n)) for day, n in opens.dt.date().value_counts(name="n").sort("open_time").iter_rows()]

    found = []
    for symbol, key in places:
        whole = dataset.grain.window(key)
        closed = closed_window(whole, interval, as_of.get((symbol, key), now)).end
        found += [(symbol, date, n) for date, n in counts(key, closed)]
    return pl.DataFrame(found, schema={"symbol": pl.String, "date": pl.String, "expected": pl.Int64}, orient="row")


def _by_period(dataset: Dataset, rows: pl.DataFrame, grain: Grain) -> pl.DataFrame:
    """The rows with the date of the period they lie in; runs that cross midnight are cut there."""
    if grain is dataset.grain:
        return rows.select("symbol", "date", "status", "bars")
    opens = {}
    for start, end, bars in rows.select("start", "end", "bars").unique().iter_rows():
        opens[start, end] = _days(dataset, start, end, bars)
    cut = [
        (symbol, date, status, bars)
        for symbol, start, end, status in rows.select("symbol", "start", "end", "status").iter_rows()
        for date, bars in opens[start, end]
    ]
    schema = {"symbol": pl.String, "date": pl.String, "status": pl.String, "bars": pl.Int64}
    return pl.DataFrame(cut, schema=schema, orient="row")


def _days(dataset: Dataset, start: datetime, end: datetime, bars: int) -> list[tuple[str, int]]:
    if start.date() == end.date():
        return [(str(start.date()), bars)]
    opens = calendar(dataset.hours).opens(dataset.pace, Window(start, end + timedelta(microseconds=1)))
    return [(str(day), int(n)) for day, n in opens.dt.date().value_counts(name="n").sort("open_time").iter_rows()]
