"""Measuring: every measurement is a fresh process, so its peak of memory is its own and only the page cache is warm."""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Measured:
    """One process: `wall` (s, from its start to its exit) and the report that it wrote."""

    wall: float
    report: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.report[name]


class BenchmarkError(RuntimeError):
    """A measured process failed, or did other work than it was to do."""


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a measured process: the caller's own settings of bcdata and Dagster are left out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BCDATA_", "DAGSTER_"))}
    return {**kept, "PYTHONPATH": str(PROJECT), "DAGSTER_DISABLE_TELEMETRY": "1", **extra}


def timed(words: Iterable[str], *, cwd: Path, extra: Mapping[str, str], given: str = "") -> float:
    """Runs a command and returns its wall time in seconds.

    Raises:
        BenchmarkError: it ended with another status than 0; the end of its standard error is in the text.
    """
    words = list(words)
    began = perf_counter()
    done = subprocess.run(
        words, cwd=cwd, env=environment(extra), input=given, capture_output=True, text=True, check=False
    )
    wall = perf_counter() - began
    if done.returncode:
        raise BenchmarkError(f"{' '.join(words[:6])} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return wall


def child(
    module: str,
    job: Mapping[str, Any],
    *,
    cwd: Path | None = None,
    extra: Mapping[str, str] | None = None,
    python: str | None = None,
) -> Measured:
    """Runs `python -m benchmarks.<module>` on a job and returns its wall time and report.

    Another interpreter than this one is taken where `python` names it.

    Raises:
        BenchmarkError: it failed.
    """
    with tempfile.TemporaryDirectory(prefix="bcdata-report-") as folder:
        out = Path(folder) / "report.json"
        words = [python or sys.executable, "-m", f"benchmarks.{module}", str(out)]
        wall = timed(words, cwd=cwd or Path(folder), extra=extra or {}, given=json.dumps(job))
        return Measured(wall, json.loads(out.read_text()))


def answer(context: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The other end of `child`: reads the job, does it, writes the report with the peak of memory (MB)."""
    report = context(json.load(sys.stdin))
    Path(sys.argv[1]).write_text(json.dumps({**report, "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """The peak of this process's resident memory.

    Not from getrusage where that can be helped: there a child begins with its parent's peak.
    """
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


@dataclass(slots=True)
class Clock:
    """Wall and processor time (s, all threads) from its making on."""

    began: float
    used: float

    @classmethod
    def start(cls) -> "Clock":
        """A clock that starts now."""
        return cls(perf_counter(), _cpu())

    def read(self) -> dict[str, float]:
        """`seconds` and `cpu` since the start."""
        return {"seconds": perf_counter() - self.began, "cpu": _cpu() - self.used}


def _cpu() -> float:
    times = os.times()
    return times.user + times.system


def alternating(rounds: int, kinds: Mapping[str, Callable[[], Measured]]) -> dict[str, list[Measured]]:
    """Measures all kinds in each round, in turn and back, so that a slow minute hits all of them."""
    found: dict[str, list[Measured]] = {name: [] for name in kinds}
    for number in range(rounds):
        for name in list(kinds) if number % 2 == 0 else reversed(list(kinds)):
            found[name].append(kinds[name]())
    return found


def median(values: Iterable[float]) -> float:
    """The median of a few rounds."""
    return statistics.median(values)


def median_ratio(above: Iterable[float], below: Iterable[float]) -> float:
    """The median of the rounds' own ratios: what was measured together is compared together."""
    return statistics.median(one / other for one, other in zip(above, below, strict=True))
