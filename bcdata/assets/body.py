"""What happens when an asset is materialized: partition keys in, outcomes out as metadata and check evaluations."""

import base64
from typing import Any

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.checks import aggregate, evaluation
from bcdata.operations.zones import Step, Zone, operation
from bcdata.partitions import fixed_ranges
from bcdata.resources import BinanceArchiveResource, BinanceRestResource, StoreResource, workbench
from bcdata.store.alive import show_alive
from bcdata.store.layout import Partition


def run(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    dataset: Dataset,
    step: Step,
    resources: tuple[StoreResource, BinanceArchiveResource, BinanceRestResource],
) -> dg.MaterializeResult[None]:
    """Materializes the run's partitions of one asset and reports on each of them."""
    from bcdata.operations.progress import tell  # noqa: PLC0415

    wanted = _wanted(context, dataset, step)
    if not wanted:
        return dg.MaterializeResult(check_results=[aggregate(step, [])])
    outcomes = []
    with fixed_ranges(), workbench(catalog, *resources) as work:
        show_alive(work.store.root, context.run.run_id)
        for outcome in operation(step, dataset)(work, dataset, list(wanted)):
            key = wanted[outcome.partition]
            context.add_asset_metadata(metadata_of(outcome), partition_key=key)
            context.log_event(evaluation(step, outcome, key))
            tell(step, outcome)
            outcomes.append(outcome)
        if step.zone is Zone.MERGED:
            tried = [f"tried/{dataset.name}/{one.partition.symbol}/{one.partition.date}" for one in outcomes]
            work.attempts.note(tried, work.now, "merged")
            _picture(context, work, dataset, wanted)
        if step.zone is Zone.REPORTS:
            _feature_map(context, work, dataset, wanted)
    states = {state: sum(one.state == state for one in outcomes) for state in {one.state for one in outcomes}}
    context.log.info("%s: %s", "/".join(step.key), ", ".join(f"{n} {state}" for state, n in sorted(states.items())))
    return dg.MaterializeResult(check_results=[aggregate(step, outcomes)])


def _picture(context: dg.AssetExecutionContext, work: Any, dataset: Dataset, wanted: dict[Partition, str]) -> None:
    """The coverage around the run's partitions, once a run: on the last of them, where the asset's page looks."""
    from bcdata.operations.gap_report import neighbourhood  # noqa: PLC0415

    drawn = neighbourhood(work.store, dataset, list(wanted), work.now)
    if drawn:
        key = list(wanted.values())[-1]
        context.add_asset_metadata({"coverage": _image(drawn, "coverage")}, partition_key=key)


def _feature_map(context: dg.AssetExecutionContext, work: Any, dataset: Dataset, wanted: dict[Partition, str]) -> None:
    """What asks for a look in the features of the run's last partition, and of those before it."""
    from bcdata.operations.feature_report import neighbourhood  # noqa: PLC0415

    last, key = list(wanted.items())[-1]
    if drawn := neighbourhood(work.store, dataset, last):
        context.add_asset_metadata({"features": _image(drawn, "features")}, partition_key=key)


def _image(svg: str, words: str) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(f"![{words}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})")


def _wanted(context: dg.AssetExecutionContext, dataset: Dataset, step: Step) -> dict[Partition, str]:
    """The partitions of this run. Keys before the dataset's start exist for the sake of its neighbours only."""
    if not context.partition_keys:
        raise dg.Failure("the run names no partition: a range has its ends reversed, or a key is unknown")
    wanted = {}
    for key in context.partition_keys:
        dimensions = key.keys_by_dimension if isinstance(key, dg.MultiPartitionKey) else _split(key)
        if dimensions["date"] >= dataset.start:
            wanted[step.partition(dimensions["symbol"], dimensions["date"])] = str(key)
    skipped = len(context.partition_keys) - len(wanted)
    if skipped:
        context.log.info("%d partitions lie before the dataset's start, %s", skipped, dataset.start)
    return wanted


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
