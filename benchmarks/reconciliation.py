"""What it costs to read days beside months and to compare with coarser bars: the same market under each policy."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bcdata.windows import Grain
from benchmarks.archive_server import archive_server
from benchmarks.cases import NOW, first_months, generate_keys, names
from benchmarks.measure import BenchmarkError, Measured, alternating, child, median, median_ratio
from benchmarks.tables import Result, Table

NAME = "reconciliation"
_DATASET = "spot_klines_1m"
BASE = "months alone"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure: symbols, months of each, rounds."""

    symbols: int = 10
    months: int = 6
    rounds: int = 3

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Symbol and month of each partition."""
        return [(symbol, month) for symbol in names(self.symbols) for month in first_months(self.months)]

    @property
    def days(self) -> int:
        """Symbol-days."""
        return sum(len(list(Grain.MONTH.window(month).days())) for _, month in self.pairs)


QUICK = Plan(symbols=1, months=1, rounds=1)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is read: lines of the catalog, and whether the archive has coarser files to compare with."""

    name: str
    catalog: str = ""
    has_controls: bool = True


POLICIES = (
    Policy(BASE, "    archive: [monthly]\n"),
    Policy("months alone, no coarser files", "    archive: [monthly]\n", has_controls=False),
    Policy("months first", "    monthly_replaces_daily: true\n"),
    Policy("days and months, reconciled (the default)"),
    Policy("days and months, no coarser files", has_controls=False),
)


def run(plan: Plan, mirror: Path) -> Result:
    """Measures all policies in turn; the archives are generated before anything is timed."""
    folders = {has: mirror / ("with-hours" if has else "minutes-alone") for has in (True, False)}
    for has_controls, folder in folders.items():
        generate_keys(folder, plan.symbols, lambda symbol, has=has_controls: _keys(symbol, plan, has=has))  # type: ignore[misc]
    kinds: dict[str, Callable[[], Measured]] = {
        policy.name: lambda policy=policy: _measure(policy, plan, folders[policy.has_controls])  # type: ignore[misc]
        for policy in POLICIES
    }
    found = alternating(plan.rounds, kinds)
    rows = {name: measured[0]["rows"] for name, measured in found.items()}
    if len(set(rows.values())) != 1:
        raise BenchmarkError(f"not the same bars came out: {rows}")
    plain = {name: [asdict(one) for one in measured] for name, measured in found.items()}
    return Result(NAME, tables(plan, found), plain)


def _keys(symbol: str, plan: Plan, *, has: bool) -> Iterator[str]:
    """All keys of the symbol's months: minutes by day and by month; hours and days likewise, if it has them."""
    for interval in ("1m", "1h", "1d") if has else ("1m",):
        for month in first_months(plan.months):
            yield _key(symbol, "monthly", interval, month)
            for day in Grain.MONTH.window(month).days():
                yield _key(symbol, "daily", interval, str(day))


def _key(symbol: str, period: str, interval: str, date: str) -> str:
    return f"data/spot/{period}/klines/{symbol}/{interval}/{symbol}-{interval}-{date}.zip"


def _measure(policy: Policy, plan: Plan, folder: Path) -> Measured:
    """One policy in a fresh lake."""
    with tempfile.TemporaryDirectory(prefix="bcdata-bench-") as name, archive_server(folder) as served:
        scratch = Path(name)
        catalog = scratch / "catalog.yaml"
        catalog.write_text(
            f"datasets:\n  {_DATASET}:\n    grain: month\n    start: {first_months(1)[0]}\n"
            f"    symbols: [{', '.join(names(plan.symbols))}]\n    sources: [binance_archive, binance_rest]\n"
            + policy.catalog
        )
        settings = {
            **served,
            "BCDATA_NOW": NOW,
            "BCDATA_CATALOG": str(catalog),
            "BCDATA_STATE": str(scratch / "state"),
            "BCDATA_ROOT": str(scratch / "out"),
        }
        job = {"dataset": _DATASET, "pairs": plan.pairs, "until": "merged", "refill": False, "warm_up": True}
        try:
            return child("operations", job, cwd=scratch, extra=settings)
        finally:
            shutil.rmtree(scratch / "out", ignore_errors=True)


def tables(plan: Plan, found: dict[str, list[Measured]]) -> list[Table]:
    """Milliseconds a symbol-day and ratios to months alone; objects and bytes a symbol and month."""
    time = ("ms a symbol-day", "fetch + raw", "parsed", "merged", "all", f"÷ {BASE}")
    cost = ("a symbol and month", "objects", "kB", "coarser objects", "coarser kB", "requests")
    title = f"{plan.symbols} generated symbols 1m × {plan.months} months"
    return [
        Table(f"Time, {title}", time, [_time(plan, name, found) for name in found], _TIME_NOTE),
        Table(f"Second source, {title}", cost, [_cost(plan, name, found[name]) for name in found], _COST_NOTE),
    ]


_TIME_NOTE = "Medians of alternating rounds. Days and months hold the same rows, as they mostly do."
_COST_NOTE = (
    "Requests are those for objects: two for each (it and its CHECKSUM), one for a coarser one. Listings come on top: a"
    " page or two for each interval and period of a symbol and run, whatever the range. Where the archive has no"
    " coarser files REST is asked for day bars instead: one request of weight 2 for a symbol and up to 1,000 days."
)


def _time(plan: Plan, name: str, found: dict[str, list[Measured]]) -> list[str | float]:
    def ms(values: Sequence[float]) -> float:
        return median(values) * 1000 / plan.days

    mine = found[name]
    zones = [ms([_seconds(one, zone) for one in mine]) for zone in ("raw", "parsed", "merged")]
    whole = [one["all"]["seconds"] for one in mine]
    base = [one["all"]["seconds"] for one in found[BASE]]
    return [name, *zones, ms(whole), median_ratio(whole, base)]


def _seconds(one: Measured, zone: str) -> float:
    return sum(float(spent["seconds"]) for key, spent in one["steps"].items() if key.startswith(f"{zone}/"))


def _cost(plan: Plan, name: str, mine: Sequence[Measured]) -> list[str | float]:
    fetched: dict[str, Any] = mine[0]["fetched"]
    each = {key: count / len(plan.pairs) for key, count in fetched.items()}
    requests = 2 * each["objects"] + each["controls"]
    return [name, each["objects"], each["bytes"] / 1000, each["controls"], each["control_bytes"] / 1000, requests]
