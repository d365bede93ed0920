"""A month's features of many symbols through Dagster: what reading, kernels, audit, writing and orchestration take."""

import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest import mock

from bcdata.pipeline.features import table as features
from bcdata.pipeline.features.inputs import FeatureInputs
from benchmarks.cases import generate, generated_case
from benchmarks.measure import Measured, answer, child, median
from benchmarks.operations import context as operate
from benchmarks.orchestration import Place, place
from benchmarks.tables import Result, Table

NAME = "feature_month"
PARTS = {
    "reading": "reading merged bars and those around",
    "kernels": "kernels",
    "audit": "audit",
    "writing": "writing Parquet",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How many symbols, and how often."""

    symbols: int = 50
    rounds: int = 2


QUICK = Plan(symbols=2, rounds=1)


def run(plan: Plan, mirror: Path) -> Result:
    """Makes the merged bars once, then the features again and again: by the command, and by the operation alone."""
    generate(mirror, [(plan.symbols, 1)])
    with place(generated_case(mirror, plan.symbols, 1)) as here:
        here.command("merged")
        whole, alone = [], []
        for _ in range(plan.rounds):
            whole.append(_without_features(here, lambda: here.command("features")))
            alone.append(_without_features(here, lambda: _alone(here)))
        upstream = [here.command("merged") for _ in range(plan.rounds)]
    found = {"whole": whole, "alone": alone, "upstream": upstream}
    return Result(NAME, [_table(plan, found)], {name: [asdict(one) for one in taken] for name, taken in found.items()})


def _without_features(here: Place, measure: Callable[[], Measured]) -> Measured:
    shutil.rmtree(here.home / "data/features", ignore_errors=True)
    return measure()


def _alone(here: Place) -> Measured:
    return child("feature_month", here.job("features"), cwd=here.home, extra=here.settings)


def _table(plan: Plan, found: dict[str, list[Measured]]) -> Table:
    walls = {name: median(one.wall for one in taken) for name, taken in found.items()}
    operation = median(one["steps"]["features/spot_klines_1m"]["seconds"] for one in found["alone"])
    threads = {part: median(one["parts"][part] for one in found["alone"]) for part in PARTS}
    total = sum(threads.values())
    rows: list[tuple[str | float, ...]] = [
        ("`bcdata materialize --until features`, merged there already", walls["whole"], ""),
        ("the same up to merged: start, event log, nothing to do", walls["upstream"], ""),
        ("the features alone, without Dagster, two threads", operation, ""),
        *((f"— {words}", operation * threads[part] / total, threads[part]) for part, words in PARTS.items()),
    ]
    note = (
        "The parts are measured on each thread; the first column is their share of the time alone. What is left of the "
        "whole run, after the two lines below it, is the event log of the features."
    )
    peak = median(one["peak_mb"] for one in found["whole"])
    title = f"A month of features, {plan.symbols} symbols (peak {peak:,.0f} MB)"
    return Table(title, ("", "s", "thread-seconds"), rows, note)


def context(job: dict[str, Any]) -> dict[str, Any]:
    """The operations of a plan, with a clock on each part of the features."""
    spent, lock = dict.fromkeys(PARTS, 0.0), threading.Lock()

    def clocked(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            began = perf_counter()
            try:
                return function(*given, **named)
            finally:
                with lock:
                    spent[part] += perf_counter() - began

        return call

    with ExitStack() as stack:
        for owner, name, part in (
            (FeatureInputs, "bars", "reading"),
            (FeatureInputs, "around", "reading"),
            (features, "compute_counted", "kernels"),
            (features, "audit", "audit"),
            (features, "publish", "writing"),
        ):
            stack.enter_context(mock.patch.object(owner, name, clocked(part, getattr(owner, name))))
        return {**operate(job), "parts": spent}


if __name__ == "__main__":
    answer(context)
