"""Why bars are missing of a source that is asked by windows: its complete answers have none there. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl

from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.explain import quarantined
from bcdata.ledger.ledger import Reason, Status
from bcdata.ledger.records import WindowsEvidence
from bcdata.venues.calendar import bar_end
from bcdata.windows import Window, union


def windows_of(pairs: Sequence[Sequence[str]]) -> list[Window]:
    """The windows that a record keeps as pairs of ISO instants, joined, ascending."""
    return union(Window(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in pairs)


def is_covered(opens: pl.Series, windows: Sequence[Window], interval: Interval) -> pl.Series:
    """Whether each bar lies in one of the windows with its whole length.

    Args:
        opens: UTC.
        windows: joined (`bcdata.windows.union`).
        interval: the length of the bars.
    """
    frame = pl.DataFrame({"open": opens.cast(TIME)})
    end = bar_end(interval, "open")
    inside = [(pl.col("open") >= one.start) & (end <= one.end) for one in windows]
    return frame.select(pl.any_horizontal(pl.lit(value=False), *inside).alias("covered")).to_series()


def reasons_of(
    record: WindowsEvidence, source: str, window: Window, first_bar: datetime | None, *, omits_empty: bool
) -> Iterator[Reason]:
    """Why bars of a partition may be missing, the strongest reason first.

    Args:
        record: of the source's partition of parsed.
        source: its name.
        window: the partition's time.
        first_bar: the first bar of the partition that is there (open, UTC); who says a later beginning is wrong.
        omits_empty: whether the source leaves out bars in which nothing was traded.
    """
    yield from (quarantined(one) for one in record["quarantined"])
    first = datetime.fromisoformat(record["first_open"]) if record["first_open"] else None
    if first is not None and first > window.start and (first_bar is None or first <= first_bar):
        words = f"{source}'s first bar of the symbol opens at {first:%Y-%m-%d %H:%M}"
        yield Reason(window.until(first), Status.NOT_LISTED, words)
    status = Status.NO_TRADES if omits_empty else Status.UPSTREAM
    words = f"{source} answered in full and has no bar here" + (": it leaves out empty ones" if omits_empty else "")
    for one in windows_of(record["covered"]):
        yield Reason(one, status, words)
