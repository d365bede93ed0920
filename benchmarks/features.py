"""The feature kernels: against TA-Lib called in a loop, against polars expressions, against writing the columns."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bcdata.features.registry import all_features
from benchmarks.feature_rivals import POLARS, TALIB
from benchmarks.feature_work import make_bars
from benchmarks.measure import Measured, alternating, child, median, median_ratio
from benchmarks.tables import Result, Table

NAME = "features"
_DEAREST = "hurst_1440"
"""In polars it is 32 rolling deviations, half of the time that all features take: told with it and without."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many symbols and days of one-minute bars, and how often each contestant runs."""

    symbols: int = 10
    days: int = 365
    rounds: int = 3


QUICK = Plan(symbols=2, days=4, rounds=1)


def run(plan: Plan) -> Result:
    """Measures every contestant on the same bars, and bcdata's features one by one."""
    with tempfile.TemporaryDirectory(prefix="bcdata-bars-") as folder:
        for number in range(plan.symbols):
            make_bars(Path(folder) / f"S{number}.parquet", plan.days, number)
        names = own_names()
        sets = alternating(plan.rounds, _kinds(folder, names))
        each = {way: child("feature_work", _job(way, folder, who, apart=True)) for way, who in _apart(names).items()}
    bars = plan.symbols * plan.days * 1440
    tables = [
        _whole(sets, names, bars),
        _rivals(sets, names),
        _each({way: one["each"] for way, one in each.items()}, bars),
    ]
    measured = {way: [asdict(one) for one in taken] for way, taken in sets.items()}
    return Result(NAME, tables, {"sets": measured, "each": {way: asdict(one) for way, one in each.items()}})


def own_names() -> list[str]:
    """The features that need one symbol's bars and nothing else."""
    return [one.name for one in all_features() if not any("@" in name or "funding" in name for name in one.inputs)]


def in_polars(names: Sequence[str]) -> list[str]:
    """Those of them that have a natural polars expression."""
    return [name for name in names if name in POLARS]


def in_talib(names: Sequence[str]) -> list[str]:
    """Those of them that TA-Lib has."""
    return [name for name in names if name in TALIB]


def _apart(names: Sequence[str]) -> dict[str, list[str]]:
    return {"bcdata": list(names), "talib": in_talib(names), "polars": in_polars(names)}


def _kinds(folder: str, names: Sequence[str]) -> dict[str, Callable[[], Measured]]:
    short = [name for name in in_polars(names) if name != _DEAREST]
    jobs = {
        "all": _job("bcdata", folder, names, threads=2),
        "all, one thread": _job("bcdata", folder, names),
        "write": _job("write", folder, names),
        "polars": _job("polars", folder, in_polars(names)),
        "polars's": _job("bcdata", folder, in_polars(names), threads=2),
        "short": _job("polars", folder, short),
        "short's": _job("bcdata", folder, short, threads=2),
        "over": _job("over", folder, short),
        "talib": _job("talib", folder, in_talib(names)),
        "talib's": _job("bcdata", folder, in_talib(names)),
        "talib's, two threads": _job("bcdata", folder, in_talib(names), threads=2),
    }
    return {name: lambda job=job: child("feature_work", job) for name, job in jobs.items()}  # type: ignore[misc]


def _job(way: str, folder: str, names: Sequence[str], *, threads: int = 1, apart: bool = False) -> dict[str, Any]:
    return {"way": way, "folder": folder, "names": list(names), "threads": threads, "apart": apart}


def _wall(taken: Sequence[Measured]) -> list[float]:
    return [one["all"]["seconds"] for one in taken]


def _peak(taken: Sequence[Measured]) -> float:
    return median(one["peak_mb"] for one in taken)


def _whole(sets: dict[str, list[Measured]], names: Sequence[str], bars: int) -> Table:
    rows = [
        (words, median(_wall(sets[name])), median(_wall(sets[name])) / bars / len(names) * 1e9, _peak(sets[name]))
        for name, words in (
            ("all", "bcdata, two threads"),
            ("all, one thread", "bcdata, one thread"),
            ("write", "writing as many columns (floor)"),
        )
    ]
    gain = median_ratio(_wall(sets["all, one thread"]), _wall(sets["all"]))
    note = (
        f"Threads work on a symbol each; two are {gain:.2f} times as fast as one. Reading the Parquet files included."
    )
    title = f"{len(names)} features of one symbol's own bars, {bars:,} bars"
    return Table(title, ("", "s", "ns a bar and feature", "peak MB"), rows, note)


def _rivals(sets: dict[str, list[Measured]], names: Sequence[str]) -> Table:
    talib, polars = len(in_talib(names)), len(in_polars(names))
    rows: list[tuple[str | float, ...]] = []
    for rival, own, words in (
        ("talib", "talib's", f"{talib} features, TA-Lib in a loop; both on one thread"),
        ("talib", "talib's, two threads", "the same, bcdata on two threads"),
        ("polars", "polars's", f"{polars} features, polars expressions, a frame a symbol; both on two cores"),
        ("short", "short's", f"the same without `{_DEAREST}`"),
        ("over", "short's", f"without `{_DEAREST}`, all symbols in one frame, `.over(symbol)`"),
    ):
        ratio = median_ratio(_wall(sets[rival]), _wall(sets[own]))
        both = [median(_wall(sets[rival])), median(_wall(sets[own]))]
        rows.append((words, *both, ratio, _peak(sets[rival]), _peak(sets[own])))
    header = ("the same features", "rival, s", "bcdata, s", "rival ÷ bcdata", "rival, peak MB", "bcdata, peak MB")
    note = "Rivals know no gaps, and give other bits from another start. Reading the Parquet files included."
    return Table("Against what one would use instead", header, rows, note)


def _each(seconds: dict[str, dict[str, float]], bars: int) -> Table:
    ms: dict[str, dict[str, str | float]] = {
        way: {name: 1000 * spent for name, spent in found.items()} for way, found in seconds.items()
    }
    rows: list[tuple[str | float, ...]] = [
        (name, spent, *(ms[way].get(name, "") for way in ("talib", "polars")))
        for name, spent in sorted(ms["bcdata"].items(), key=lambda item: -float(item[1]))
    ]
    note = (
        "Each alone with all that it needs; a set shares passes. bcdata and TA-Lib on one thread, polars on all cores."
    )
    return Table(f"ms a feature, {bars:,} bars", ("", "bcdata", "TA-Lib", "polars"), rows, note)
