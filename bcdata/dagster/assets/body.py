"""What happens when an asset is materialized: partition keys in, outcomes out as metadata and check evaluations."""

from functools import partial
from typing import Any

import dagster as dg

from bcdata.catalog import Catalog, Dataset, parse_name
from bcdata.dagster.assets.pictures import pictures
from bcdata.dagster.checks import evaluation, note_not_published, results
from bcdata.dagster.partitions import fixed_ranges, symbol_set
from bcdata.dagster.resources import run_context
from bcdata.pipeline.zones import Step, operation
from bcdata.runs.plan import NOW_BACK
from bcdata.store.layout import Partition
from bcdata.store.state.liveness import heartbeat
from bcdata.venues.symbols import complaint


def run(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    dataset: Dataset,
    step: Step,
) -> dg.MaterializeResult[None]:
    """Materializes the run's partitions of one asset and reports on each of them."""
    from bcdata.runs.progress import tell, tell_fetched

    wanted = _wanted(context, dataset, step)
    if not wanted:
        return dg.MaterializeResult(check_results=results(step, []))
    outcomes = []
    now_back = context.run.tags.get(NOW_BACK) == "true"
    with fixed_ranges(), run_context(catalog, context.resources, now_back=now_back) as work:
        heartbeat(work.store.root, context.run.run_id)
        work.on_fetch = partial(tell_fetched, step)
        for outcome in operation(step)(work, dataset, list(wanted)):
            key = wanted[outcome.partition]
            context.add_asset_metadata(metadata_of(outcome), partition_key=key)
            context.log_event(evaluation(step, outcome, key))
            tell(step, outcome)
            outcomes.append(outcome)
        for partition, name, picture in pictures(work, dataset, step, list(wanted)):
            context.add_asset_metadata({name: picture}, partition_key=wanted[partition])
    note_not_published(context.instance, context.run.run_id, outcomes)
    states = {state: sum(one.state == state for one in outcomes) for state in {one.state for one in outcomes}}
    context.log.info("%s: %s", "/".join(step.key), ", ".join(f"{n} {state}" for state, n in sorted(states.items())))
    return dg.MaterializeResult(check_results=results(step, outcomes))


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
    if problem is None and not parse_name(dataset.name).market.writes(symbol):
        problem = f"the {dataset.market} market has no symbols like {symbol!r}"
    if problem:
        raise dg.Failure(f"{problem}; delete it from the partitions {symbol_set(dataset.market, dataset.grain)!r}")


def _split(key: str) -> dict[str, str]:
    date, _, symbol = key.partition("|")
    return {"date": date, "symbol": symbol}


def metadata_of(outcome: Any) -> dict[str, Any]:
    """What Dagster shows with the materialization of a partition."""
    metadata: dict[str, Any] = {
        "dagster/row_count": outcome.rows,
        "state": outcome.state.value,
        "fingerprint": outcome.fingerprint,
    }
    extra = {"bytes_written": outcome.written, "bytes_fetched": outcome.fetched, "requests": outcome.requests}
    metadata |= {name: value for name, value in extra.items() if value}
    if outcome.verdict.facts:
        metadata["facts"] = dg.MetadataValue.json(outcome.verdict.facts)
    return metadata
