"""The files of metrics: every row of a file is published or set aside with its reason, in just one partition."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import RAW_METRIC, TIME
from bcdata.ledger.ledger import missing_opens
from bcdata.ledger.records import SetAsideRecord
from bcdata.ledger.set_aside import MissingOpens, runs_of_windows
from bcdata.pipeline.context import series_of, window_of
from bcdata.pipeline.parsed.archive_content import OpenedObjects, Whole, object_file, object_window, unread_rows
from bcdata.pipeline.parsed.archive_rows import extra_columns
from bcdata.pipeline.parsed.superseded import fewer_rows, withdrawn
from bcdata.pipeline.publish import Draft
from bcdata.pipeline.records.in_footers import FilesRecord
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.pipeline.records.shapes import ArchiveManifest
from bcdata.providers.base import ObjectError
from bcdata.providers.formats import FileMetrics
from bcdata.providers.registry import bulk_format
from bcdata.quality.metrics import IS_NAMED, AuditedMetrics, audit_metrics
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import calendar
from bcdata.windows import Window, overlap

_YEAR_3000_US = 32_503_680_000_000_000
_SHOWN = pl.when(pl.col("time").is_between(0, _YEAR_3000_US)).then("time").cast(TIME).alias("time")
"""Times that no calendar has are not shown as such: the line has them as they stood."""


def read_object(store: Store, dataset: Dataset, raw: Partition, record: ObjectRecord) -> FileMetrics:
    """The metrics of an object that raw holds.

    Raises:
        ObjectError: it cannot be read, or its bytes are lost.
    """
    file = object_file(store, raw, record)
    return bulk_format(dataset.market).metrics(file, series_of(dataset, raw.symbol))


def opens_of(store: Store, dataset: Dataset, raw: Partition, record: ObjectRecord) -> pl.Series:
    """The times (UTC) of the rows of an object, of those that lie in its own time; none where it cannot be read."""
    try:
        rows = read_object(store, dataset, raw, record).rows
    except ObjectError:
        rows = pl.DataFrame(schema=RAW_METRIC)
    return rows.filter(IS_NAMED)["time"].cast(TIME).alias("open_time")


def parse_files(store: Store, dataset: Dataset, raw: Partition, manifest: ArchiveManifest) -> Draft:
    """The metrics of the objects that raw holds, and what is known of those that are missing."""
    window, records = window_of(dataset, raw), manifest["objects"]
    opened = OpenedObjects.of(raw, records, lambda record: read_object(store, dataset, raw, record))
    rows = pl.concat([pl.DataFrame(schema=RAW_METRIC), *(one.rows for one in opened.contents)])
    share = dataset.quality.max_bad_share
    audited = audit_metrics(rows, symbol=raw.symbol, window=window, max_bad_share=share)
    at = {record["name"]: index for index, record in enumerate(opened.records)}
    whole = opened.whole({at[name]: its for name, its in audited.bad_objects.items()})
    expected = calendar(dataset.hours).opens(dataset.pace, window)
    lacking = MissingOpens(expected, missing_opens(expected, audited.metrics["time"]))
    received = rows.filter(IS_NAMED)["time"].cast(TIME)
    gone = withdrawn(
        manifest.get("superseded", []),
        lambda record: opens_of(store, dataset, raw, record),
        lacking.without(received),
    )
    record = FilesRecord(
        raw=manifest["fingerprint"],
        objects=[one["name"] for one in records],
        evidence=manifest["evidence"],
        quarantined=[*_of_rows(audited, lacking, dataset), *_of_objects(whole, lacking, dataset)],
        withdrawn=gone,
    )
    wide = [one["name"] for one, content in zip(opened.records, opened.contents, strict=True) if content.is_wide]
    more = [*_costs(whole, audited, dataset, window), *extra_columns(wide), *fewer_rows(gone, dataset.pace, "rows")]
    rejected = pl.concat([audited.rejected, unread_rows(_own(whole, window))], how="diagonal")
    rejected = rejected.select("name", "line", "reason", "evidence", _SHOWN, "text")
    return Draft(audited.metrics, audited.verdict.with_findings(more), record, rejected)


def _own(whole: Sequence[Whole], window: Window) -> list[Whole]:
    """Those objects that name a time of the partition; what another partition is made of is set aside there."""
    return [one for one in whole if object_window(one[0]).start in window]


def _costs(whole: Sequence[Whole], audited: AuditedMetrics, dataset: Dataset, window: Window) -> Iterator[Finding]:
    """The findings of objects that are set aside whole: of those of other days, what they cost this partition."""
    own = {record["name"] for record, _, _ in _own(whole, window)} | set(audited.rejected["name"])
    for record, rule, words in whole:
        if not overlap(dataset.held(object_window(record)), window).is_empty:
            yield Finding(rule, Severity.ROW if record["name"] in own else Severity.WARN, 1, words)


def _of_rows(audited: AuditedMetrics, lacking: MissingOpens, dataset: Dataset) -> Iterator[SetAsideRecord]:
    """Runs of missing rows of which one was received that was set aside, also where it may be of another time."""
    aside = pl.concat([audited.rejected, audited.elsewhere])
    told = pl.concat(
        [
            aside.filter(IS_NAMED).select("time", "reason", "evidence"),
            aside.drop_nulls("other_time").select(pl.col("other_time").alias("time"), "reason", "evidence"),
        ]
    )
    placed = told.with_columns(pl.col("time").cast(TIME).dt.truncate(dataset.pace.name)).sort("time", "reason")
    for (reason,), rows in placed.group_by("reason", maintain_order=True):
        words = rows["evidence"].drop_nulls()
        for first, last in lacking.runs(rows["time"].alias("open_time")):
            yield _run(first, last, str(reason), words[0] if len(words) else None)


def _of_objects(whole: Sequence[Whole], lacking: MissingOpens, dataset: Dataset) -> Iterator[SetAsideRecord]:
    """Runs of missing rows within the time of objects that are set aside whole."""
    windows = [(dataset.held(object_window(record)), rule, words) for record, rule, words in whole]
    return runs_of_windows(windows, lacking, pl.Series([], dtype=pl.Date))


def _run(first: datetime, last: datetime, reason: str, evidence: str | None) -> SetAsideRecord:
    run: SetAsideRecord = {"start": first.isoformat(), "end": last.isoformat(), "reason": reason}
    return {**run, "evidence": evidence} if evidence else run
