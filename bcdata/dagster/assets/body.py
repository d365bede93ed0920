"""What happens when an asset is materialized: partition keys in, outcomes out as metadata and check evaluations."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.pictures import pictures
from bcdata.dagster.assets.preview import preview
from bcdata.dagster.checks import note_not_published, told
from bcdata.dagster.internals import NO_MATERIALIZATION, emitted
from bcdata.dagster.partitions import fixed_ranges, symbol_set
from bcdata.dagster.resources import run_context
from bcdata.dagster.verdicts import facts, findings_of_run, reason
from bcdata.pipeline.zones import Step, operation
from bcdata.runs.plan import NOW_BACK
from bcdata.sizes import size
from bcdata.store.layout import Partition
from bcdata.venues.symbols import complaint

if TYPE_CHECKING:
    from bcdata.pipeline.context import RunContext
    from bcdata.pipeline.outcome import Outcome


def run(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    dataset: Dataset,
    step: Step,
) -> Iterator[dg.MaterializeResult[None]]:
    """Materializes the run's partitions of one asset and tells of each of them.

    Dagster takes the result of a step for the materialization of all partitions of the run's range: while it does,
    those that were not published are left out of the range.
    """
    from bcdata.runs.progress import tell, tell_fetched

    wanted = _wanted(context, dataset, step)
    outcomes: dict[str, Outcome] = {}
    now_back = context.run.tags.get(NOW_BACK) == "true"
    with fixed_ranges() as ranges:
        with run_context(catalog, context.resources, now_back=now_back) as work:
            work.on_fetch = partial(tell_fetched, step)
            for outcome in operation(step)(work, dataset, list(wanted)) if wanted else ():
                outcomes[wanted[outcome.partition]] = outcome
                _note(context, step, outcome, wanted[outcome.partition])
                tell(step, outcome)
            ranges.leave_out({key for key, outcome in outcomes.items() if not outcome.ok})
            _draw(context, work, dataset, step, wanted)
        _conclude(context, step, outcomes)
        yield dg.MaterializeResult(
            metadata={} if emitted(context) else NO_MATERIALIZATION,
            check_results=[dg.AssetCheckResult(**findings_of_run(step, outcomes.values()))],
        )


def _note(context: dg.AssetExecutionContext, step: Step, outcome: "Outcome", key: str) -> None:
    if outcome.ok:
        context.add_asset_metadata(metadata_of(outcome), partition_key=key)
    else:
        context.log_event(observation(step, outcome, key))


def _conclude(context: dg.AssetExecutionContext, step: Step, outcomes: Mapping[str, "Outcome"]) -> None:
    for one in told(context.instance, step, outcomes):
        context.log_event(one)
    note_not_published(context.instance, context.run.run_id, outcomes.values())
    states = Counter(outcome.state.value for outcome in outcomes.values())
    context.log.info("%s: %s", "/".join(step.key), ", ".join(f"{n} {state}" for state, n in sorted(states.items())))


def _draw(
    context: dg.AssetExecutionContext,
    work: "RunContext",
    dataset: Dataset,
    step: Step,
    wanted: Mapping[Partition, str],
) -> None:
    """Adds to partitions that are published what is shown of them: of the run, to the one that the page shows."""
    order, of_key = emitted(context), {key: partition for partition, key in wanted.items()}
    if order and (last := of_key.get(order[-1])):
        context.add_asset_metadata(preview(work.store.root, step, last), partition_key=order[-1])
    for partition, name, picture in pictures(work, dataset, step, list(wanted)) if order else ():
        key = order[-1] if partition is None else wanted[partition]
        if key in order:
            context.add_asset_metadata({name: picture}, partition_key=key)


def _wanted(context: dg.AssetExecutionContext, dataset: Dataset, step: Step) -> dict[Partition, str]:
    """The partitions of this run. Keys before the dataset's start exist for the sake of its neighbours only."""
    if not context.partition_keys:
        raise dg.Failure("the run names no partition: a range has its ends reversed, or a key is unknown")
    wanted = {}
    for key in context.partition_keys:
        dimensions = key.keys_by_dimension if isinstance(key, dg.MultiPartitionKey) else _split(key)
        _require_symbol(dataset, dimensions["symbol"])
        if dimensions["date"] >= dataset.start:
            wanted[step.partition(dimensions["symbol"], dimensions["date"])] = str(key)
    skipped = len(context.partition_keys) - len(wanted)
    if skipped:
        context.log.info("%d partitions lie before the dataset's start, %s", skipped, dataset.start)
    return wanted


def _require_symbol(dataset: Dataset, symbol: str) -> None:
    """Dagster takes any text for a dynamic partition, from its pages and its API."""
    problem = complaint(symbol)
    if problem is None and not dataset.parsed.market.writes(symbol):
        problem = f"the {dataset.market} market has no symbols like {symbol!r}"
    if problem:
        raise dg.Failure(f"{problem}; delete it from the partitions {symbol_set(dataset.market, dataset.grain)!r}")


def _split(key: str) -> dict[str, str]:
    date, _, symbol = key.partition("|")
    return {"date": date, "symbol": symbol}


def observation(step: Step, outcome: "Outcome", key: str) -> dg.AssetObservation:
    """Why a partition is not published."""
    return dg.AssetObservation(
        dg.AssetKey(step.key),
        partition=key,
        description=f"{outcome.state.value}: {reason(outcome)}",
        metadata=metadata_of(outcome),
    )


def metadata_of(outcome: "Outcome") -> dict[str, Any]:
    """What Dagster shows with the materialization of a partition."""
    metadata: dict[str, Any] = {
        "dagster/row_count": outcome.rows,
        "state": outcome.state.value,
        "fingerprint": outcome.fingerprint,
    }
    sizes = {"written": outcome.written, "fetched": outcome.fetched}
    metadata |= {name: size(value) for name, value in sizes.items() if value}
    metadata |= {"requests": outcome.requests} if outcome.requests else {}
    return {**facts(outcome.verdict.facts), **_quality(outcome), **metadata}


def _quality(outcome: "Outcome") -> dict[str, float]:
    """The score of merged rows and its factors: numbers, which the UI plots by partition."""
    if outcome.quality is None:
        return {}
    factors = {f"quality, {name}": value for name, value in outcome.quality.factors.items()}
    told = {"quality": outcome.quality.score, **factors}
    return {name: value for name, value in told.items() if value is not None}
