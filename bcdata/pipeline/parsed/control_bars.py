"""The control bars of a partition: coarser bars of the same symbol, kept in raw to check the finer ones."""

from collections import defaultdict
from collections.abc import Sequence

import polars as pl

from bcdata.catalog.names import parse_name
from bcdata.frames.schema import BAR, TIME
from bcdata.frames.types import FRAME_TYPES
from bcdata.interval import Interval
from bcdata.pipeline.parsed.archive_content import object_window, refuse_lost, rows_content
from bcdata.pipeline.records.objects import ControlRecord, ObjectTimes
from bcdata.providers.base import ObjectError, Series
from bcdata.providers.registry import bulk_format
from bcdata.quality.audit import audit_bars
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


def read_controls(
    store: Store, raw: Partition, controls: Sequence[ControlRecord], window: Window
) -> dict[str, pl.DataFrame]:
    """The control bars (`BAR`, ascending, one per open) that open in the window, by interval name.

    Controls that cannot be read are passed over; `read_controls_with_findings` names them.

    Args:
        store: the lake.
        raw: the partition of raw that holds the files.
        controls: their records.
        window: UTC.
    """
    return read_controls_with_findings(store, raw, controls, window)[0]


def read_controls_with_findings(
    store: Store, raw: Partition, controls: Sequence[ControlRecord], window: Window
) -> tuple[dict[str, pl.DataFrame], list[Finding]]:
    """The control bars as `read_controls` has them, and what is wrong with the controls that are left out."""
    by_interval: dict[str, list[ControlRecord]] = defaultdict(list)
    for record in controls:
        by_interval[record["interval"]].append(record)
    frames, broken = {}, []
    name_says = parse_name(raw.dataset)
    market, kind = name_says.market.name, name_says.frame_type.key
    for name, records in sorted(by_interval.items()):
        series, contents, read = Series(market, kind, raw.symbol, name), [], []
        for record in sorted(records, key=lambda one: one["name"]):
            try:
                contents.append(rows_content(store, raw, record, series))
                read.append(record)
            except ObjectError as error:
                refuse_lost(error, raw, record)
                broken.append(f"{record['name']}: {error}")
        if contents:
            frames[name] = sound_bars(contents, read, series).filter(
                pl.col("open_time").is_between(window.start, window.end, closed="left")
            )
    return frames, _named(broken)


def _named(broken: Sequence[str]) -> list[Finding]:
    if not broken:
        return []
    words = f"coarser bars that cannot be read and check nothing: {broken[0]}"
    more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
    return [Finding("control_unreadable", Severity.WARN, len(broken), words + more)]


def sound_bars(contents: Sequence[bytes], records: Sequence[ObjectTimes], series: Series) -> pl.DataFrame:
    """The rows (`BAR`) of objects that pass the row rules: what is wrong in itself checks nothing.

    Args:
        contents: of the objects, inflated, with known columns.
        records: the records of each.
        series: whose bars they are, and of which interval.
    """
    rows = with_windows(bulk_format(series.market).bars(contents, series).rows, records)
    interval = Interval.parse(series.interval or "")
    of = FRAME_TYPES[series.kind]
    audited = audit_bars(rows, interval=interval, max_bad_share=1, of=of, is_published=False)
    return audited.bars.select(BAR.names())


def with_windows(rows: pl.DataFrame, records: Sequence[ObjectTimes]) -> pl.DataFrame:
    """Raw rows with the window (`from_us`, `to_us`) and the `rank` of their object (0 daily, 1 monthly)."""
    windows = [object_window(record) for record in records]
    table = pl.DataFrame(
        {
            "object": range(len(records)),
            "from_us": pl.Series([window.start for window in windows], dtype=TIME).cast(pl.Int64),
            "to_us": pl.Series([window.end for window in windows], dtype=TIME).cast(pl.Int64),
            "rank": [0 if record["period"] == "daily" else 1 for record in records],
        },
        schema_overrides={"object": pl.Int64, "rank": pl.Int64},
    )
    # Objects are counted from 0: taking rows of the table by their number is three times as fast as a join.
    return rows.with_columns(
        table[name].gather(rows["object"]).alias(name) for name in table.columns if name != "object"
    )
