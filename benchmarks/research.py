"""What research reads, through `bcdata.load` and through what people use instead, on the same rows.

ArcticDB is measured where BENCH_ARCTICDB_PYTHON names an interpreter that has it, pandas and pyarrow.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bcdata.api.load import load
from bcdata.catalog import Catalog, load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.features.schema import table_schema
from bcdata.frames.schema import LEDGER
from bcdata.pipeline.features.feature_set import features_of
from bcdata.store.footer import Rows
from bcdata.store.layout import PART, Partition
from bcdata.store.objects import STATE
from bcdata.store.store import Store
from bcdata.windows import Grain
from benchmarks.measure import Clock, Measured, alternating, answer, child, median, median_ratio
from benchmarks.reading import random_bars
from benchmarks.tables import Result, Table

NAME = "research"
DATASET = "spot_klines_1m"
DAY = ("2023-01-15", "2023-01-16")
_SEED = 2
_ARCTIC = "BENCH_ARCTICDB_PYTHON"


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the lake is, and how often each is measured."""

    months: int = 12
    symbols: int = 500
    featured: int = 50
    features: int = 20
    rounds: int = 3


QUICK = Plan(months=2, symbols=3, featured=2, features=3, rounds=1)


def run(plan: Plan) -> Result:
    """Makes a lake, the same rows as CSV files and in ArcticDB, and measures every way of reading them."""
    arctic = os.environ.get(_ARCTIC)
    ways = ["polars", "load", "duckdb", *(["arcticdb"] if arctic else []), "csv"]
    with tempfile.TemporaryDirectory(prefix="bcdata-research-") as folder:
        root = Path(folder) / "lake"
        names = _make(root, plan)
        cases = _cases(plan, names)
        _write_csv(root, Path(folder) / "csv", cases)
        if arctic:
            child("arctic", {"way": "write", "root": str(root), "folder": folder, "cases": cases}, python=arctic)
        kinds: dict[str, Callable[[], Measured]] = {}
        for case in cases:
            for way in ways:
                job = {"way": way, "case": case, "root": str(root), "folder": folder}
                if way == "load":
                    kinds[f"{case['name']}: first"] = _measured(job, root, again=False)
                kinds[f"{case['name']}: {way}"] = _measured(job, root, again=True, python=arctic)
        found = alternating(plan.rounds, kinds)
    rows = [_row(case, found, ways) for case in cases]
    ratios = ("polars, s", "first, s", "again, s", "first ÷ polars", "again ÷ polars")
    note = (
        "Seconds inside a fresh process, imports not counted, files in the page cache. `first`: `bcdata.load` where"
        " nothing was hashed before; `again`: where it was. polars and DuckDB read the lake's own files, and verify"
        " nothing."
    )
    header = ("", *ratios, *(f"{way}, s" for way in ways[2:]))
    measured = {kind: [asdict(one) for one in taken] for kind, taken in found.items()}
    return Result(NAME, [Table("What research reads", header, rows, note)], measured)


def _row(case: dict[str, Any], found: dict[str, list[Measured]], ways: list[str]) -> tuple[str | float, ...]:
    seconds = {kind: [one["all"]["seconds"] for one in taken] for kind, taken in found.items()}
    of = {way: seconds[f"{case['name']}: {way}"] for way in [*ways, "first"]}
    counts = {one["rows"] for way in of for one in found[f"{case['name']}: {way}"]}
    assert len(counts) == 1, f"{case['name']}: {counts} rows"
    first, again, bare = of["first"], of["load"], of["polars"]
    return (
        case["name"], median(bare), median(first), median(again), median_ratio(first, bare), median_ratio(again, bare),
        *(median(of[way]) for way in ways[2:]),
    )  # fmt: skip


def _measured(job: dict[str, Any], root: Path, *, again: bool, python: str | None = None) -> Callable[[], Measured]:
    module = "arctic" if job["way"] == "arcticdb" else NAME

    def measure() -> Measured:
        if again and job["way"] == "load":
            child(module, job)
        elif job["way"] == "load":
            shutil.rmtree(root / STATE, ignore_errors=True)
        return child(module, job, python=python if module == "arctic" else None)

    return measure


def _cases(plan: Plan, names: list[str]) -> list[dict[str, Any]]:
    months = Grain.MONTH.keys("2023-01", "2100-12")[: plan.months]
    return [
        {"name": f"close of 1 symbol × {plan.months} months", "zone": "merged", "symbols": names[:1], "months": months,
         "columns": ["close"], "range": None},
        {"name": f"close of {plan.symbols} symbols × a day", "zone": "merged", "symbols": names, "months": months[:1],
         "columns": ["close"], "range": DAY},
        {"name": f"{plan.features} features of {plan.featured} symbols × a month", "zone": "features",
         "symbols": names[: plan.featured], "months": months[:1], "columns": _features(plan.features), "range": None},
    ]  # fmt: skip


