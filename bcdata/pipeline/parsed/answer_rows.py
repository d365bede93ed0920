"""Rows and windows out of what raw and parsed keep, as frames: what answers of REST are weighed with."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from bcdata.frames.schema import BAR, TIME, conform
from bcdata.interval import Interval
from bcdata.pipeline.context import series_of
from bcdata.pipeline.parsed.archive_view import ArchiveView
from bcdata.pipeline.records.in_footers import FilesRecord
from bcdata.pipeline.records.objects import StoredRecord
from bcdata.providers.registry import page_format
from bcdata.quality.audit import audit_bars
from bcdata.quality.compare.coarser import Contradiction
from bcdata.store.layout import Partition
from bcdata.store.quarantine import place
from bcdata.store.store import Store
from bcdata.windows import Window

_DAY = Interval.parse("1d")


def read_bodies(store: Store, raw: Partition, pages: Sequence[StoredRecord]) -> list[bytes] | None:
    """The bodies of kept pages; None where one is lost, or its bytes are not those that came."""
    bodies = [store.objects.get(raw.key(page["file"])) for page in pages]
    sound = [
        body
        for body, page in zip(bodies, pages, strict=True)
        if body is not None and hashlib.sha256(body).hexdigest() == page["sha256"]
    ]
    return sound if len(sound) == len(bodies) else None


def questions_of(record: FilesRecord) -> list[Contradiction]:
    """The windows of which the record of the parsed files says that a second source is to be asked."""
    return [
        Contradiction(
            Window(datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])), one.get("evidence", "")
        )
        for one in record.get("questioned") or []
    ]


def set_aside_rows(view: ArchiveView) -> pl.DataFrame:
    """The archive's rows that were set aside (`BAR`), for whatever reason, each once."""
    empty = pl.DataFrame(schema=BAR)
    if view.dataset.bulk is None:
        return empty
    frame = view.store.read(place(view.partition.in_zone("parsed", view.dataset.bulk)))
    return empty if frame is None or "open_time" not in frame.columns else as_bars(frame.drop_nulls("open_time"))


def answer_rows(view: ArchiveView, pages: Sequence[bytes]) -> pl.DataFrame:
    """The rows of one answer in the meaning of canonical bars, times in µs as sent."""
    return page_format(view.dataset.market).bars(pages, series_of(view.dataset, view.partition.symbol))


def day_bars(view: ArchiveView, pages: Sequence[bytes]) -> pl.DataFrame:
    """The exchange's own day bars (`BAR`) that keep the row rules, ascending, one per open: others check nothing."""
    rows = answer_rows(view, pages)
    if rows.is_empty():
        return as_bars(rows)
    edges = rows.select(from_us=pl.col("open_time").min(), to_us=pl.col("open_time").max() + 1)
    rows = rows.with_columns(**edges.row(0, named=True), rank=pl.lit(0, pl.Int64))
    of = view.dataset.frame_type
    return audit_bars(rows, interval=_DAY, max_bad_share=1, of=of, is_published=False).bars.select(BAR.names())


def as_bars(rows: pl.DataFrame) -> pl.DataFrame:
    """Raw rows as bars (`BAR`)."""
    return conform(rows.with_columns(pl.col("open_time").cast(TIME)), BAR)


def within(bars: pl.DataFrame, windows: Sequence[Contradiction]) -> pl.DataFrame:
    """The bars that open in one of the windows."""
    return bars.filter(_covered(windows))


def without(bars: pl.DataFrame, windows: Sequence[Contradiction]) -> pl.DataFrame:
    """The bars that open in none of the windows."""
    return bars.filter(~_covered(windows)) if windows else bars


def _covered(windows: Sequence[Contradiction]) -> pl.Expr:
    time = pl.col("open_time")
    inside = [time.is_between(one.window.start, one.window.end, closed="left") for one in windows]
    return pl.any_horizontal(pl.lit(value=False), *inside)
