"""Bars that only an earlier version of an archive object holds: after a republication with fewer rows."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.records import WithdrawnRecord
from bcdata.ledger.set_aside import MissingOpens
from bcdata.pipeline.context import series_of
from bcdata.pipeline.parsed.archive_content import object_window, rows_content
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.providers.base import ObjectError
from bcdata.providers.registry import bulk_format
from bcdata.quality.verdict import SAMPLE, Finding, Severity
from bcdata.store.layout import Partition
from bcdata.store.store import Store

_DIGITS = 12
"""So many of a sha256 name a version in words."""


def withdrawn_bars(
    store: Store, raw: Partition, earlier: Sequence[ObjectRecord], dataset: Dataset, lacking: MissingOpens
) -> list[WithdrawnRecord]:
    """Runs of bars that no object in force has and earlier versions do, in order: `withdrawn` of objects of bars."""
    return withdrawn(earlier, lambda record: _opens(store, raw, record, dataset), lacking)


def withdrawn(
    earlier: Sequence[ObjectRecord], opens: Callable[[ObjectRecord], pl.Series], lacking: MissingOpens
) -> list[WithdrawnRecord]:
    """Runs of rows that no object in force has and earlier versions do, in order.

    A run names the newest version that has all of it. Where none does it is cut at midnight, and a part of which no
    version has all names beside the newest version `also` the others that have some of it: a day never has a run for
    each of its minutes.

    Args:
        earlier: the records of earlier versions.
        opens: gives the opens (UTC) of the rows in a version; none where it cannot be read.
        lacking: the rows of which none was received.
    """
    records = [] if lacking.missing.is_empty() else sorted(earlier, key=_age, reverse=True)
    if not records:
        return []
    held = pl.concat([_held(one, opens(one)) for one in records])
    held = held.filter(pl.col("open_time").is_in(lacking.missing.implode()))
    found: list[WithdrawnRecord] = []
    for first, last in lacking.runs(held["open_time"]):
        inside = held.filter(pl.col("open_time").is_between(first, last))
        day = pl.col("open_time").dt.date()
        days = [inside.filter(day == one) for one in inside.select(day.unique().sort()).to_series()]
        for versions, parts in groupby([inside] if len(_versions(inside)) == 1 else days, _versions):
            found.append(_run(pl.concat(parts)["open_time"], versions))
    return found


def _age(record: ObjectRecord) -> tuple[str, str, str]:
    """What orders versions: by when the archive changed them, and always the same way where that is not known."""
    return (record["listed"].get("last_modified") or "", record["name"], record["file"])


def _held(record: ObjectRecord, opens: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"open_time": opens.unique()}).with_columns(version=pl.lit(str(record["sha256"])[:_DIGITS]))


def _versions(held: pl.DataFrame) -> list[str]:
    """The newest version that has all of the opens; else those of which each has some that no newer one has.

    Args:
        held: opens with the versions that have them, those of the newest version first.
    """
    whole = held.n_unique("open_time")
    counts = held.group_by("version", maintain_order=True).agg(pl.col("open_time").n_unique())
    for version, count in counts.iter_rows():
        if count == whole:
            return [version]
    return held.unique("open_time", keep="first", maintain_order=True)["version"].unique(maintain_order=True).to_list()


def _run(opens: pl.Series, versions: Sequence[str]) -> WithdrawnRecord:
    first, last = opens.min(), opens.max()
    assert isinstance(first, datetime)  # noqa: S101 # nosec B101 # a run has bars
    assert isinstance(last, datetime)  # noqa: S101 # nosec B101 # a run has bars
    run: WithdrawnRecord = {"start": first.isoformat(), "end": last.isoformat(), "version": versions[0]}
    return {**run, "also": list(versions[1:])} if versions[1:] else run


def _opens(store: Store, raw: Partition, record: ObjectRecord, dataset: Dataset) -> pl.Series:
    """The opens (UTC) of the bars in a version; none where it cannot be read."""
    series = series_of(dataset, raw.symbol)
    try:
        content = rows_content(store, raw, record, series)
    except ObjectError:
        return pl.Series("open_time", [], dtype=TIME)
    rows = bulk_format(series.market).bars([content], series).rows
    window, opens = object_window(record), rows["open_time"].drop_nulls().cast(TIME)
    return opens.filter(opens.is_between(window.start, window.end, closed="left"))


def fewer_rows(gone: Sequence[WithdrawnRecord], interval: Interval, what: str = "bars") -> list[Finding]:
    """The warning that republished objects have fewer rows than before, how many, and what they are called."""
    if not gone:
        return []
    first = gone[0]
    edges = ((datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])) for one in gone)
    bars = sum(_bars(first_open, last_open, interval) for first_open, last_open in edges)
    words = f"{what} that only an earlier version has, the first {first['start']} (version {first['version']})"
    return [Finding("fewer_rows", Severity.WARN, bars, words, tuple(dict(one) for one in gone[:SAMPLE]))]


def _bars(first: datetime, last: datetime, interval: Interval) -> int:
    """How many bars a run has, both ends included; months are counted one by one."""
    if interval.length is not None:
        return (last - first) // interval.length + 1
    return (last.year - first.year) * 12 + last.month - first.month + 1
