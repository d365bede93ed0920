"""What is worth telling people: each as a fact that is told once, a key that folds it, cause and fix.

Missing bars are none of it: the ledger explains them. Read from the lake and its side tables, not from Dagster.
"""

from collections.abc import Iterator
from datetime import datetime

from bcdata.catalog import Dataset
from bcdata.healing.freshness import freshness, merged_at
from bcdata.healing.refill import standing
from bcdata.healing.scrub_raw import corrupted
from bcdata.pipeline.own import symbols_in
from bcdata.pipeline.records.footer_cache import open_footer_cache
from bcdata.pipeline.zones import Zone, steps
from bcdata.quality.verdict import Severity, Verdict
from bcdata.store.layout import Partition, symbol_and_date
from bcdata.store.quarantine import REPORT, ZONE
from bcdata.store.state.outbox import Notice
from bcdata.store.store import Store


def quality_notices(store: Store, dataset: Dataset, now: datetime) -> Iterator[Notice]:
    """All that holds now of a dataset and needs people.

    Args:
        store: the lake.
        dataset: a dataset of the catalog.
        now: the present instant (UTC).
    """
    yield from _held_back(store, dataset)
    yield from _harmed(store, dataset)
    yield from _gave_up(store, dataset, now)
    if dataset.frame_type.is_regular:
        yield from _stale(store, dataset, now)


def run_failure(job: str, run_id: str, partitions: str, cause: str) -> Notice:
    """That a run failed; runs of one job that fail alike are folded."""
    where = f" ({partitions})" if partitions else ""
    fix = "what was published stays; run it again when the cause is gone"
    return Notice(
        f"run/{run_id}", f"run/{job}/{cause[:200]}", f"a run of {job} failed", f"{run_id}{where}: {cause}; {fix}"
    )


def _held_back(store: Store, dataset: Dataset) -> Iterator[Notice]:
    """Partitions that did not pass the gate. A new input that fails too is a new fact."""
    for step in steps(dataset):
        place = f"{step.zone}/{step.provider}" if step.provider else step.zone.value
        for info in store.files(ZONE, dataset.name, place):
            found = symbol_and_date(info.key)
            if found is None or not info.key.endswith(f"/{REPORT}"):
                continue
            report = store.get_json(Partition(ZONE, dataset.name, *found, place), REPORT)
            if report is None or report["published"]:
                continue
            broken = [one for one in Verdict.from_json(report["verdict"]).findings if one.severity is not Severity.WARN]
            rule = broken[0].rule if broken else "unknown"
            why = "; ".join(f"{one.rule}: {one.message or one.count}" for one in broken)
            yield Notice(
                f"gate/{info.key}/{report['fingerprint']}",
                f"gate/{place}/{dataset.name}/{rule}",
                f"{place}/{dataset.name} holds back what breaks {rule}",
                f"{found[0]} {found[1]}: {why}. Nothing of it is published until its input, the rule or a setting"
                f" changes; bcdata status lists what is held back",
            )


def _harmed(store: Store, dataset: Dataset) -> Iterator[Notice]:
    for (symbol, date), at in corrupted(store, dataset).items():
        yield Notice(
            f"harmed/{dataset.name}/{symbol}/{date}/{at.isoformat()}",
            f"harmed/{dataset.name}",
            f"stored objects of {dataset.name} are damaged or lost",
            f"{symbol} {date}: found {at:%Y-%m-%d %H:%M} UTC. The sensor repair fetches them again, or bcdata"
            " materialize over the partition; look at the disk",
        )


def _gave_up(store: Store, dataset: Dataset, now: datetime) -> Iterator[Notice]:
    for (symbol, date), one in standing(store.root, dataset, now).items():
        if one.gave_up:
            yield Notice(
                f"gave_up/{dataset.name}/{symbol}/{date}/{one.cause}",
                f"gave_up/{dataset.name}",
                f"gaps of {dataset.name} were given up",
                f"{symbol} {date}: {one.bars} {dataset.frame_type.rows} stay missing, {one.reason}. They are asked for"
                f" again when the archive changes; bcdata gaps --dataset {dataset.name} lists them",
            )


def _stale(store: Store, dataset: Dataset, now: datetime) -> Iterator[Notice]:
    symbols = symbols_in(store, Zone.MERGED.value, dataset.name)
    with open_footer_cache(store) as footers:
        late = freshness(footers, dataset, symbols, merged_at(store.root, dataset.name), now)
    for one in late:
        yield Notice(
            f"stale/{dataset.name}/{one.symbol}/{one.date}/{one.since.isoformat()}",
            f"stale/{dataset.name}",
            f"{dataset.name} went stale",
            f"{one.symbol} {one.date}: {one.reason}, bars since {one.since:%Y-%m-%d %H:%M} UTC. See whether the archive"
            f" publishes, and whether the schedule daily_{dataset.market}_{dataset.grain.value} and the daemon run",
        )
