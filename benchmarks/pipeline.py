"""raw → parsed → merged without Dagster, against the floor and against what one writes in an afternoon."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.archive_server import archive_server
from benchmarks.cases import NOW, Case, generate, generated_case, real_cases
from benchmarks.measure import BenchmarkError, Measured, alternating, child, median, median_ratio
from benchmarks.tables import Result, Table

NAME = "pipeline"
_AFTERNOON = ("lines", "polars")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure: rectangles of (symbols, months, rounds), rounds on real data."""

    generated: tuple[tuple[int, int, int], ...] = ((10, 12, 2), (50, 12, 1))
    real_rounds: int = 5
    afternoon_up_to: int = 1000
    """Symbol-days above which the slow loops are left out."""


QUICK = Plan(generated=((2, 1, 1),), real_rounds=0)


def run(plan: Plan, mirror: Path) -> Result:
    """Measures all cases; archives are generated into the mirror before anything is timed."""
    generate(mirror, [(symbols, months) for symbols, months, _ in plan.generated])
    cases = [(case, plan.real_rounds) for case in real_cases() if plan.real_rounds]
    cases += [(generated_case(mirror, symbols, months), rounds) for symbols, months, rounds in plan.generated]
    found = [(case, measure(case, rounds, afternoon=case.days <= plan.afternoon_up_to)) for case, rounds in cases]
    return Result(NAME, tables(found), {case.title: _plain(rounds) for case, rounds in found})


def measure(case: Case, rounds: int, *, afternoon: bool) -> dict[str, list[Measured]]:
    """The rounds of one case: floor, bcdata and the afternoon's loops in turn, each in a fresh place."""
    with tempfile.TemporaryDirectory(prefix="bcdata-bench-") as name, archive_server(case.folder) as served:
        scratch = Path(name)
        settings = {
            **served,
            "BCDATA_NOW": NOW,
            "BCDATA_CATALOG": str(case.catalog(scratch / "catalog.yaml")),
            "BCDATA_STATE": str(scratch / "state"),
            "BCDATA_ROOT": str(scratch / "out"),
        }
        kinds: dict[str, Callable[[], Measured]] = {
            "floor": lambda: _fresh(scratch, "floor", {**_files(case, scratch), **_meaning(case)}),
            "bcdata": lambda: _fresh(scratch, "operations", _request(case), settings),
        }
        for reader in _AFTERNOON if afternoon else ():
            kinds[reader] = lambda reader=reader: _fresh(  # type: ignore[misc]
                scratch, "naive", {**_files(case, scratch), "reader": reader}
            )
        found = alternating(rounds, kinds)
    rows = {name: measured[0]["rows"] for name, measured in found.items()}
    if len(set(rows.values())) != 1:
        raise BenchmarkError(f"{case.title}: not the same work was done: {rows}")
    return found


def _fresh(scratch: Path, module: str, job: dict[str, Any], extra: Mapping[str, str] | None = None) -> Measured:
    """Runs a child that writes to `<scratch>/out`, and clears what it wrote, untimed."""
    try:
        return child(module, job, cwd=scratch, extra=extra)
    finally:
        for place in ("out", "warm-up"):
            shutil.rmtree(scratch / place, ignore_errors=True)


def _files(case: Case, scratch: Path) -> dict[str, Any]:
    return {"partitions": case.partitions, "out": str(scratch / "out")}


def _meaning(case: Case) -> dict[str, Any]:
    return {"interval": case.dataset.rpartition("_")[2], "perpetual": case.market != "spot"}


def _request(case: Case) -> dict[str, Any]:
    return {"dataset": case.dataset, "pairs": case.pairs, "until": "merged", "refill": False, "warm_up": True}


def tables(found: Sequence[tuple[Case, dict[str, list[Measured]]]]) -> list[Table]:
    """Milliseconds a symbol-day and ratios; memory and processor time; the afternoon's loops."""
    header = ("ms a symbol-day", "floor", "fetch + raw", "parsed", "merged", "all",
              "parsed + merged ÷ floor", "all ÷ floor")  # fmt: skip
    cost = ("", "floor: CPU ms", "bcdata: CPU ms", "CPU ratio", "floor: peak MB", "bcdata: peak MB")
    loops = ("ms a symbol-day", "csv lines", "polars a file", "floor", "bcdata, parsed + merged", "csv lines ÷ bcdata")
    return [
        Table("Wall time", header, [_wall(case, rounds) for case, rounds in found], _WALL_NOTE),
        Table("Processor time and memory", cost, [_cost(case, rounds) for case, rounds in found], _COST_NOTE),
        Table("What one writes in an afternoon", loops,
              [_loops(case, rounds) for case, rounds in found if "lines" in rounds], _LOOPS_NOTE),
    ]  # fmt: skip


_WALL_NOTE = (
    "Medians of alternating rounds; ratios are medians of each round's own ratio. `fetch + raw` includes the loopback"
    " server, which is another process on the same cores; `parsed + merged` starts with raw in place, as the floor"
    " starts with the zips on disk. The floor has no gate, ledger, fingerprints, quarantine or second zone."
)
_COST_NOTE = "All threads of the measured process, fetching included; the peak includes interpreter and libraries."
_LOOPS_NOTE = "`zipfile`, one frame and one Parquet file for each zip; nothing is checked, and reruns do it all again."


def seconds(one: Measured, zone: str) -> float:
    """The wall time of one zone's asset in a round of bcdata."""
    return sum(float(spent["seconds"]) for key, spent in one["steps"].items() if key.startswith(f"{zone}/"))


def _wall(case: Case, rounds: dict[str, list[Measured]]) -> list[str | float]:
    def ms(values: Sequence[float]) -> float:
        return median(values) * 1000 / case.days

    ours, floor = rounds["bcdata"], [one["all"]["seconds"] for one in rounds["floor"]]
    made = [seconds(one, "parsed") + seconds(one, "merged") for one in ours]
    whole = [one["all"]["seconds"] for one in ours]
    zones = [ms([seconds(one, zone) for one in ours]) for zone in ("raw", "parsed", "merged")]
    return [case.title, ms(floor), *zones, ms(whole), median_ratio(made, floor), median_ratio(whole, floor)]


def _cost(case: Case, rounds: dict[str, list[Measured]]) -> list[str | float]:
    floor, ours = ([one["all"]["cpu"] for one in rounds[name]] for name in ("floor", "bcdata"))
    peaks = [max(one["peak_mb"] for one in rounds[name]) for name in ("floor", "bcdata")]
    per_day = [median(values) * 1000 / case.days for values in (floor, ours)]
    return [case.title, *per_day, median_ratio(ours, floor), *peaks]


def _loops(case: Case, rounds: dict[str, list[Measured]]) -> list[str | float]:
    ours = [seconds(one, "parsed") + seconds(one, "merged") for one in rounds["bcdata"]]
    lines, by_polars, floor = ([one["all"]["seconds"] for one in rounds[name]] for name in (*_AFTERNOON, "floor"))
    per_day = [median(values) * 1000 / case.days for values in (lines, by_polars, floor, ours)]
    return [case.title, *per_day, median_ratio(lines, ours)]


def _plain(rounds: dict[str, list[Measured]]) -> dict[str, Any]:
    return {name: [asdict(one) for one in measured] for name, measured in rounds.items()}
