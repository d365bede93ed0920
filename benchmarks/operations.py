"""bcdata's operations alone, without Dagster: every asset of a plan, one after the other, as a run does them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bcdata import clock
from bcdata.catalog import Catalog, load_catalog
from bcdata.pipeline.context import open_run_context
from bcdata.pipeline.zones import Step, Zone, operation
from bcdata.runs.plan import MaterializeRequest, make_plan
from bcdata.settings import Settings
from benchmarks.measure import BenchmarkError, Clock, answer


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Materializes `pairs` of symbol and date key of `dataset`, up to `until`; the environment says where.

    With `warm_up`, the first pair is done once elsewhere before the clock starts: libraries prepare themselves at
    their first use, which would weigh on short jobs.
    """
    catalog = load_catalog()
    pairs = [(str(symbol), str(date)) for symbol, date in job["pairs"]]
    dates = sorted({date for _, date in pairs})
    request = MaterializeRequest(
        job["dataset"], tuple(dict(pairs)), dates[0], dates[-1], Zone(job["until"]), refill=job["refill"]
    )
    plan = make_plan(catalog, request, clock.now())
    root = Settings().root
    if job["warm_up"]:
        _materialize(catalog, plan.steps, pairs[:1], root.with_name("warm-up"))
    return _materialize(catalog, plan.steps, pairs, root)


def _materialize(
    catalog: Catalog, steps: Iterable[Step], pairs: Sequence[tuple[str, str]], root: Path
) -> dict[str, Any]:
    chosen = [(step, operation(step)) for step in steps]
    spent: dict[str, dict[str, float]] = {}
    rows, fetched = 0, dict.fromkeys(("objects", "bytes", "controls", "control_bytes"), 0)
    whole = Clock.start()
    with open_run_context(root, catalog, clock.now()) as bench:
        for step, materialize in chosen:
            began = Clock.start()
            partitions = [step.partition(symbol, date) for symbol, date in pairs]
            outcomes = list(materialize(bench, catalog[step.dataset], partitions))
            spent["/".join(step.key)] = began.read()
            bad = [f"{one.partition}: {one.verdict.summary()}" for one in outcomes if not one.ok]
            if bad:
                raise BenchmarkError(f"{len(bad)} of {len(outcomes)} failed, first {bad[0]}")
            rows = sum(one.rows for one in outcomes) if step.zone is Zone.MERGED else rows
            if step.zone is Zone.RAW:
                for one in outcomes:
                    facts = {"objects": one.verdict.rows, "controls": one.requests - one.verdict.rows}
                    for name, count in {**facts, **one.verdict.facts}.items():
                        fetched[name] = fetched.get(name, 0) + count
    return {"all": whole.read(), "steps": spent, "rows": rows, "fetched": fetched}


if __name__ == "__main__":
    answer(context)
