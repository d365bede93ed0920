"""Funding settlements from raw to merged: irregular in time, few in number, monthly in the archive.

raw/binance_archive is the same as for bars (raw_archive.py); how REST is asked stands in funding_rest.py.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl

from bcdata.bars.gaps import Reason
from bcdata.bars.schema import FUNDING, TIME
from bcdata.bars.settlements import missing_settlements, settlement_ledger
from bcdata.catalog import Dataset
from bcdata.operations.explain import TWICE, Told, not_published, quarantined, unpublished_from, upstream
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.funding_answer import Answer
from bcdata.operations.lake import trusted
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.parsed_archive import object_content, object_window
from bcdata.operations.publish import publish, unchanged
from bcdata.operations.raw_archive import MANIFEST, Record
from bcdata.operations.stream import each
from bcdata.operations.workbench import Workbench, window_of
from bcdata.providers.binance.funding import RAW, SENT, read_funding_csv
from bcdata.providers.binance.unzip import ObjectError
from bcdata.quality.models import audit, funding_model
from bcdata.quality.rules import sample
from bcdata.quality.settlements import IS_NAMED, VERSION, audit_settlements
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

ARCHIVE, REST = "binance_archive", "binance_rest"
_SIDES = "REST answered with settlements on both sides and none here"


def parse_archive(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """parsed/binance_archive of funding; yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _parse_archive(work.store, dataset, one))


