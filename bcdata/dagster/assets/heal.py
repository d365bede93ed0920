"""What happens when scattered partitions are healed: one op for any set of them, told asset by asset.

A run over assets covers one rectangle of partitions; an op may tell of any (docs/adr/0008-healing-runs.md).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.body import metadata_of, observation
from bcdata.dagster.assets.pictures import of_run
from bcdata.dagster.checks import NotPublished, note_not_published, standing, told
from bcdata.dagster.internals import plan_again
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.resources import run_context, sources_of
from bcdata.dagster.verdicts import findings_of_run, gate_of_run
from bcdata.pipeline.zones import Step, steps
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import role_of
from bcdata.runs.plan import NOW_BACK

if TYPE_CHECKING:
    from bcdata.healing.heal import HealOrder
    from bcdata.pipeline.context import RunContext
    from bcdata.pipeline.outcome import Outcome

OP = "heal"
Event = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation


class HealPart(dg.Config):
    """Assets in the order of their making, by their keys with slashes, and partitions of theirs, `date|symbol`."""

    assets: list[str]
    partitions: list[str]


class HealConfig(dg.Config):
    """What to heal. What reads merged bars that change on the way follows by itself."""

    work: list[HealPart]


def heal_config(parts: Iterable[tuple[Sequence[Step], Sequence[tuple[str, str]]]]) -> dict[str, Any]:
    """The run config that heals (symbol, date) partitions of some assets."""
    work = [
        {
            "assets": ["/".join(step.key) for step in order],
            "partitions": [f"{date}|{symbol}" for symbol, date in cells],
        }
        for order, cells in parts
    ]
    return {"ops": {OP: {"config": {"work": work}}}}


def healed_by(run_config: Mapping[str, Any]) -> list[tuple[list[str], list[tuple[str, str]]]]:
    """What a run config heals: asset keys with slashes, and (symbol, date) partitions."""
    work = run_config.get("ops", {}).get(OP, {}).get("config", {}).get("work", [])
    return [(part["assets"], [_cell(key) for key in part["partitions"]]) for part in work]


def heal_op(catalog: Catalog) -> dg.OpDefinition:
    """The op that heals partitions of any asset in the catalog."""
    known = {"/".join(step.key): step for dataset in catalog for step in steps(dataset)}

    @dg.op(
        name=OP,
        out={},
        pool=_pool(catalog),
        required_resource_keys=set().union(*(sources_of(dataset.parsed.market) for dataset in catalog)),
        description="Rebuilds the partitions named in its config, and what depends on them.",
    )
    def op(context: dg.OpExecutionContext, config: HealConfig) -> Iterator[Event]:
        from bcdata.healing.heal import HealOrder

        orders = [
            HealOrder(
                tuple(_step(known, name) for name in part.assets),
                tuple(_known(context, catalog[_step(known, part.assets[0]).dataset], part.partitions)),
            )
            for part in config.work
            if part.assets
        ]
        now_back = context.run.tags.get(NOW_BACK) == "true"
        with run_context(catalog, context.resources, now_back=now_back) as work:
            done: dict[Step, dict[str, Outcome]] = {}
            yield from _made(context, work, orders, done)
        bad = [one for some in done.values() for one in some.values() if not one.ok]
        note_not_published(context.instance, context.run_id, bad)
        for step, outcomes in done.items():
            yield from _verdicts(context.instance, catalog[step.dataset], step, outcomes)
            for state, count in sorted(Counter(one.state.value for one in outcomes.values()).items()):
                context.log.info("%s: %d %s", "/".join(step.key), count, state)
        if bad:
            raise NotPublished(len(bad))

    return op


def _made(
    context: dg.OpExecutionContext,
    work: "RunContext",
    orders: Sequence["HealOrder"],
    done: dict[Step, dict[str, "Outcome"]],
) -> Iterator[Event]:
    """Heals, tells of each partition, and notes its outcome in `done`.

    Of each asset the newest materialization is held until the next comes: the page of an asset shows the last of all,
    so that one has what is shown of a run. Where healing ends by an error, it is told of without.
    """
    from bcdata.healing.heal import heal
    from bcdata.runs.progress import tell

    held: dict[Step, Outcome] = {}
    try:
        for step, outcome in heal(work, orders):
            tell(step, outcome)
            done.setdefault(step, {})[_key(outcome)] = outcome
            before = held.pop(step, None) if outcome.ok else outcome
            if outcome.ok:
                held[step] = outcome
            if before:
                yield _event(context, step, before)
    except Exception:
        yield from (_event(context, step, outcome) for step, outcome in held.items())
        raise
    for step, outcome in held.items():
        partitions = [one.partition for one in done[step].values() if one.ok]
        metadata = {**metadata_of(outcome), **of_run(work, step, partitions, outcome.partition)}
        yield dg.AssetMaterialization(dg.AssetKey(step.key), partition=_key(outcome), metadata=metadata)


def _pool(catalog: Catalog) -> str | None:
    """The pool of runs that heal: that of the source which is asked for what files lack, or of the last source."""
    sources = [dataset.repair or dataset.sources[-1] for dataset in catalog]
    return next((one for one in sources if role_of(one) is Role.REPAIR), sources[0] if sources else None)


def _event(context: dg.OpExecutionContext, step: Step, outcome: "Outcome") -> Event:
    """What a run over the asset would have told of the partition."""
    asset, key = dg.AssetKey(step.key), _key(outcome)
    if outcome.ok:
        return dg.AssetMaterialization(asset, partition=key, metadata=metadata_of(outcome))
    plan_again(context, asset, key)
    return observation(step, outcome, key)


def _verdicts(
    instance: dg.DagsterInstance, dataset: Dataset, step: Step, outcomes: Mapping[str, "Outcome"]
) -> Iterator[Event]:
    """The checks as events of their own: healing has no steps that are assets."""
    yield from told(instance, step, outcomes)
    yield dg.AssetCheckEvaluation(**gate_of_run(step, standing(instance, dataset, step), list(outcomes)))
    yield dg.AssetCheckEvaluation(**findings_of_run(step, outcomes.values()))


def _key(outcome: "Outcome") -> dg.MultiPartitionKey:
    return dg.MultiPartitionKey({"date": outcome.partition.date, "symbol": outcome.partition.symbol})


def _step(known: Mapping[str, Step], name: str) -> Step:
    if name not in known:
        raise dg.Failure(f"the catalog has no asset {name}; it is one of {', '.join(known)}")
    return known[name]


def _known(context: dg.OpExecutionContext, dataset: Dataset, keys: Iterable[str]) -> list[tuple[str, str]]:
    """The keys as (symbol, date), all of which are partitions. Dagster itself would take any text."""
    symbols = set(context.instance.get_dynamic_partitions(symbol_set(dataset.market, dataset.grain)))
    cells = []
    for key in keys:
        symbol, date = _cell(key)
        dataset.grain.window(date)
        if symbol not in symbols:
            raise dg.Failure(f"{key}: {symbol} is no partition; discover it, or name it on the command line, first")
        cells.append((symbol, date))
    return cells


def _cell(key: str) -> tuple[str, str]:
    date, _, symbol = key.partition("|")
    return symbol, date
