"""What time it is for one partition: no run removes a published bar because the clock says something else.

docs/adr/0027-the-clock.md.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bcdata.catalog import Dataset
from bcdata.errors import ClockError, UsageError
from bcdata.interval import Interval
from bcdata.pipeline.context import RunContext, window_of
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.records.in_footers import merged_record
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.layout import Partition
from bcdata.venues.calendar import closed_window

TOLERATED = timedelta(minutes=5)
"""A clock that is set back by no more is corrected, not wrong: what was built stays as it is."""
NOTICEABLE = timedelta(minutes=1)
"""A provider whose clock is farther off is worth a warning."""


def as_of(context: RunContext, dataset: Dataset, partition: Partition) -> RunContext:
    """The workbench with the instant that stands for now in this partition.

    A partition's closed instant is its end, or now rounded down to the interval where that comes before. Where merged
    was built up to a later one, that holds if the clock was set back by five minutes at most.

    Raises:
        ClockError: the clock was set back by more (and `now_back` does not ask for that), or it is ahead of the
            providers' by more than an interval and the partition is not over by theirs.
        UsageError: the partition lies in the future.
    """
    window, pace = window_of(dataset, partition), dataset.pace
    _require_not_ahead(context, window.end, pace, partition)
    if window.end <= context.now:
        return context
    recorded = _recorded(context, partition)
    if recorded is None and window.start > context.now:
        present = dataset.grain.key(context.now)
        raise UsageError(f"{partition.date} lies in the future; the present {dataset.grain.value} is {present}")
    if context.now_back or recorded is None or recorded <= closed_window(window, pace, context.now).end:
        return context
    if recorded - context.now <= TOLERATED:
        return replace(context, now=recorded)
    raise ClockError(
        f"{partition.dataset} {partition.symbol} {partition.date} was built up to {_said(recorded)}, and the clock says"
        f" {_said(context.now)}: nothing is taken back; set the clock right, or build it as of the earlier instant with"
        " --now-back"
    )


def with_warnings(context: RunContext, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    """The outcomes of partitions that providers were asked about, with a warning where a provider's clock differs."""
    for outcome in outcomes:
        skew = context.skews.nearest() if context.skews else None
        if skew is None or abs(skew.ahead) <= NOTICEABLE:
            yield outcome
            continue
        which = "ahead of" if skew.ahead > timedelta() else "behind"
        words = f"this machine's clock is {_length(skew.ahead)} {which} that of {skew.provider}; set it right"
        finding = Finding("clock", Severity.WARN, 1, words)
        yield replace(outcome, verdict=outcome.verdict.with_findings([finding]))


def _require_not_ahead(context: RunContext, end: datetime, pace: Interval, partition: Partition) -> None:
    skew = context.skews.nearest() if context.skews else None
    length = pace.length or timedelta(days=31)
    if skew is None or skew.ahead <= length or end <= context.now - skew.ahead:
        return
    raise ClockError(
        f"{partition.dataset} {partition.symbol} {partition.date} is not over: the clock says {_said(context.now)},"
        f" which is {_length(skew.ahead)} ahead of {skew.provider}'s; set the clock right (BCDATA_NOW can stand for it)"
    )


def _recorded(context: RunContext, partition: Partition) -> datetime | None:
    """Up to when bars had closed when merged was built; None where it is not published."""
    published = context.store.published(Partition("merged", partition.dataset, partition.symbol, partition.date))
    closed = merged_record(published).get("closed")
    return datetime.fromisoformat(closed) if closed else None


def _said(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def _length(ahead: timedelta) -> str:
    return str(timedelta(seconds=round(abs(ahead).total_seconds())))
