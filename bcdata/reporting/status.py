"""What is there: partitions by zone, missing bars by reason, what is held back. Reads the store, not Dagster."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from bcdata.catalog import Catalog, Dataset
from bcdata.healing.freshness import freshness, merged_at
from bcdata.pipeline.features.feature_set import version_of
from bcdata.pipeline.own import is_own, symbols_in
from bcdata.pipeline.records.findings import ReportedFinding, standing
from bcdata.pipeline.records.footer_cache import open_footer_cache
from bcdata.pipeline.records.manifests import MANIFEST
from bcdata.pipeline.records.scores import qualities
from bcdata.pipeline.zones import Step, Zone, steps, tried_prefix
from bcdata.reporting.ledgers import ledger_files
from bcdata.store.layout import Partition, symbol_and_date
from bcdata.store.quarantine import REPORT, ZONE
from bcdata.store.state.attempts import Attempts
from bcdata.store.store import Store


@dataclass(frozen=True, slots=True)
class ZoneStatus:
    """One asset: how many partitions and symbols it has, from when to when, and its bytes.

    `name` is that of coarser bars, None of assets that have their dataset's.
    """

    zone: str
    provider: str | None
    name: str | None
    partitions: int
    symbols: int
    first: str
    last: str
    bytes: int


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """One dataset: its zones, its missing bars by reason, what is held back, what is overdue, and its feature set.

    Attributes:
        dataset: Its name.
        zones: Its assets.
        missing: Bars by the reason for which they are missing.
        held_back: Partitions that did not pass the gate, and why.
        stale: Partitions that should be there by now.
        feature_set: The version of its feature set, as the catalog and the code have it; None without features.
        feature_sets: By version: how many symbols have it in their newest partition of features.
        quality: Of each published partition of merged its score and what that is made of; null where unknown.
        ends_at_raw: Whether nothing parses its type, so that it has no rows and nothing of them is missing.
    """

    dataset: str
    zones: list[ZoneStatus]
    missing: dict[str, int]
    held_back: list[dict[str, str]] = field(default_factory=list)
    stale: list[dict[str, str]] = field(default_factory=list)
    feature_set: str | None = None
    feature_sets: dict[str, int] = field(default_factory=dict)
    quality: list[dict[str, Any]] = field(default_factory=list)
    ends_at_raw: bool = False


def published(root: Path, step: Step) -> set[tuple[str, str]]:
    """The (symbol, date) that are published in an asset; of raw, those that have a manifest."""
    store, zone = Store(root), step.zone.value
    if step.zone is Zone.RAW:
        keys = (info.key for info in store.files(zone, step.asset, step.provider))
        return {place for key in keys if key.endswith(f"/{MANIFEST}") and (place := symbol_and_date(key))}
    return {(one.symbol, one.date) for one in store.partitions(zone, step.asset, step.provider)}


def tried_since(root: Path, dataset: str, since: datetime) -> set[tuple[str, str]]:
    """The (symbol, date) of a dataset that were tried, whatever came of it, after the instant."""
    return Attempts(root).tried_since(tried_prefix(dataset), since)


def status(store: Store, catalog: Catalog, datasets: tuple[str, ...] = (), *, now: datetime) -> list[DatasetStatus]:
    """The state of the datasets (all, or those named) as of `now` (UTC).

    Raises:
        UsageError: a name is unknown.
    """
    return [_dataset_status(store, dataset, now) for dataset in catalog.chosen(datasets)]


def findings(store: Store, catalog: Catalog, datasets: tuple[str, ...] = ()) -> list[ReportedFinding]:
    """The findings that stand in the datasets (all, or those named).

    Raises:
        UsageError: a name is unknown.
    """
    with open_footer_cache(store) as footers:
        return [one for dataset in catalog.chosen(datasets) for one in standing(store, footers, dataset)]


def _dataset_status(store: Store, dataset: Dataset, now: datetime) -> DatasetStatus:
    return DatasetStatus(
        dataset.name,
        [_zone_status(store, step) for step in steps(dataset)],
        _missing(store, dataset),
        list(_held_back(store, dataset)),
        list(_overdue(store, dataset, now)),
        *_feature_sets(store, dataset),
        [one.to_json() for one in qualities(store, dataset.name, dataset.grain, is_strict=False)],
        ends_at_raw=dataset.ends_at_raw,
    )


def _feature_sets(store: Store, dataset: Dataset) -> tuple[str | None, dict[str, int]]:
    """The newest partitions alone are read: those tell what is in use, and a lake has tens of thousands of others."""
    if all(step.zone is not Zone.FEATURES for step in steps(dataset)):
        return None, {}
    step, newest, found = Step(Zone.FEATURES, dataset.name), dict[str, str](), Counter[str]()
    for one in filter(is_own, store.partitions(step.zone.value, step.asset, step.provider)):
        newest[one.symbol] = max(one.date, newest.get(one.symbol, ""))
    with open_footer_cache(store) as footers:
        for symbol, date in newest.items():
            found.update(facts.get("features", "unknown") for facts in footers.made_of(step, symbol, date).values())
    return version_of(dataset), dict(found)


def _overdue(store: Store, dataset: Dataset, now: datetime) -> Iterator[dict[str, str]]:
    """What should be there by now and is not; settlements have no calendar that could tell."""
    if not dataset.frame_type.is_regular:
        return
    symbols = symbols_in(store, "gaps", dataset.name)
    with open_footer_cache(store) as footers:
        for one in freshness(footers, dataset, symbols, merged_at(store.root, dataset.name), now):
            yield {"symbol": one.symbol, "date": one.date, "since": one.since.isoformat(), "reason": one.reason}


def _zone_status(store: Store, step: Step) -> ZoneStatus:
    partitions: set[tuple[str, str]] = set()
    size = 0
    for info in store.files(step.zone.value, step.asset, step.provider):
        found = symbol_and_date(info.key)
        if found:
            partitions.add(found)
            size += info.size
    dates = sorted(date for _, date in partitions)
    return ZoneStatus(
        step.zone.value,
        step.provider,
        step.name,
        len(partitions),
        len({symbol for symbol, _ in partitions}),
        dates[0] if dates else "",
        dates[-1] if dates else "",
        size,
    )


def _missing(store: Store, dataset: Dataset) -> dict[str, int]:
    files = list(ledger_files(store, dataset))
    if not files:
        return {}
    counts = pl.scan_parquet(files, hive_partitioning=False).group_by("status").agg(pl.col("bars").sum()).collect()
    return dict(counts.sort("status").iter_rows())


def _held_back(store: Store, dataset: Dataset) -> Iterator[dict[str, str]]:
    for step in steps(dataset):
        provider = f"{step.zone}/{step.provider}" if step.provider else step.zone.value
        for info in store.files(ZONE, step.asset, provider):
            found = symbol_and_date(info.key)
            if not found or not info.key.endswith(REPORT):
                continue
            report = store.get_json(Partition(ZONE, step.asset, found[0], found[1], provider), REPORT) or {}
            broken = [one for one in report.get("verdict", {}).get("findings", []) if one["severity"] != "warn"]
            why = "; ".join(f"{one['rule']}: {one['message'] or one['count']}" for one in broken)
            state = "rows set aside" if report.get("published") else "held back"
            yield {"zone": provider, "symbol": found[0], "date": found[1], "state": state, "why": why}
