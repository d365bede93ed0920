"""Reading the gap ledger across symbols and dates."""

import polars as pl

from bcdata.bars.schema import LEDGER
from bcdata.catalog import Dataset
from bcdata.store.layout import PART, symbol_and_date
from bcdata.store.store import Store


def ledger_rows(
    store: Store,
    dataset: Dataset,
    *,
    symbols: set[str] | None = None,
    status: str | None = None,
    first: str | None = None,
    last: str | None = None,
) -> pl.DataFrame:
    """Runs of missing bars with `symbol` and `date`, by symbol and time; all that are asked for.

    Raises:
        UsageError: a date key is malformed.
    """
    for key in (first, last):
        if key is not None:
            dataset.grain.window(key)
    frames = [pl.DataFrame(schema={"symbol": pl.String, "date": pl.String, **LEDGER})]
    for info in store.files("gaps", dataset.name):
        found = symbol_and_date(info.key)
        if found is None or not info.key.endswith(PART):
            continue
        symbol, date = found
        if (symbols and symbol not in symbols) or (first and date < first) or (last and date > last):
            continue
        rows = pl.read_parquet(store.root / info.key, hive_partitioning=False)
        frames.append(rows.select(pl.lit(symbol).alias("symbol"), pl.lit(date).alias("date"), *LEDGER.names()))
    rows = pl.concat(frames)
    return rows.filter(pl.col("status") == status) if status else rows
