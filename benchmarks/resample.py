"""Resampling a month of minutes: ours, with its counts of what was there, against polars' plain group_by_dynamic."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from bcdata.bars.resample import Resampling, resample
from bcdata.frames.schema import LEDGER
from bcdata.interval import Interval
from bcdata.venues.calendar import calendar
from bcdata.venues.hours import ALWAYS
from bcdata.windows import Window
from benchmarks.feature_work import START, make_bars
from benchmarks.measure import Measured, alternating, answer, child, median, median_ratio
from benchmarks.tables import Result, Table

NAME = "resample"
INTERVALS = ("5m", "1h", "1d")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many days of minutes, how often each interval is computed in a process, and how many processes."""

    days: int = 365
    times: int = 5
    rounds: int = 3


QUICK = Plan(days=3, times=1, rounds=1)


def run(plan: Plan) -> Result:
    """Measures both on the same bars, interval by interval."""
    with tempfile.TemporaryDirectory(prefix="bcdata-bars-") as folder:
        path = Path(folder) / "bars.parquet"
        make_bars(path, plan.days, seed=1)
        found = alternating(plan.rounds, {way: _measured(way, path, plan.times) for way in WAYS})
    rows = [_row(name, found) for name in INTERVALS]
    header = ("1m to", "bcdata, ms", "group_by_dynamic, ms", "bcdata ÷ polars")
    note = "Both give OHLC, sums and VWAP; ours also counts what was there, and what was expected and explained."
    title = f"Resampling {plan.days} days of minutes of one symbol"
    return Result(
        NAME, [Table(title, header, rows, note)], {way: [asdict(one) for one in taken] for way, taken in found.items()}
    )


def _row(name: str, found: dict[str, list[Measured]]) -> tuple[str | float, ...]:
    own, theirs = ([1000 * one["seconds"][name] for one in found[way]] for way in WAYS)
    return name, median(own), median(theirs), median_ratio(own, theirs)


def _measured(way: str, path: Path, times: int) -> Callable[[], Measured]:
    return lambda: child("resample", {"way": way, "bars": str(path), "times": times})


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Resamples the bars to every interval; the fastest of so many times, and how many windows came out."""
    bars, way = pl.read_parquet(job["bars"]), WAYS[job["way"]]
    seconds, rows = {}, {}
    for name in INTERVALS:
        interval = Interval.parse(name)
        way(bars.head(2000), interval)
        spent = []
        for _ in range(job["times"]):
            began = perf_counter()
            rows[name] = way(bars, interval).height
            spent.append(perf_counter() - began)
        seconds[name] = min(spent)
    return {"seconds": seconds, "rows": rows}


def _bcdata(bars: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    window = Window(START, START + timedelta(minutes=bars.height))
    ledger, days = pl.DataFrame(schema=LEDGER), calendar(ALWAYS)
    return resample(bars, ledger, Resampling(interval), window=window, finer=Interval.parse("1m"), calendar=days)


def _polars(bars: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    flows = ("volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume")
    return (
        bars.group_by_dynamic("open_time", every=interval.name)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col(flows).sum(),
        )
        .with_columns((pl.col("quote_volume") / pl.col("volume")).alias("vwap"))
    )


WAYS: dict[str, Callable[[pl.DataFrame, Interval], pl.DataFrame]] = {"bcdata": _bcdata, "polars": _polars}

if __name__ == "__main__":
    answer(context)
