"""labels: forward returns of every bar, for whoever learns from the features. A table, and an asset, of their own."""

from collections.abc import Iterator, Sequence

from bcdata.catalog import Dataset
from bcdata.features.labels import label_names, label_window, labels
from bcdata.pipeline.context import RunContext, window_of
from bcdata.pipeline.features.splits import Splits
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.lake import merged_over, read_over, trusted
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.publish import publish, unchanged
from bcdata.pipeline.stream import each
from bcdata.quality.models import audit, feature_model
from bcdata.quality.verdict import Verdict, failed
from bcdata.store.layout import Partition
from bcdata.venues.calendar import session_column

VERSION = "1"
"""Change it with what a label means."""


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Computes the labels of what merged holds, and yields outcomes in order."""
    yield from each(context.store.root, partitions, lambda one: _compute(context, dataset, one))


def _compute(context: RunContext, dataset: Dataset, partition: Partition) -> Outcome:
    store, splits = context.store, Splits.of(context.store, context.catalog, dataset)
    if trusted(store, partition.in_zone("merged")) is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "merged is not published"))
    window, horizons = window_of(dataset, partition), dataset.labels.horizons if dataset.labels else (1,)
    reach = label_window(window, dataset.bar_interval, horizons)
    # Bars after the partition are an untracked read: what was there is part of the fingerprint.
    read = [(one.date, made) for one, made in merged_over(store, dataset, partition.symbol, reach)]
    told = splits.reads(partition.symbol, reach)
    sessions = {"session": 1} if dataset.hours.are_sessions else {}
    made_of = fingerprint(
        merged=read, labels=VERSION, horizons=horizons, interval=dataset.bar_interval.name, **sessions,
        **({"actions": told} if told else {}),
    )  # fmt: skip
    if done := unchanged(store, partition, made_of):
        return done
    bars = read_over(store, dataset, partition.symbol, reach)
    within, paid = splits.within(partition.symbol, reach), splits.reinvested(partition.symbol, reach)
    table = labels(
        bars, window=window, interval=dataset.bar_interval, horizons=horizons, splits=within, reinvested=paid
    )
    names = label_names(horizons)
    table = table.select("open_time", "known_at", *session_column(dataset.bar_interval), *names)
    nulls = {name: table[name].null_count() for name in names if table[name].null_count()}
    findings = [
        *audit(table, feature_model([(name, None, None) for name in names], sessions=dataset.hours.are_sessions)),
        *splits.findings(partition.symbol, reach),
    ]
    verdict = Verdict(table.height, tuple(findings), {"horizons": list(horizons), "nulls": nulls})
    record = {"merged": read, "horizons": horizons}
    return publish(store, partition, table, verdict, fingerprint=made_of, record=record)
