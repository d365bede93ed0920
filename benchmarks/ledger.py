"""The gap ledger of a large lake: scanning it, coverage, the picture; against reading the same files bare."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from bcdata.catalog import Catalog, load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.frames.schema import LEDGER
from bcdata.ledger.ledger import Status
from bcdata.reporting.gap_report import DatasetGaps, GapRequest, ask
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Grain
from benchmarks.measure import Clock, alternating, answer, child, median
from benchmarks.tables import Result, Table

NAME = "ledger"
DATASET = "spot_klines_1m"
NOW = datetime(2024, 6, 1, tzinfo=UTC)
_FIRST = datetime(2017, 9, 1, tzinfo=UTC)
_SEED = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the lake is, and how often each is measured."""

    symbols: int = 500
    months: int = 80
    rounds: int = 2


QUICK = Plan(symbols=3, months=2, rounds=1)
WAYS = {
    "bytes": "the files' bytes, nothing more (floor)",
    "one by one": "one polars frame a file",
    "runs": "runs of missing bars (`bcdata gaps --json`)",
    "coverage": "coverage by symbol and month",
    "picture": "coverage, drawn as SVG",
}


def run(plan: Plan) -> Result:
    """Makes a lake of ledgers and measures every way of reading it."""
    with tempfile.TemporaryDirectory(prefix="bcdata-ledgers-") as folder:
        runs = _make(Path(folder), plan)
        kinds = {way: _measured(way, folder) for way in WAYS}
        found = alternating(plan.rounds, kinds)
    rows = [
        (words, median(one["all"]["seconds"] for one in found[way]), median(one["peak_mb"] for one in found[way]))
        for way, words in WAYS.items()
    ]
    title = f"Ledgers of {plan.symbols} symbols × {plan.months} months, {runs:,} runs of missing bars"
    note = "Seconds inside a fresh process, imports not counted. All list the lake's files first."
    measured = {way: [asdict(one) for one in taken] for way, taken in found.items()}
    return Result(NAME, [Table(title, ("", "s", "peak MB"), rows, note)], measured)


def _measured(way: str, root: str) -> Callable[[], Any]:
    return lambda: child("ledger", {"way": way, "root": root})


def _make(root: Path, plan: Plan) -> int:
    """Ledgers as real lakes have them: most empty, some with a few runs. Returns the number of runs."""
    random, store, made = Random(_SEED), Store(root), 0  # noqa: S311 - not for secrets
    last = Grain.MONTH.keys(Grain.MONTH.key(_FIRST), "2100-12")[plan.months - 1]
    for number in range(plan.symbols):
        for key in Grain.MONTH.keys(Grain.MONTH.key(_FIRST), last):
            rows = _runs(random, Grain.MONTH.window(key).start)
            made += rows.height
            place = Partition("gaps", DATASET, f"S{number:03d}USDT", key)
            store.publish(place, rows, fingerprint="0" * 64, rules="1", record={"dataset": DATASET})
    store.close()
    return made


def _runs(random: Random, start: datetime) -> pl.DataFrame:
    rows = []
    for part in range(random.choice((0, 0, 0, 1, 2))):
        first = start + timedelta(minutes=part * 20_000 + random.randrange(19_000))
        bars = random.randrange(1, 90)
        status = random.choice([status.value for status in Status])
        rows.append((first, first + timedelta(minutes=bars - 1), bars, status, "made up"))
    return pl.DataFrame(rows, schema=LEDGER, orient="row")


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Reads the lake at `root` in one `way`."""
    catalog, store = load_catalog(PACKAGED), Store(Path(job["root"]))
    clock = Clock.start()
    size = _READ[job["way"]](store, catalog)
    return {"all": clock.read(), "size": size}


def _gaps(store: Store, catalog: Catalog) -> DatasetGaps:
    (found,) = ask(store, catalog, GapRequest(datasets=(DATASET,)), now=NOW)
    return found


def _bare(store: Store) -> list[Path]:
    return [store.root / info.key for info in store.files("gaps", DATASET)]


_READ: dict[str, Callable[[Store, Catalog], int]] = {
    "bytes": lambda store, _: sum(len(path.read_bytes()) for path in _bare(store)),
    "one by one": lambda store, _: sum(pl.read_parquet(path).height for path in _bare(store)),
    "runs": lambda store, catalog: _gaps(store, catalog).runs.height,
    "coverage": lambda store, catalog: _gaps(store, catalog).cells(Grain.MONTH).height,
    "picture": lambda store, catalog: len(_gaps(store, catalog).picture(Grain.MONTH)),
}

if __name__ == "__main__":
    answer(context)
