"""`bcdata.load` and SQL, which verify what they read, against polars and DuckDB on the same files, which do not."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bcdata.api.load import load
from bcdata.bars.known import with_known_at
from bcdata.catalog import Catalog, load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.frames.schema import LEDGER, TIME, merged_bar
from bcdata.interval import Interval
from bcdata.sql.connection import query
from bcdata.store.footer import Rows
from bcdata.store.layout import PART, Partition
from bcdata.store.objects import STATE
from bcdata.store.store import Store
from bcdata.windows import Grain
from benchmarks.measure import Clock, Measured, alternating, answer, child, median, median_ratio
from benchmarks.tables import Result, Table

NAME = "reading"
DATASET = "spot_klines_1m"
FEW = ("open_time", "close", "volume")
_FIRST = datetime(2023, 1, 1, tzinfo=UTC)
_SEED = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the lake is, and how often each is measured."""

    symbols: int = 10
    months: int = 12
    rounds: int = 7
    warm: bool = True
    """Whether each way that is not the first reads once, untimed, before it is measured."""


QUICK = Plan(symbols=1, months=2, rounds=1, warm=False)
WAYS = {
    "all columns": ("polars all", "load all"),
    f"{', '.join(FEW)}": ("polars few", "load few"),
    "SQL: the mean close by symbol": ("duckdb", "query"),
}


def run(plan: Plan) -> Result:
    """Makes a lake and measures every way of reading it: the first time, and again."""
    with tempfile.TemporaryDirectory(prefix="bcdata-reading-") as folder:
        root = Path(folder)
        size = _make(root, plan)
        kinds: dict[str, Callable[[], Measured]] = {}
        for bare, verified in WAYS.values():
            kinds[bare] = _measured(bare, root, again=True, warm=plan.warm)
            kinds[f"{verified}, first"] = _measured(verified, root, again=False, warm=plan.warm)
            kinds[f"{verified}, again"] = _measured(verified, root, again=True, warm=plan.warm)
        found = alternating(plan.rounds, kinds)
    seconds = {kind: [one["all"]["seconds"] for one in taken] for kind, taken in found.items()}
    rows: list[tuple[str | float, ...]] = []
    for words, (bare, verified) in WAYS.items():
        first, again = seconds[f"{verified}, first"], seconds[f"{verified}, again"]
        numbers = [median(seconds[bare]), median(first), median(again)]
        rows.append((words, *numbers, median_ratio(first, seconds[bare]), median_ratio(again, seconds[bare])))
    header = ("", "unverified, s", "first, s", "again, s", "first ÷ unverified", "again ÷ unverified")
    title = f"Merged bars of {plan.symbols} symbols × {plan.months} months, {size / 1e6:.0f} MB"
    note = "Seconds inside a fresh process, imports not counted. `first`: nothing was hashed before."
    measured = {kind: [asdict(one) for one in taken] for kind, taken in found.items()}
    return Result(NAME, [Table(title, header, rows, note)], measured)


def _measured(way: str, root: Path, *, again: bool, warm: bool) -> Callable[[], Measured]:
    job = {"way": way, "root": str(root)}

    def measure() -> Measured:
        if not again:
            shutil.rmtree(root / STATE, ignore_errors=True)
        elif warm:
            child(NAME, job)
        return child(NAME, job)

    return measure


def _make(root: Path, plan: Plan) -> int:
    """Published minutes with random prices, and their ledgers. Returns the bytes of the bars."""
    random, store, size = np.random.default_rng(_SEED), Store(root), 0
    keys = Grain.MONTH.keys("2023-01", "2100-12")[: plan.months]
    for number in range(plan.symbols):
        for key in keys:
            place, window = Partition("merged", DATASET, f"S{number:03d}USDT", key), Grain.MONTH.window(key)
            both = [
                Rows(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), {"dataset": DATASET}),
                Rows(
                    place,
                    random_bars(random, window.start, window.end),
                    {"verdict": {}},
                ),
            ]
            size += store.publish_together(both, fingerprint="0" * 32, rules="1")
    store.close()
    return size


def random_bars(random: np.random.Generator, start: datetime, end: datetime) -> pl.DataFrame:
    """Merged minutes of a random walk."""
    opens = pl.datetime_range(start, end, "1m", closed="left", time_zone="UTC", eager=True).cast(TIME)
    close = (20_000 * np.exp(np.cumsum(random.normal(0, 1e-4, opens.len())))).round(2)
    volume = random.gamma(1, 10, opens.len()).round(5)
    prices = {"open": close, "high": close + 1, "low": close - 1, "close": close, "vwap": close}
    flows = dict.fromkeys(("volume", "taker_buy_volume"), volume)
    quotes = dict.fromkeys(("quote_volume", "taker_buy_quote_volume"), (volume * close).round(7))
    frame = pl.DataFrame({"open_time": opens, **prices, **flows, **quotes})
    more = [(pl.col("volume") * 10).cast(pl.Int64).alias("trades"), pl.lit("binance_archive").alias("source")]
    schema = merged_bar(funding=False)
    return with_known_at(frame.with_columns(more), Interval.parse("1m")).select(schema.names()).cast(schema)


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Reads the lake at `root` in one `way`."""
    catalog, root = load_catalog(PACKAGED), Path(job["root"])
    clock = Clock.start()
    rows = _READ[job["way"]](root, catalog).height
    return {"all": clock.read(), "rows": rows}


def _files(root: Path) -> list[Path]:
    return sorted((root / "merged" / DATASET).glob(f"*/*/{PART}"))


def _duckdb(root: Path, catalog: Catalog) -> pl.DataFrame:  # noqa: ARG001 - the others need it
    import duckdb

    source = f"read_parquet('{root}/merged/{DATASET}/*/*/{PART}', hive_partitioning = true)"
    sql = f"SELECT symbol, avg(close) FROM {source} GROUP BY symbol"  # noqa: S608 - our own folder
    return pl.DataFrame(duckdb.execute(sql).fetchall(), orient="row")


_SQL = f"SELECT symbol, avg(close) FROM {DATASET} GROUP BY symbol"  # noqa: S608 - our own name
_READ: dict[str, Callable[[Path, Catalog], pl.DataFrame]] = {
    "polars all": lambda root, _: pl.read_parquet(_files(root), hive_partitioning=True),
    "polars few": lambda root, _: pl.read_parquet(_files(root), columns=["symbol", *FEW], hive_partitioning=True),
    "load all": lambda root, catalog: load(DATASET, root=root, catalog=catalog),
    "load few": lambda root, catalog: load(DATASET, columns=FEW, root=root, catalog=catalog),
    "duckdb": _duckdb,
    "query": lambda root, catalog: query(Store(root), catalog, _SQL),
}

if __name__ == "__main__":
    answer(context)