def _features(count: int) -> list[str]:
    names = table_schema(features_of(load_catalog(PACKAGED)[DATASET])).names()
    return [name for name in names if name not in {"open_time", "known_at"}][:count]


def _make(root: Path, plan: Plan) -> list[str]:
    """Published minutes, their ledgers, and features of some symbols, all random."""
    random, store = np.random.default_rng(_SEED), Store(root)
    names = [f"S{number:03d}USDT" for number in range(plan.symbols)]
    schema = table_schema(features_of(load_catalog(PACKAGED)[DATASET]))
    for number, name in enumerate(names):
        for key in Grain.MONTH.keys("2023-01", "2100-12")[: plan.months if number == 0 else 1]:
            window, place = Grain.MONTH.window(key), Partition("merged", DATASET, name, key)
            bars = random_bars(random, window.start, window.end)
            both = [
                Rows(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), {"dataset": DATASET}),
                Rows(place, bars, {"verdict": {}}),
            ]
            store.publish_together(both, fingerprint="0" * 32, rules="1")
            if number < plan.featured and key == "2023-01":
                values = {one: random.normal(size=bars.height) for one in schema.names()[2:]}
                table = bars.select("open_time", "known_at").with_columns(**values).cast(schema)
                store.publish(place.in_zone("features"), table, fingerprint="0" * 32, rules="1", record={"verdict": {}})
    store.close()
    return names


def _files(root: Path, case: dict[str, Any]) -> list[Path]:
    base = root / case["zone"] / DATASET
    return [base / f"symbol={name}" / f"date={month}" / PART for name in case["symbols"] for month in case["months"]]


def _write_csv(root: Path, folder: Path, cases: list[dict[str, Any]]) -> None:
    """One CSV file for each symbol, as people keep them; of features the columns that are read, no others."""
    for case in cases:
        place = folder / case["name"]
        place.mkdir(parents=True)
        for name in case["symbols"]:
            rows = pl.read_parquet(_files(root, {**case, "symbols": [name]}))
            if case["zone"] == "features":
                rows = rows.select("open_time", *case["columns"])
            rows.write_csv(place / f"{name}.csv")


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Reads one case in one way."""
    catalog = load_catalog(PACKAGED)
    if job["way"] == "csv":
        import pandas  # noqa: F401, ICN001 - its import is not counted
    clock = Clock.start()
    rows = _READ[job["way"]](job, catalog)
    return {"all": clock.read(), "rows": rows}


def _polars(job: dict[str, Any], catalog: Catalog) -> int:  # noqa: ARG001 - the others need it
    case = job["case"]
    lazy = pl.scan_parquet(_files(Path(job["root"]), case), hive_partitioning=True)
    if case["range"]:
        first, last = (pl.lit(text).str.to_datetime("%Y-%m-%d", time_zone="UTC") for text in case["range"])
        lazy = lazy.filter(pl.col("open_time").is_between(first, last, closed="left"))
    return lazy.select("symbol", "open_time", *case["columns"]).collect().height


def _load(job: dict[str, Any], catalog: Catalog) -> int:
    case = job["case"]
    start, end = case["range"] or (None, None)
    return load(
        DATASET, case["symbols"], start, end, zone=case["zone"], columns=case["columns"], root=job["root"],
        catalog=catalog, missing="ignore",
    ).height  # fmt: skip


def _duckdb(job: dict[str, Any], catalog: Catalog) -> int:  # noqa: ARG001 - the others need it
    import duckdb

    case = job["case"]
    files = [str(path) for path in _files(Path(job["root"]), case)]
    columns = ", ".join(f'"{name}"' for name in ["symbol", "open_time", *case["columns"]])
    where = "WHERE open_time >= '{}' AND open_time < '{}'".format(*case["range"]) if case["range"] else ""
    sql = f"SELECT {columns} FROM read_parquet(?, hive_partitioning = true) {where}"  # noqa: S608 - our own names
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return int(pl.DataFrame(connection.execute(sql, [files]).to_arrow_table()).height)


def _csv(job: dict[str, Any], catalog: Catalog) -> int:  # noqa: ARG001 - the others need it
    import pandas as pd

    case, frames = job["case"], []
    for name in case["symbols"]:
        path = Path(job["folder"]) / "csv" / case["name"] / f"{name}.csv"
        rows = pd.read_csv(path, usecols=["open_time", *case["columns"]], parse_dates=["open_time"])
        if case["range"]:
            first, last = (pd.Timestamp(text, tz="UTC") for text in case["range"])
            rows = rows[(rows["open_time"] >= first) & (rows["open_time"] < last)]
        frames.append(rows.assign(symbol=name))
    return len(pd.concat(frames))


_READ: dict[str, Callable[[dict[str, Any], Catalog], int]] = {
    "polars": _polars,
    "load": _load,
    "duckdb": _duckdb,
    "csv": _csv,
}

if __name__ == "__main__":
    answer(context)
