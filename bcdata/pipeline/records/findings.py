"""Findings as users get them: one plain row for each rule that did not hold in a partition, of a run or of the lake.

`materialize` reports those of its run, `status` and `verify` those that stand in the lake: in published partitions, in
what was held back, and in raw.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from bcdata.catalog import Dataset
from bcdata.interval import EPOCH
from bcdata.pipeline.lake import LOST, is_of
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.own import is_own
from bcdata.pipeline.records.footer_cache import FooterCache
from bcdata.pipeline.zones import Step, Zone, steps
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import role_of
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import symbol_and_date
from bcdata.store.publications import manifest_place
from bcdata.store.quarantine import REPORT, ZONE, report
from bcdata.store.store import Store

_TIMES = ("open_time", "start", "calc_time")
"""Columns of samples that tell when."""


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """One rule that did not hold in one partition.

    Attributes:
        dataset: the dataset; for resampled bars, their own name.
        symbol: the symbol.
        date: the date key of the partition.
        zone: where it was found: raw, parsed, merged, ...
        rule: the rule's name.
        rows: how many rows, objects or questions break it.
        severity: `warn` costs nothing, `row` those rows, `partition` the partition.
        text: what that means, in plain English.
    """

    dataset: str
    symbol: str
    date: str
    zone: str
    rule: str
    rows: int
    severity: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule did not hold: partitions, rows, and the first text."""

    dataset: str
    zone: str
    rule: str
    severity: str
    partitions: int
    rows: int
    text: str


def of_outcome(step: Step, outcome: Outcome) -> list[ReportedFinding]:
    """The findings of what a run did with one partition."""
    return reported(step, outcome.partition.symbol, outcome.partition.date, outcome.verdict.findings)


def reported(step: Step, symbol: str, date: str, found: Iterable[Finding]) -> list[ReportedFinding]:
    """Findings of one partition as plain rows."""
    return [
        ReportedFinding(
            step.asset, symbol, date, step.zone.value, one.rule, one.count, one.severity.value, words_of(one)
        )
        for one in found
    ]


def words_of(finding: Finding) -> str:
    """What a finding says, with the time of the first row that it names."""
    text = finding.message or f"{finding.count:,} rows break the rule {finding.rule}"
    first = next((at for name in _TIMES for at in [_instant(finding.sample, name)] if at is not None), None)
    if first is None or f"{first:%Y-%m-%d %H:%M}" in text:
        return text
    return f"{text}; first at {first:%Y-%m-%d %H:%M}"


def _instant(sample: tuple[dict[str, Any], ...], name: str) -> datetime | None:
    value = sample[0].get(name) if sample else None
    try:
        if isinstance(value, int):
            return EPOCH + timedelta(microseconds=value)
        return datetime.fromisoformat(value) if value else None
    except (OverflowError, TypeError, ValueError):  # a sample shows what was received, which may be no time at all
        return None


def standing(
    store: Store, footers: FooterCache, dataset: Dataset, symbols: set[str] | None = None
) -> Iterator[ReportedFinding]:
    """The findings that stand in a dataset's partitions: published ones, and those that were held back.

    Args:
        store: the lake.
        footers: the memory of what its files say.
        dataset: a dataset of the catalog.
        symbols: only these; all if None.
    """
    for step in steps(dataset):
        if step.zone is Zone.RAW and role_of(step.provider) is not Role.BULK:
            continue  # its findings are of a run: what was not answered is asked again
        files = store.files(step.zone.value, step.asset, step.provider)
        for symbol in sorted({place[0] for info in files if (place := symbol_and_date(info.key))}):
            if is_own(step.partition(symbol, "")) and (symbols is None or symbol in symbols):
                for date, found in sorted(footers.findings(step, symbol).items()):
                    yield from reported(step, symbol, date, Verdict.from_json({"rows": 0, "findings": found}).findings)
        yield from _held_back(store, step, symbols)
        if step.zone is not Zone.RAW:
            yield from _lost(store, dataset, step, symbols)


def _lost(store: Store, dataset: Dataset, step: Step, symbols: set[str] | None) -> Iterator[ReportedFinding]:
    """What was published and has no file, and manifests that do not tell what was."""
    damaged: list[str] = []
    known = store.publications.partitions(step.zone.value, step.asset, step.provider, damaged=damaged)
    wanted = {one for one in known if is_of(dataset.grain, one) and (symbols is None or one.symbol in symbols)}
    there = set(store.partitions(step.zone.value, step.asset, step.provider))
    for one in store.lost(sorted(wanted - there)):
        yield _unreadable(step, one.symbol, one.date, "lost", f"it is {LOST}")
    for key in damaged:
        symbol, date = manifest_place(key)
        if is_own(step.partition(symbol, date)) and (symbols is None or symbol in symbols):
            yield _unreadable(step, symbol, date, "damaged", f"the manifest {key} is damaged")


def _unreadable(step: Step, symbol: str, date: str, rule: str, words: str) -> ReportedFinding:
    text = f"{words}; the next run over the partition makes it again"
    return ReportedFinding(step.asset, symbol, date, step.zone.value, rule, 1, Severity.PARTITION.value, text)


def _held_back(store: Store, step: Step, symbols: set[str] | None) -> Iterator[ReportedFinding]:
    """Findings of what did not pass the gate; those of rows set aside stand in the published partition."""
    provider = f"{step.zone}/{step.provider}" if step.provider else step.zone.value
    for info in store.files(ZONE, step.asset, provider):
        found = symbol_and_date(info.key)
        if found is None or not info.key.endswith(REPORT) or (symbols is not None and found[0] not in symbols):
            continue
        known = report(store, step.partition(*found))
        if known and not known.get("published") and known.get("verdict"):
            yield from reported(step, *found, Verdict.from_json(known["verdict"]).findings)


def count(found: Iterable[ReportedFinding]) -> list[RuleCount]:
    """Findings counted by dataset, zone and rule, those that cost most first."""
    groups: dict[tuple[str, str, str, str], list[ReportedFinding]] = {}
    for one in found:
        groups.setdefault((one.dataset, one.zone, one.rule, one.severity), []).append(one)
    counted = [
        RuleCount(*key, len({(one.symbol, one.date) for one in alike}), sum(one.rows for one in alike), alike[0].text)
        for key, alike in groups.items()
    ]
    return sorted(counted, key=lambda one: (-_COST.index(one.severity), one.dataset, one.zone, one.rule))


_COST = [Severity.WARN.value, Severity.ROW.value, Severity.PARTITION.value]
