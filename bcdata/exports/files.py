"""Files for others: one CSV or Parquet file a symbol, whole or not at all, each row with the instant it is known at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import polars as pl

from bcdata.api import arguments
from bcdata.api.load import load
from bcdata.catalog import Catalog, load_catalog, parse_name
from bcdata.errors import StoreError, UsageError
from bcdata.exports.staged import staged, sweep
from bcdata.store.layout import escape


class Format(StrEnum):
    """How rows are written."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One written file."""

    symbol: str
    path: str
    rows: int
    bytes: int


def export(
    dataset: str,
    symbols: str | Iterable[str],
    start: str | date | None,
    end: str | date | None,
    *,
    out: str | Path,
    zone: str = "merged",
    form: str | Format = Format.PARQUET,
    fill: str = "none",
    force: bool = False,
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> Iterator[ExportedFile]:
    """Writes `<out>/<dataset>-<SYMBOL>.<format>` for every symbol and yields what was written.

    Each row carries `known_at` (UTC) beside its own time: from then on it may be used, so join on it. CSV has ISO
    instants. What a killed export left in the folder is removed.

    Args:
        dataset: as `load` takes it.
        symbols: one, or several; each a file.
        start: as `load` takes it.
        end: as `load` takes it: bars open before.
        out: the folder; it is made if it is not there.
        form: CSV or zstd Parquet.
        zone: as `load` takes it.
        fill: as `load` takes it.
        force: replaces files that are there.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Raises:
        UsageError: what `load` refuses, or a file is there already.
        StoreError: the folder cannot be written.
    """
    known = arguments.catalog(catalog) or load_catalog()
    name = arguments.text("dataset", dataset, "the name of a dataset")
    folder, kind = arguments.folder("out", out), arguments.option("form", form, Format)
    market = parse_name(dataset).market
    names = dict.fromkeys(market.as_written(one) for one in arguments.symbols(symbols))
    targets = {symbol: folder / f"{name}-{escape(symbol)}.{kind}" for symbol in names}
    there = [str(path) for path in targets.values() if path.exists()]
    if there and not force:
        raise UsageError(f"{there[0]} is there already; choose another folder, or replace it with --force")
    sweep(folder)
    for symbol, path in targets.items():
        rows = load(dataset, symbol, start, end, zone=zone, fill=fill, root=root, catalog=known)
        size = _write(_known_first(rows), path, kind)
        yield ExportedFile(symbol, str(path), rows.height, size)


def _known_first(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `known_at` right after their time."""
    first = [name for name in ("symbol", "open_time", "time", "known_at") if name in rows.columns]
    return rows.select(*first, pl.exclude(first))


def _write(rows: pl.DataFrame, path: Path, form: Format) -> int:
    """Writes beside the target and renames: readers see the old file or the whole new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with staged(path) as beside:
            if form is Format.CSV:
                rows.write_csv(beside, datetime_format="%Y-%m-%dT%H:%M:%S%.fZ")
            else:
                rows.write_parquet(beside, compression="zstd")
    except (OSError, pl.exceptions.PolarsError) as error:  # polars has errors of its own for a full disk
        cause = getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0]
        raise StoreError(f"cannot write {path}: {cause}") from None
    return path.stat().st_size
