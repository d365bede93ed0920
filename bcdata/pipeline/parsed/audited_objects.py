"""What the audit makes of archive objects: of all that a partition reads, and for raw of a day's object alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from bcdata.catalog import Dataset
from bcdata.ledger.set_aside import by_neighbours
from bcdata.pipeline.context import series_of, window_of
from bcdata.pipeline.parsed.archive_content import OpenedObjects
from bcdata.pipeline.parsed.archive_rows import RowsSetAside, extra_columns
from bcdata.pipeline.parsed.control_bars import with_windows
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.providers.registry import bulk_format
from bcdata.quality.audit import Audited, audit_bars
from bcdata.quality.rules import blame, row_rules
from bcdata.quality.shares import BadRows, count_bad
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.layout import Partition
from bcdata.windows import Grain, Window


@dataclass(frozen=True, slots=True)
class AuditedObjects:
    """The raw rows of a partition and what became of them.

    Attributes:
        rows: raw rows.
        bad_lines: the lines that are none.
        audited: the audit.
        aside: what is set aside.
        noticed: what was noticed before the audit.
    """

    rows: pl.DataFrame
    bad_lines: pl.DataFrame
    audited: Audited
    aside: RowsSetAside
    noticed: list[Finding]


def audit_objects(
    dataset: Dataset,
    partition: Partition,
    opened: OpenedObjects[bytes],
    controls: Mapping[str, pl.DataFrame],
    between: Sequence[Window] = (),
    *,
    is_published: bool = True,
) -> AuditedObjects:
    """Reads and audits the objects of a partition.

    Args:
        dataset: whose objects they are.
        partition: its symbol and date tell what of them is asked for.
        opened: their contents.
        controls: coarser bars by interval name.
        between: the times between two instruments of one ticker.
        is_published: whether the bars are to be published.
    """
    series = series_of(dataset, partition.symbol)
    sent = bulk_format(dataset.market).bars(opened.contents, series, apart=True)
    rows, spilled = _of_this_partition(sent.rows, dataset, partition)
    bad_lines = sent.bad_lines
    rows = with_windows(rows, opened.records)
    elsewhere: dict[int, BadRows] = {}
    if dataset.grain is Grain.DAY and any(one["period"] == "monthly" for one in opened.records):
        rows, bad_lines, elsewhere = _of_this_day(rows, bad_lines, opened.records, dataset, partition)
    audited = audit_bars(
        rows,
        interval=dataset.bar_interval,
        max_bad_share=dataset.quality.max_bad_share,
        of=dataset.frame_type,
        bad_lines=dict(bad_lines.group_by("object").len().sort("object").iter_rows()),
        elsewhere=elsewhere,
        controls=controls,
        between=between,
        is_published=is_published,
    )
    noticed = [*sent.findings, *spilled, *extra_columns([opened.records[at]["name"] for at in sent.wide])]
    return AuditedObjects(rows, bad_lines, audited, RowsSetAside.of(opened, rows, bad_lines, audited), noticed)


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


def _of_this_day(
    rows: pl.DataFrame, bad_lines: pl.DataFrame, records: Sequence[ObjectRecord], dataset: Dataset, partition: Partition
) -> tuple[pl.DataFrame, pl.DataFrame, dict[int, BadRows]]:
    """Takes out of the month's object the rows and lines of the day, and counts the others, good and bad.

    An object is believed or not as a whole, by day as by month: so what is bad on other days counts.
    """
    window, interval = window_of(dataset, partition), dataset.bar_interval
    assert interval.length is not None  # noqa: S101 # nosec B101 # bars of months have no daily partitions
    step = int(interval.length.total_seconds() * 1_000_000)
    monthly = [at for at, record in enumerate(records) if record["period"] == "monthly"]
    start, end = (int(edge.timestamp()) * 1_000_000 for edge in (window.start, window.end))

    def is_here(open_time: pl.Expr) -> pl.Expr:
        inside = open_time.is_between(start, end, closed="left").fill_null(value=False)
        return inside | ~pl.col("object").is_in(monthly)

    bad_lines = by_neighbours(bad_lines, rows, step)
    of_rows = is_here(pl.coalesce("open_time", pl.col("close_time") + 1 - step))
    of_lines = is_here(pl.col("open_time"))
    other_lines = dict(bad_lines.filter(~of_lines).group_by("object").len().iter_rows())
    of = dataset.frame_type
    rules = row_rules(interval, contracts="contracts" in rows.columns, columns=of.columns, signed=of.is_signed)
    elsewhere = count_bad(rows.filter(~of_rows).with_columns(blame(rules)), other_lines)
    return rows.filter(of_rows), bad_lines.filter(of_lines), elsewhere
