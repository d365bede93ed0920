"""What follows from weighed answers, as the record of the parsed answers has it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.ledger import windows_of_runs
from bcdata.ledger.records import ContradictionRecord, DayBarRecord, SetAsideRecord
from bcdata.pipeline.missing.day_bars import DAY_INTERVAL
from bcdata.pipeline.parsed.answer_rows import within
from bcdata.quality.compare.coarser import Contradiction
from bcdata.quality.compare.questions import Answers
from bcdata.quality.compare.refill import REFUTED
from bcdata.quality.compare.windows import length_of
from bcdata.quality.verdict import Finding, Severity


def window_record(one: Contradiction) -> ContradictionRecord:
    """A window, half-open, with its evidence."""
    return {"start": one.window.start.isoformat(), "end": one.window.end.isoformat(), "evidence": one.evidence}


def refuted_run(bars: pl.DataFrame, one: Contradiction) -> SetAsideRecord:
    """A window of the archive's rows that are not published, as a run of these, first and last open included."""
    opens = within(bars, [one])["open_time"]
    first, last = opens.min(), opens.max()
    start = first if isinstance(first, datetime) else one.window.start
    end = last if isinstance(last, datetime) else one.window.start
    return {"start": start.isoformat(), "end": end.isoformat(), "reason": REFUTED, "evidence": one.evidence}


def set_aside_windows(rejected: pl.DataFrame, bars: pl.DataFrame, interval: Interval) -> list[ContradictionRecord]:
    """Half-open windows of rows that came, were set aside, and that no other row stands in for; and why."""
    told = rejected.drop_nulls("open_time").select(
        pl.col("open_time").cast(TIME).dt.truncate(interval.name), "reason", "evidence"
    )
    left = told.join(bars, on="open_time", how="anti", maintain_order="left")
    words = pl.coalesce("evidence", pl.lit("it breaks the rule ") + pl.col("reason")).alias("evidence")
    return [
        window_record(Contradiction(window, f"a row of REST was set aside: {evidence}"))
        for (evidence,), rows in left.with_columns(words).group_by("evidence", maintain_order=True)
        for window in windows_of_runs(rows["open_time"].unique(), interval)
    ]


def days_with_holes(days: pl.DataFrame, bars: pl.DataFrame, interval: Interval) -> list[DayBarRecord]:
    """The exchange's day bars of days that lack a bar: what was traded there.

    Args:
        days: day bars (`BAR`) of the partition.
        bars: the bars (`BAR`) that there are, from whatever source.
        interval: their length.
    """
    expected = timedelta(days=1) // length_of(interval)
    there = bars.group_by(pl.col("open_time").dt.truncate(DAY_INTERVAL.name)).len()
    whole = there.filter(pl.col("len") == expected)["open_time"]
    left = days.filter(~pl.col("open_time").is_in(whole.implode()))
    return [
        {"start": at.isoformat(), "interval": DAY_INTERVAL.name, "trades": trades}
        for at, trades in left.select("open_time", "trades").iter_rows()
    ]


def said(settled: Answers, replaced: Sequence[Contradiction]) -> list[Finding]:
    """What became of the questions about the archive's own rows, as warnings."""
    told = (
        ("question_confirmed", settled.confirmed, "coarser bars contradict rows in which the archive and REST agree"),
        ("sources_undecided", settled.undecided, "coarser bars contradict the archive's rows, and REST's no less"),
        ("archive_replaced", replaced, "REST's rows agree with coarser bars, and the archive's do not"),
    )
    return [
        Finding(rule, Severity.WARN, len(some), f"{words} ({some[0].evidence})") for rule, some, words in told if some
    ]
