"""parsed/binance_archive: the objects of a partition as one audited frame, bad rows set aside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from bcdata.bars.calendar import calendar
from bcdata.bars.gaps import runs_of
from bcdata.bars.schema import TIME
from bcdata.bars.tail import quiet_since
from bcdata.catalog import Dataset
from bcdata.operations.archive_content import Record, object_content, object_window
from bcdata.operations.control_bars import with_windows
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.publish import publish, unchanged
from bcdata.operations.raw_archive import MANIFEST
from bcdata.operations.stream import each
from bcdata.operations.workbench import Workbench, window_of
from bcdata.providers.binance.contracts import contract_size
from bcdata.providers.binance.klines import RawKlines, check_columns, coin_margined, read_csv, snap_early_2018
from bcdata.providers.binance.unzip import ObjectError
from bcdata.quality.audit import Audited, audit_bars
from bcdata.quality.rules import VERSION
from bcdata.quality.verdict import Finding, Severity, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Grain, Window


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Parses and audits what raw holds, and yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _parse(work, dataset, one))


def _parse(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    manifest = work.store.get_json(partition.in_zone("raw", partition.provider), MANIFEST)
    if manifest is None:
        verdict = failed("upstream", "raw holds nothing for it; materialize raw first")
        return Outcome(partition, State.FAILED, verdict)
    made_of = parsed_fingerprint(dataset, manifest["fingerprint"])
    if done := unchanged(work.store, partition, made_of):
        return done
    opened = _Opened.of(work.store, partition, manifest["objects"], dataset)
    audited = _audit(dataset, partition, opened)
    since = quiet_since(audited.bars)
    record = {
        "raw": manifest["fingerprint"],
        "objects": [one["name"] for one in opened.records],
        "evidence": manifest["evidence"],
        "quarantined": _quarantined(dataset, partition, audited),
        "quiet_since": since.isoformat() if since else None,
    }
    return publish(
        work.store,
        partition,
        audited.bars,
        audited.verdict,
        fingerprint=made_of,
        record=record,
        rejected=audited.rejected,
    )


def parsed_fingerprint(dataset: Dataset, raw: str) -> str:
    """What a parsed partition is made of: the raw objects, the rules, the settings that bear on it."""
    interval = dataset.interval.name if dataset.interval else None
    return fingerprint(raw=raw, rules=VERSION, interval=interval, max_bad_share=dataset.quality.max_bad_share)


@dataclass(slots=True)
class _Opened:
    """The contents of the objects that could be opened, and what is wrong with the others."""

    records: list[Record]
    contents: list[bytes]
    findings: list[Finding]

    @classmethod
    def of(cls, store: Store, partition: Partition, records: Sequence[Record], dataset: Dataset) -> "_Opened":
        opened = cls([], [], [])
        raw = partition.in_zone("raw", partition.provider)
        broken: list[tuple[Record, ObjectError]] = []
        for record in records:
            try:
                opened.contents.append(check_columns(object_content(store, raw, record, dataset.interval)))
                opened.records.append(record)
            except ObjectError as error:
                broken.append((record, error))
        opened.findings = [_broken(record, error, opened.records) for record, error in broken]
        return opened


def _broken(record: Record, error: ObjectError, good: Sequence[Record]) -> Finding:
    """A broken object costs the partition, unless whole ones cover the same days."""
    covered = {day for one in good for day in object_window(one).days()}
    replaced = all(day in covered for day in object_window(record).days())
    words = f"{record['name']}: {error}" + ("; other objects cover its days" if replaced else "")
    return Finding(error.rule, Severity.WARN if replaced else Severity.PARTITION, 1, words)


def _audit(dataset: Dataset, partition: Partition, opened: _Opened) -> Audited:
    raw = read_csv(opened.contents)
    rows = raw.rows
    if dataset.market == "cm":
        rows = coin_margined(rows, contract_size(partition.symbol))
    rows, snapped = snap_early_2018(rows, dataset.bar_interval)
    rows, spilled = _of_this_partition(rows, dataset, partition)
    if dataset.grain is Grain.DAY:
        rows = _of_this_day(rows, opened.records, window_of(dataset, partition))
    audited = audit_bars(
        with_windows(rows, opened.records),
        interval=dataset.bar_interval,
        max_bad_share=dataset.quality.max_bad_share,
        bad_lines=raw.bad_lines.height,
    )
    findings = [*opened.findings, *snapped, *spilled]
    rejected = _rejected(audited.rejected, raw, opened.records)
    return Audited(audited.bars, rejected, audited.verdict.with_findings(findings))


def _of_this_partition(
    rows: pl.DataFrame, dataset: Dataset, partition: Partition
) -> tuple[pl.DataFrame, list[Finding]]:
    """Leaves to the partition before it a bar longer than a day that a monthly object carries over its border."""
    length = dataset.interval.length if dataset.interval else None
    if length is not None and length <= timedelta(days=1):
        return rows, []
    start = int(window_of(dataset, partition).start.timestamp()) * 1_000_000
    reach = start - int((length or timedelta(days=31)).total_seconds()) * 1_000_000
    before = pl.col("open_time").is_between(reach, start, closed="none")
    spilled = rows.filter(before).height
    if not spilled:
        return rows, []
    words = "bars that open before the month; they belong to the partition before"
    return rows.filter(~before), [Finding("spilled", Severity.WARN, spilled, words)]


def _of_this_day(rows: pl.DataFrame, records: Sequence[Record], window: Window) -> pl.DataFrame:
    """Takes out of a monthly object, which stands in for a day's, the rows of that day."""
    monthly = [at for at, record in enumerate(records) if record["period"] == "monthly"]
    start, end = (int(edge.timestamp()) * 1_000_000 for edge in (window.start, window.end))
    inside = pl.col("open_time").is_between(start, end, closed="left")
    return rows.filter(inside | ~pl.col("object").is_in(monthly))


def _rejected(rows: pl.DataFrame, raw: RawKlines, records: Sequence[Record]) -> pl.DataFrame:
    """All that is set aside, bad rows and bad lines alike, with the object and the line they came from."""
    names = pl.DataFrame(
        {"object": range(len(records)), "name": [record["name"] for record in records]},
        schema={"object": pl.Int64, "name": pl.String},
    )
    both = pl.concat([rows.drop("from_us", "to_us", "rank"), raw.bad_lines], how="diagonal")
    named = both.join(names, on="object", how="left", maintain_order="left").drop("object")
    return named.select("name", "line", "reason", pl.exclude("name", "line", "reason"))


def _quarantined(dataset: Dataset, partition: Partition, audited: Audited) -> list[dict[str, Any]]:
    """Runs of expected bars for which a row came but was set aside: the gap ledger calls them quarantined."""
    if audited.rejected.is_empty():
        return []
    expected = calendar(dataset.calendar).opens(dataset.bar_interval, window_of(dataset, partition))
    runs = []
    for (reason,), rows in audited.rejected.group_by("reason", maintain_order=True):
        opens = rows["open_time"].drop_nulls().cast(TIME).dt.truncate(dataset.bar_interval.name)
        for first, last in runs_of(opens, expected):
            runs.append({"start": first.isoformat(), "end": last.isoformat(), "reason": reason})
    return runs
