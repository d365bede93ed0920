"""Bars that only an earlier version of an archive object holds: after a republication with fewer rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from bcdata.bars.schema import TIME
from bcdata.catalog import Dataset
from bcdata.intervals import Interval
from bcdata.operations.archive_content import Record, object_content, object_window
from bcdata.operations.set_aside import Lacking
from bcdata.providers.binance.klines import check_columns, read_csv, snap_early_2018
from bcdata.providers.binance.unzip import ObjectError
from bcdata.quality.verdict import SAMPLE, Finding, Severity
from bcdata.store.layout import Partition
from bcdata.store.store import Store

_DIGITS = 12
"""So many of a sha256 name a version in words."""


def withdrawn_bars(
    store: Store, raw: Partition, manifest: Mapping[str, Any], dataset: Dataset, lacking: Lacking
) -> list[dict[str, str]]:
    """Runs of bars that no object in force has and an earlier version does: `{start, end, version}`.

    Args:
        store: the lake.
        raw: the partition of raw/binance_archive.
        manifest: its manifest; `superseded` are the records of earlier versions.
        dataset: whose bars they are.
        lacking: the bars of which no row was received.
    """
    found: list[dict[str, str]] = []
    for record in reversed(manifest.get("superseded") or []):
        if lacking.missing.is_empty():
            break
        held = _opens(store, raw, record, dataset)
        version = str(record["sha256"])[:_DIGITS]
        for first, last in lacking.runs(held):
            found.append({"start": first.isoformat(), "end": last.isoformat(), "version": version})
        lacking = lacking.without(held)
    return sorted(found, key=lambda one: one["start"])


def _opens(store: Store, raw: Partition, record: Record, dataset: Dataset) -> pl.Series:
    """The opens (UTC) of the bars in a version; none where it cannot be read."""
    try:
        content = check_columns(object_content(store, raw, record, dataset.interval))
    except ObjectError:
        return pl.Series("open_time", [], dtype=TIME)
    rows, _ = snap_early_2018(read_csv([content]).rows.drop_nulls("open_time"), dataset.bar_interval)
    window, opens = object_window(record), rows["open_time"].cast(TIME)
    return opens.filter(opens.is_between(window.start, window.end, closed="left"))


def fewer_rows(withdrawn: Sequence[Mapping[str, str]], interval: Interval) -> list[Finding]:
    """The warning that republished objects have fewer rows than before, and how many bars that are."""
    if not withdrawn:
        return []
    first = withdrawn[0]
    edges = ((datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])) for one in withdrawn)
    bars = sum(_bars(first_open, last_open, interval) for first_open, last_open in edges)
    words = f"bars that only an earlier version has, the first {first['start']} (version {first['version']})"
    return [Finding("fewer_rows", Severity.WARN, bars, words, tuple(dict(one) for one in withdrawn[:SAMPLE]))]


def _bars(first: datetime, last: datetime, interval: Interval) -> int:
    """How many bars a run has, both ends included; months are counted one by one."""
    if interval.length is not None:
        return (last - first) // interval.length + 1
    return (last.year - first.year) * 12 + last.month - first.month + 1