def parse_rest(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """parsed/binance_rest of funding; nothing asked, nothing parsed."""
    yield from each(work.store.root, partitions, lambda one: _parse_rest(work.store, dataset, one))


def merge(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Merged funding with its ledger; yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _merge(work, dataset, one))


def due(window: Window, now: datetime) -> Window:
    """The part of a window whose settlements should be known by now: up to the last full hour."""
    return window.until(now.replace(minute=0, second=0, microsecond=0))


def joined(frames: Sequence[pl.DataFrame | None]) -> pl.DataFrame:
    """Settlements of several sources, the first before the next, ascending."""
    there = [pl.DataFrame(schema=FUNDING), *(frame for frame in frames if frame is not None)]
    return pl.concat(there).unique("time", keep="first", maintain_order=True).sort("time")


def proved(facts: Told) -> list[Reason]:
    """What answers of REST prove (as a record of parsed/binance_rest has it), the strongest first."""
    return [*upstream(facts.get("confirmed"), _SIDES), *upstream(facts.get("empty"), TWICE)]


def _parse_archive(store: Store, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = store.get_json(raw, MANIFEST)
    if manifest is None:
        return Outcome(partition, State.FAILED, failed("upstream", "raw holds nothing for it; materialize raw first"))
    made_of = _made_of(dataset, manifest)
    if done := unchanged(store, partition, made_of):
        return done
    window, records = window_of(dataset, partition), manifest["objects"]
    rows, broken = _opened(store, raw, records, dataset)
    audited = audit_settlements(_of_this_partition(rows, window), max_bad_share=dataset.quality.max_bad_share)
    record = {
        "raw": manifest["fingerprint"],
        "objects": [one["name"] for one in records],
        "quarantined": _quarantined(audited.rejected, window),
    }
    verdict = audited.verdict.with_findings(broken)
    rejected = audited.rejected.select("name", "line", "reason", *SENT.names())
    return publish(store, partition, audited.settled, verdict, fingerprint=made_of, record=record, rejected=rejected)


def _made_of(dataset: Dataset, manifest: Record) -> str:
    return fingerprint(raw=manifest["fingerprint"], rules=VERSION, max_bad_share=dataset.quality.max_bad_share)


def _opened(
    store: Store, raw: Partition, records: Sequence[Record], dataset: Dataset
) -> tuple[pl.DataFrame, list[Finding]]:
    """The rows of the objects that can be read, and what is wrong with the others."""
    frames, broken = [pl.DataFrame(schema=RAW)], []
    for record in records:
        try:
            content = object_content(store, raw, record, dataset)
            frames.append(read_funding_csv(content, record["name"], object_window(record)))
        except ObjectError as error:
            # The object of the month before is there for a settlement that it may hold by some milliseconds.
            is_own = raw.date.startswith(record["date"])
            severity = Severity.PARTITION if is_own else Severity.WARN
            broken.append(Finding(error.rule, severity, 1, f"{record['name']}: {error}"))
    return pl.concat(frames), broken


def _of_this_partition(rows: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Leaves to other partitions what is theirs, so that every row of every object belongs to just one.

    A settlement, bad or not, belongs where it is due; what lies outside its object's name, where the object begins.
    """
    place = pl.when(IS_NAMED).then("time").otherwise("from_us").cast(TIME)
    return rows.filter(place.is_between(window.start, window.end, closed="left"))


def _quarantined(rejected: pl.DataFrame, window: Window) -> list[dict[str, str]]:
    """The settlements of which a row came that was set aside: the gap ledger calls them quarantined."""
    rows = (
        rejected.filter(IS_NAMED)
        .select(pl.col("time").cast(TIME), "reason")
        .unique(maintain_order=True)
        .sort("time", "reason")
    )
    instants = ((at.isoformat(), reason) for at, reason in rows.iter_rows() if at in window)
    return [{"start": at, "end": at, "reason": reason} for at, reason in instants]


def _parse_rest(store: Store, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = store.get_json(raw, MANIFEST)
    if manifest is None:
        return Outcome(partition, State.UNCHANGED, Verdict(0))
    made_of = _made_of(dataset, manifest)
    if done := unchanged(store, partition, made_of):
        return done
    answer = Answer.kept(store, raw, manifest)
    if answer is None:
        return Outcome(partition, State.FAILED, failed("upstream", "raw lacks a page; materialize raw again"))
    audited = answer.of(window_of(dataset, partition))
    record = {"raw": manifest["fingerprint"], "asked": manifest["asked"], **answer.facts()}
    rejected = audited.rejected.select("line", "reason", *SENT.names())
    verdict, settled = audited.verdict, audited.settled
    return publish(store, partition, settled, verdict, fingerprint=made_of, record=record, rejected=rejected)


def _merge(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    parsed = {name: partition.in_zone("parsed", name) for name in dataset.sources}
    published = {name: work.store.published(one) for name, one in parsed.items()}
    if ARCHIVE in parsed and published[ARCHIVE] is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "parsed is not published"))
    window = window_of(dataset, partition)
    known, unpublished = due(window, work.now), unpublished_from(dataset, window, work.now)
    made_of = fingerprint(
        sources=[(name, one.fingerprint if one else None) for name, one in published.items()],
        due=known.end,
        unpublished=unpublished,
        rules=VERSION,
    )
    done = unchanged(work.store, partition, made_of)
    if done and (not done.ok or trusted(work.store, partition) == made_of):
        return done
    settled = joined([work.store.read(one) for one in parsed.values()])
    records = {name: one.record for name, one in published.items() if one}
    reasons = _reasons(records.get(ARCHIVE) or {}, records.get(REST) or {}, unpublished)
    gaps = settlement_ledger(missing_settlements(settled, known), reasons)
    verdict = Verdict(settled.height, (*audit(settled, funding_model()), *_coverage(gaps)))
    return publish(work.store, partition, settled, verdict, fingerprint=made_of, record={}, ledger=gaps)


def _reasons(archive: Told, rest: Told, unpublished: datetime | None) -> list[Reason]:
    """Why settlements may be missing, the strongest reason first: the order of bars (decision 0012)."""
    set_aside = (quarantined(one) for one in archive.get("quarantined") or [])
    return [*set_aside, *proved(rest), *not_published(unpublished)]


def _coverage(gaps: pl.DataFrame) -> Iterator[Finding]:
    if gaps.height:
        yield Finding("coverage", Severity.WARN, int(gaps["bars"].sum()), "settlements are missing", sample(gaps))
