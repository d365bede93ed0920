"""Reading the gap ledger across symbols and dates."""

import logging
from collections.abc import Callable, Collection
from pathlib import Path

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import LEDGER, schema_of
from bcdata.pipeline.lake import BETWEEN, is_held_back, is_of, repair, require_none_lost, require_whole
from bcdata.store.layout import Partition
from bcdata.store.store import Store

_PATH = "ledger file"
_log = logging.getLogger("bcdata")


def log(text: str) -> None:
    """Tells a text in the log, as a warning."""
    _log.warning(text)


def ledger_files(
    store: Store,
    dataset: Dataset,
    *,
    symbols: Collection[str] | None = None,
    first: str | None = None,
    last: str | None = None,
    tell: Callable[[str], None] = log,
    held_back: list[tuple[str, str]] | None = None,
) -> dict[Path, tuple[str, str]]:
    """The ledgers of a dataset, by symbol and date key: one file a partition, also where nothing is missing.

    One whose bars are of another publication says nothing of those that readers get, which is none: it is left out.

    Args:
        store: the lake.
        dataset: whose ledgers.
        symbols: only of these.
        first: only from this date key on.
        last: only up to this date key, included.
        tell: takes what there is to say of a partition that is left out; a warning in the log by default.
        held_back: takes symbol and date key of these partitions.

    Raises:
        UsageError: a date key is malformed.
        StoreError: a ledger is damaged; the text has the command that repairs it.
    """
    for key in (first, last):
        if key is not None:
            dataset.grain.window(key)

    def wanted(one: Partition) -> bool:
        is_within = (first is None or one.date >= first) and (last is None or one.date <= last)
        return is_within and is_of(dataset.grain, one) and (symbols is None or one.symbol in symbols)

    there, found = list(store.partitions("gaps", dataset.name)), {}
    require_none_lost(store, there, "gaps", dataset.name, source=dataset.name, wanted=wanted)
    for one in filter(wanted, there):
        require_whole(store, one, dataset.name)
        if is_held_back(store, one):
            tell(f"the ledger of {one} is left out: {BETWEEN}; {repair(one, dataset.name)}")
            if held_back is not None:
                held_back.append((one.symbol, one.date))
            continue
        found[store.root / one.key()] = one.symbol, one.date
    store.remember()
    return found


def ledger_rows(files: dict[Path, tuple[str, str]]) -> pl.DataFrame:
    """Runs of missing bars with `symbol` and `date`, by symbol and time, out of what `ledger_files` found.

    One scan over all files: opening them one by one takes three times as long for forty thousand.
    """
    schema = schema_of({"symbol": pl.String, "date": pl.String, **LEDGER})
    if not files:
        return pl.DataFrame(schema=schema)
    scan = pl.scan_parquet(list(files), hive_partitioning=False, include_file_paths=_PATH)
    places = pl.DataFrame(
        [(str(path), *place) for path, place in files.items()],
        schema={_PATH: pl.String, "symbol": pl.String, "date": pl.String},
        orient="row",
    )
    return scan.collect().join(places, on=_PATH, how="left").select(schema.names()).sort("symbol", "start", "status")
