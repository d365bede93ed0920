"""Ticks of the sensors over a lake of many symbols: the first of each, and one more with nothing new to see."""

import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from bcdata import clock
from bcdata.simulate import FolderMarket, LoopbackExchange
from benchmarks.cases import NOW, first_months, generate_keys, names
from benchmarks.measure import PROJECT, BenchmarkError, Measured, answer, child, timed
from benchmarks.tables import Result, Table

NAME = "ticks"
DATASET = "spot_klines_1h"
SENSORS = ("discover_symbols", "universe", "freshness", "repair", "refill", "republished", "stale", "alert_quality")


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the lake is, and how many ticks are taken one after the other."""

    symbols: int = 500
    months: int = 3
    ticks: int = 3
    sensors: tuple[str, ...] = SENSORS


QUICK = Plan(symbols=3, months=1, ticks=2, sensors=("discover_symbols", "refill"))


def run(plan: Plan, mirror: Path) -> Result:
    """Materializes the lake from a loopback exchange, features included, and takes ticks of every sensor."""
    months = first_months(plan.months)
    generate_keys(mirror, plan.symbols, lambda symbol: (_key(symbol, month) for month in months))
    with (
        tempfile.TemporaryDirectory(prefix="bcdata-ticks-") as folder,
        LoopbackExchange(FolderMarket(mirror), now=clock.parse_instant(NOW)) as exchange,
    ):
        here = Path(folder)
        settings = _furnished(here, exchange.environment(), months[0])
        words = [sys.executable, "-m", "bcdata", "materialize", "--dataset", DATASET,
                 "--symbols", ",".join(names(plan.symbols)), "--from", months[0], "--to", months[-1]]  # fmt: skip
        spent = timed(words, cwd=here, extra=settings)
        found = {
            name: child(NAME, {"sensor": name, "ticks": plan.ticks}, cwd=here, extra=settings) for name in plan.sensors
        }
    title = f"Ticks over {plan.symbols} symbols × {plan.months} months of {DATASET}, features included"
    return Result(NAME, [_table(title, found)], {"materialize": spent, **{n: asdict(one) for n, one in found.items()}})


def _table(title: str, found: dict[str, Measured]) -> Table:
    rows = [(name, one["seconds"][0], max(one["seconds"][1:]), one["peak_mb"]) for name, one in found.items()]
    note = "Seconds of a tick in a fresh process; a tick begins nothing new after 15 s, and goes on with the next."
    return Table(title, ("sensor", "first tick, s", "longest of the next, s", "peak MB"), rows, note)


def _furnished(here: Path, served: dict[str, str], start: str) -> dict[str, str]:
    """A Dagster home like the project's own, and a catalog whose symbols a universe chooses."""
    shutil.copy(PROJECT / "dagster.yaml", here)
    catalog = here / "catalog.yaml"
    catalog.write_text(
        f"datasets:\n  {DATASET}:\n    grain: month\n    start: {start}\n    universe: {{quote: [USDT]}}\n"
        "    sources: [binance_archive, binance_rest]\n"
    )
    return {
        **served,
        "BCDATA_NOW": NOW,
        "BCDATA_CATALOG": str(catalog),
        "BCDATA_STATE": str(here / "state"),
        "BCDATA_ROOT": str(here / "data"),
        "DAGSTER_HOME": str(here),
    }


def _key(symbol: str, month: str) -> str:
    return f"data/spot/monthly/klines/{symbol}/1h/{symbol}-1h-{month}.zip"


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Takes ticks of one `sensor` on the lake that the environment names."""
    import dagster as dg

    from bcdata.catalog import load_catalog
    from bcdata.dagster.build import build_defs
    from bcdata.dagster.launch import open_instance
    from bcdata.dagster.resources import build_resources
    from bcdata.settings import Settings

    sensor = build_defs(load_catalog()).get_repository_def().get_sensor_def(job["sensor"])
    cursor: str | None = None
    seconds, said = [], []
    with open_instance(Settings().root) as instance:
        for _ in range(job["ticks"]):
            with dg.build_sensor_context(instance, cursor=cursor, resources=build_resources()) as built:
                begun = perf_counter()
                data = sensor.evaluate_tick(built)
                seconds.append(perf_counter() - begun)
            cursor = data.cursor
            said.append(data.skip_message or f"{len(data.run_requests or [])} runs")
    if any("could not be looked at" in one for one in said):
        raise BenchmarkError(f"{job['sensor']}: {said}")
    return {"seconds": seconds, "said": said}


if __name__ == "__main__":
    answer(context)
