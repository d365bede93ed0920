"""parsed/binance_archive: the objects of a partition as one audited frame, bad rows set aside."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from bcdata.bars.calendar import calendar
from bcdata.bars.gaps import missing_opens
from bcdata.bars.schema import TIME
from bcdata.bars.tail import quiet_since
from bcdata.catalog import Dataset
from bcdata.operations.archive_rows import Opened, SetAside, extra_columns
from bcdata.operations.control_bars import read_controls_with_findings, with_windows
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.manifests import Record, read_manifest
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.publish import publish, unchanged
from bcdata.operations.set_aside import Lacking
from bcdata.operations.stream import each
from bcdata.operations.superseded import fewer_rows, withdrawn_bars
from bcdata.operations.workbench import Workbench, window_of
from bcdata.providers.binance.contracts import contract_size
from bcdata.providers.binance.klines import coin_margined, read_csv, snap_early_2018
from bcdata.quality.audit import Audited, audit_bars
from bcdata.quality.compare import Contradiction
from bcdata.quality.rules import VERSION
from bcdata.quality.verdict import Finding, Severity, failed
from bcdata.store.layout import Partition
from bcdata.windows import Grain, Window


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Parses and audits what raw holds, and yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _parse(work, dataset, one))


def _parse(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = read_manifest(work.store, raw)
    if manifest is None:
        verdict = failed("upstream", "raw holds nothing for it; materialize raw first")
        return Outcome(partition, State.FAILED, verdict)
    made_of = parsed_fingerprint(dataset, manifest["fingerprint"])
    if done := unchanged(work.store, partition, made_of):
        return done
    window = window_of(dataset, partition)
    opened = Opened.of(work.store, raw, manifest["objects"], dataset)
    controls, unread = read_controls_with_findings(work.store, raw, manifest, window)
    rows, bad_lines, noticed = _rows(dataset, partition, opened)
    audited = audit_bars(
        with_windows(rows, opened.records),
        interval=dataset.bar_interval,
        max_bad_share=dataset.quality.max_bad_share,
        bad_lines=dict(bad_lines.group_by("object").len().sort("object").iter_rows()),
        controls=controls,
        between=[_window(one) for one in manifest["evidence"].get("reused") or []],
    )
    aside = SetAside.of(opened, rows, bad_lines, audited)
    expected = calendar(dataset.calendar).opens(dataset.bar_interval, window)
    lacking = Lacking(expected, missing_opens(expected, audited.bars["open_time"]))
    received = rows["open_time"].drop_nulls().cast(TIME)
    withdrawn = withdrawn_bars(work.store, raw, manifest, dataset, lacking.without(received))
    record = {
        "raw": manifest["fingerprint"],
        "objects": [one["name"] for one in opened.records],
        "evidence": manifest["evidence"],
        "quarantined": aside.runs(lacking, dataset.bar_interval),
        "withdrawn": withdrawn,
        **_found(audited),
    }
    more = [*aside.findings(), *noticed, *unread, *fewer_rows(withdrawn, dataset.bar_interval)]
    return publish(
        work.store,
        partition,
        audited.bars,
        audited.verdict.with_findings(more),
        fingerprint=made_of,
        record=record,
        rejected=aside.frame(),
    )


def _found(audited: Audited) -> dict[str, Any]:
    """What the record says of the bars that are published."""
    since = quiet_since(audited.bars)
    return {
        "questioned": [_record_of(one) for one in audited.questioned],
        "uncompared": [day.isoformat() for day in audited.uncompared],
        "quiet_since": since.isoformat() if since else None,
    }


def _window(one: dict[str, str]) -> Window:
    return Window(datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"]))


def _record_of(one: Contradiction) -> dict[str, str]:
    return {"start": one.window.start.isoformat(), "end": one.window.end.isoformat(), "evidence": one.evidence}


def parsed_fingerprint(dataset: Dataset, raw: str) -> str:
    """What a parsed partition is made of: the raw objects, the rules, the settings that bear on it."""
    interval = dataset.interval.name if dataset.interval else None
    return fingerprint(raw=raw, rules=VERSION, interval=interval, max_bad_share=dataset.quality.max_bad_share)


def _rows(dataset: Dataset, partition: Partition, opened: Opened) -> tuple[pl.DataFrame, pl.DataFrame, list[Finding]]:
    """The raw rows of the partition, the lines that are none, and what was noticed."""
    raw = read_csv(opened.contents)
    rows = raw.rows
    if dataset.market == "cm":
        rows = coin_margined(rows, contract_size(partition.symbol))
    rows, snapped = snap_early_2018(rows, dataset.bar_interval)
    rows, spilled = _of_this_partition(rows, dataset, partition)
    bad_lines = raw.bad_lines
    if dataset.grain is Grain.DAY:
        day = window_of(dataset, partition)
        rows, bad_lines = (_of_this_day(one, opened.records, day) for one in (rows, bad_lines))
    return rows, bad_lines, [*snapped, *spilled, *extra_columns([opened.records[at]["name"] for at in raw.wide])]


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
