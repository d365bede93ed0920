"""The files of settlements: every row of a month's file is published or set aside with its reason."""

from collections.abc import Mapping, Sequence

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import RAW_SETTLEMENT, SENT_SETTLEMENT, TIME
from bcdata.interval import SETTLEMENT_MINUTE
from bcdata.ledger.records import SetAsideRecord
from bcdata.pipeline.context import window_of
from bcdata.pipeline.funding.common import AROUND, plain
from bcdata.pipeline.parsed.archive_content import OpenedObjects, Whole, object_file, unread_rows
from bcdata.pipeline.parsed.archive_rows import extra_columns
from bcdata.pipeline.publish import Draft
from bcdata.pipeline.records.in_footers import FilesRecord
from bcdata.pipeline.records.shapes import ArchiveManifest
from bcdata.providers.formats import FileSettlements
from bcdata.providers.registry import bulk_format
from bcdata.quality.settlements import IS_NAMED, audit_settlements
from bcdata.quality.shares import BAD_SHARE, BadRows
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


def parse_files(store: Store, dataset: Dataset, raw: Partition, manifest: ArchiveManifest) -> Draft:
    """The settlements of the objects that raw holds, and those of the day before."""
    window, records, files = window_of(dataset, raw), manifest["objects"], bulk_format(dataset.market)
    opened = OpenedObjects.of(raw, records, lambda record: files.settlements(object_file(store, raw, record)))
    rows = pl.concat([pl.DataFrame(schema=RAW_SETTLEMENT), *(one.rows for one in opened.contents)])
    audited = audit_settlements(_of_this_partition(rows, window), max_bad_share=dataset.quality.max_bad_share)
    own, beside = _whole(opened, audited.bad_objects, raw)
    record = FilesRecord(
        raw=manifest["fingerprint"],
        objects=[one["name"] for one in records],
        evidence=manifest["evidence"],
        quarantined=[*_quarantined(audited.rejected, window), *_all_of(window, own)],
        before=plain(_day_before(rows, dataset, window)),
    )
    wide = [one["name"] for one, content in zip(opened.records, opened.contents, strict=True) if content.is_wide]
    found = [Finding(rule, Severity.ROW, 1, words) for _, rule, words in own]
    found += [Finding(rule, Severity.WARN, 1, words) for _, rule, words in beside]
    rejected = pl.concat([audited.rejected, unread_rows(own)], how="diagonal")
    rejected = rejected.select("name", "line", "reason", "evidence", *SENT_SETTLEMENT.names())
    verdict = audited.verdict.with_findings([*found, *extra_columns(wide)])
    return Draft(audited.settled, verdict, record, rejected)


def _whole(
    opened: OpenedObjects[FileSettlements], bad: Mapping[str, BadRows], raw: Partition
) -> tuple[list[Whole], list[Whole]]:
    """The objects that are set aside whole: the partition's own, and that of the month before which cannot be read.

    The latter is there for a settlement that it may hold by some milliseconds.
    """
    at = {record["name"]: index for index, record in enumerate(opened.records)}
    own, beside = [], []
    for one in opened.whole({at[name]: its for name, its in bad.items()}):
        record, rule, _ = one
        if raw.date in record["name"] if rule == BAD_SHARE else raw.date.startswith(record["date"]):
            own.append(one)
        elif rule != BAD_SHARE:
            beside.append(one)
    return own, beside


def _all_of(window: Window, whole: Sequence[Whole]) -> list[SetAsideRecord]:
    """The partition's own objects hold all of its time."""
    start, end = window.start.isoformat(), (window.end - SETTLEMENT_MINUTE).isoformat()
    return [{"start": start, "end": end, "reason": rule, "evidence": words} for _, rule, words in whole]


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
