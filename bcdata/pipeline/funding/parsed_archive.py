"""Parsed files of funding: every row of a month's file is published or set aside with its reason.

Raw is the same as for bars (`raw/archive.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import RAW_SETTLEMENT, SENT_SETTLEMENT, TIME
from bcdata.gaps.told import SetAsideRecord
from bcdata.intervals import SETTLEMENT_MINUTE
from bcdata.pipeline.context import Workbench, window_of
from bcdata.pipeline.funding.common import AROUND, made_of_raw, plain
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.parsed.archive_content import object_file, refuse_lost
from bcdata.pipeline.parsed.archive_rows import extra_columns
from bcdata.pipeline.publish import publish, unchanged
from bcdata.pipeline.records.in_footers import FilesRecord
from bcdata.pipeline.records.manifests import archive_manifest, held_manifest
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.pipeline.stream import each
from bcdata.providers.base import ObjectError
from bcdata.providers.registry import bulk_format
from bcdata.quality.settlements import IS_NAMED, audit_settlements
from bcdata.quality.shares import BAD_SHARE, Bad
from bcdata.quality.verdict import Finding, Severity, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Parses and audits the files of settlements; yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _parse(work.store, dataset, one))


def _parse(store: Store, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = held_manifest(store, raw, archive_manifest)
    if manifest is None:
        return Outcome(partition, State.FAILED, failed("upstream", "raw holds nothing for it; materialize raw first"))
    made_of = made_of_raw(dataset, manifest)
    if done := unchanged(store, partition, made_of):
        return done
    window, records = window_of(dataset, partition), manifest["objects"]
    opened = _Opened.of(store, raw, records, dataset)
    before = _day_before(opened.rows, dataset, window)
    audited = audit_settlements(_of_this_partition(opened.rows, window), max_bad_share=dataset.quality.max_bad_share)
    whole: list[SetAsideRecord] = [
        {
            "start": window.start.isoformat(),
            "end": (window.end - SETTLEMENT_MINUTE).isoformat(),
            "reason": rule,
            "evidence": words,
        }
        for _, rule, words in opened.whole(audited.bad_objects)
    ]
    record = FilesRecord(
        raw=manifest["fingerprint"],
        objects=[one["name"] for one in records],
        evidence=manifest["evidence"],
        quarantined=[*_quarantined(audited.rejected, window), *whole],
        before=plain(before),
    )
    verdict = audited.verdict.with_findings(opened.findings(audited.bad_objects))
    rejected = pl.concat([audited.rejected, opened.as_rows()], how="diagonal")
    rejected = rejected.select("name", "line", "reason", "evidence", *SENT_SETTLEMENT.names())
    return publish(store, partition, audited.settled, verdict, fingerprint=made_of, record=record, rejected=rejected)


@dataclass(slots=True)
class _Opened:
    """The rows of the objects of a partition that can be read, and what is wrong with the others."""

    month: str
    rows: pl.DataFrame
    broken: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, rule, words."""
    beside: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, store: Store, raw: Partition, records: Sequence[ObjectRecord], dataset: Dataset) -> "_Opened":
        nothing, files = pl.DataFrame(schema=RAW_SETTLEMENT), bulk_format(dataset.market)
        frames, opened, wide = [nothing], cls(raw.date, nothing), []
        for record in records:
            name = record["name"]
            try:
                found = files.settlements(object_file(store, raw, record))
                frames.append(found.rows)
                wide += [name] if found.is_wide else []
            except ObjectError as error:
                refuse_lost(error, raw, record)
                words = f"{name} cannot be read: {error}"
                # The object of the month before is there for a settlement that it may hold by some milliseconds.
                if raw.date.startswith(record["date"]):
                    opened.broken.append((name, error.rule, words))
                else:
                    opened.beside.append(Finding(error.rule, Severity.WARN, 1, words))
        opened.rows = pl.concat(frames)
        opened.beside += extra_columns(wide)
        return opened

    def whole(self, bad: Mapping[str, Bad]) -> list[tuple[str, str, str]]:
        """The partition's own objects that are set aside whole: name, rule, words."""
        words = "{}: {}, and the rest is not believed"
        own = [(name, BAD_SHARE, words.format(name, one)) for name, one in bad.items() if self.month in name]
        return [*self.broken, *own]

    def findings(self, bad: Mapping[str, Bad]) -> list[Finding]:
        """What is wrong with objects."""
        return [*(Finding(rule, Severity.ROW, 1, words) for _, rule, words in self.whole(bad)), *self.beside]

    def as_rows(self) -> pl.DataFrame:
        """Objects that cannot be read, as rows for quarantine."""
        schema = dict.fromkeys(("name", "reason", "evidence"), pl.String)
        return pl.DataFrame(self.broken, schema=schema, orient="row")


def _of_this_partition(rows: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Leaves to other partitions what is theirs, so that every row of every object belongs to just one.

    A settlement, bad or not, belongs where it is due; what lies outside its object's name, where the object begins.
    """
    place = pl.when(IS_NAMED).then("time").otherwise("from_us").cast(TIME)
    return rows.filter(place.is_between(window.start, window.end, closed="left"))


def _day_before(rows: pl.DataFrame, dataset: Dataset, window: Window) -> pl.DataFrame:
    """The sound settlements of the day before; none where the partition before would set their object aside."""
    early = dataset.grain.window(dataset.grain.key(window.start - AROUND))
    audited = audit_settlements(_of_this_partition(rows, early), max_bad_share=dataset.quality.max_bad_share)
    return audited.settled.filter(pl.col("time") >= window.start - AROUND)


def _quarantined(rejected: pl.DataFrame, window: Window) -> list[SetAsideRecord]:
    """The settlements of which a row came that was set aside: the gap ledger calls them quarantined."""
    rows = (
        rejected.filter(IS_NAMED)
        .select(pl.col("time").cast(TIME), "reason")
        .unique(maintain_order=True)
        .sort("time", "reason")
    )
    instants = ((at.isoformat(), reason) for at, reason in rows.iter_rows() if at in window)
    return [{"start": at, "end": at, "reason": reason} for at, reason in instants]
