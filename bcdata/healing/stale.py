"""Which published partitions were made of other bars, or of another feature set, than are there now. From footers."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bcdata.catalog import Catalog, Dataset
from bcdata.pipeline.agreement import finer_dataset
from bcdata.pipeline.features.feature_set import version_of
from bcdata.pipeline.lake import keys_over
from bcdata.pipeline.records.footer_cache import FooterCache
from bcdata.pipeline.records.in_footers import Provenance
from bcdata.pipeline.zones import Step, Zone, steps
from bcdata.store.state.requests import Cell

KIND = "stale"
Input = tuple[str, str, str]
"""A merged partition that was read: dataset, symbol, date key."""


@dataclass(slots=True)
class CurrentInputs:
    """Fingerprints of merged bars as they are now, and versions of feature sets, each worked out once."""

    footers: FooterCache
    known: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)

    def feature_set(self, dataset: Dataset) -> str:
        """The version of the dataset's feature set, as the catalog and the code have it."""
        if dataset.name not in self.sets:
            self.sets[dataset.name] = version_of(dataset)
        return self.sets[dataset.name]

    def fingerprint(self, one: Input) -> str | None:
        """The fingerprint of a merged partition that can be trusted; None where there is none."""
        dataset, symbol, date = one
        if (dataset, symbol) not in self.known:
            self.known[dataset, symbol] = self.footers.trusted(dataset, symbol)
        return self.known[dataset, symbol].get(date)


def stale(present: CurrentInputs, catalog: Catalog, dataset: Dataset, symbol: str) -> Iterator[tuple[Step, str, str]]:
    """The symbol's partitions, as (step, date key, digest of what they should be made of), that are out of date.

    A partition whose own bars are gone cannot be made, and is left alone.
    """
    coming: dict[str, str] = {}
    for step in steps(dataset):
        if step.zone in (Zone.RAW, Zone.PARSED):
            continue
        if step.zone is Zone.REPORTS:
            yield from _stale_reports(present, step, symbol, coming)
            continue
        config = present.feature_set(dataset) if step.zone is Zone.FEATURES else None
        for date, facts in present.footers.made_of(step, symbol).items():
            inputs = _inputs(catalog, dataset, step, (symbol, date), facts)
            now = {one: present.fingerprint(one) for one in inputs}
            own = (dataset.name, symbol, date)
            is_other = now != inputs or facts.get("features") != config
            if is_other and (own not in now or now[own]):
                digest = _digest(now, config)
                if step.zone is Zone.FEATURES:
                    coming[date] = digest
                yield step, date, digest


def _stale_reports(
    present: CurrentInputs, step: Step, symbol: str, coming: Mapping[str, str]
) -> Iterator[tuple[Step, str, str]]:
    """Reports read features, not merged bars: of their own partition, and of the days before.

    Features that are stale themselves are made first, and the reports on them with them: `coming` has their digests.
    """
    features = present.footers.made_of(Step(Zone.FEATURES, step.dataset), symbol)
    there = {date: one["fingerprint"] for date, one in features.items()}
    for date, facts in present.footers.made_of(step, symbol).items():
        read = {(step.dataset, symbol, key): made for key, made in facts.get("features_read", [])}
        now = {one: coming.get(one[2]) or there.get(one[2]) for one in read}
        if now != read and date in there:
            yield step, date, _digest(now)


def _inputs(catalog: Catalog, dataset: Dataset, step: Step, cell: Cell, facts: Provenance) -> dict[Input, str | None]:
    """The merged partitions that a record says were read, with the fingerprints that they had."""
    symbol, date = cell
    if step.zone is Zone.MERGED:
        window = dataset.grain.window(date)
        others = (
            (facts.get("funding"), catalog.joined(dataset)),
            (facts.get("finer"), finer_dataset(catalog, dataset)),
        )
        return {
            (other.name, symbol, key): made
            for read, other in others
            if other is not None and read
            for key, made in zip(keys_over(other, window), read, strict=False)
        }
    own: dict[Input, str | None] = {(dataset.name, symbol, key): made for key, made in facts.get("merged", [])}
    return own | {(name, who, key): made for name, who, key, made in facts.get("inputs", [])}


def _digest(inputs: dict[Input, Any], config: str | None = None) -> str:
    text = json.dumps([sorted([*one, made or ""] for one, made in inputs.items()), config])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
