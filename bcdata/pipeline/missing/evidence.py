"""What the manifest of raw says beside its objects: what other files of the symbol tell of bars that are missing."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from bcdata.catalog import Dataset
from bcdata.evidence.coarser import CoarserBars
from bcdata.evidence.listing_history import ListingRequest, day_window
from bcdata.evidence.reuse import TickerReuses, absences, days_held
from bcdata.ledger.explain import evidence_record, record_of
from bcdata.ledger.records import CoarseRecord, EvidenceRecord, ReasonRecord
from bcdata.pipeline.bars.missing import missing_in
from bcdata.pipeline.context import RunContext, series_of, window_of
from bcdata.pipeline.raw.due import due_until
from bcdata.pipeline.raw.listings import uncovered_days
from bcdata.pipeline.raw.objects import iso
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.providers.base import BulkObject
from bcdata.store.layout import Partition
from bcdata.windows import Window

_DAY = timedelta(days=1)


async def bar_evidence(
    context: RunContext,
    dataset: Dataset,
    partition: Partition,
    objects: Sequence[BulkObject],
    held: Sequence[ObjectRecord],
) -> EvidenceRecord:
    """What other files tell, where days have no object of their own, or bars begin late or end early.

    Args:
        context: clients and now.
        dataset: whose partition it is.
        partition: the partition of raw.
        objects: the objects in force that are about its time.
        held: the records of those that are read.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    window = window_of(dataset, partition)
    days = uncovered_days(objects, window.until(context.now))
    bare = [pair for pair in _bare_days(context.now, objects, held) if _touches(pair, window)]
    beyond = _days_beyond(dataset, window, held)
    if not (days or bare or beyond):
        return {}
    due, series = due_until(dataset, context.now), series_of(dataset, partition.symbol)
    history = await context.listing_histories(dataset.market).history(
        series, ListingRequest(window, [*days, *beyond], due)
    )
    before = history.not_listed(window)
    ending = await context.listing_histories(dataset.market).ending(history, window, due)
    missing = [*(absences(days_held(history.held)) if history.is_complete else []), *bare]
    finder = TickerReuses(
        context.clients.bulk(dataset.market),
        context.has_bars if dataset.repair else None,
        context.attempts,
        context.now,
    )
    edges = [pair for pair in missing if _touches(pair, window)]
    found = await finder.find(series, history.held, [] if dataset.frame_type.is_signed else edges)
    reused = {
        record["start"]: record for one in found if (reason := one.reason(window)) for record in [record_of(reason)]
    }
    told: EvidenceRecord = {
        "not_listed": record_of(before) if before else None,
        "ended": ending.to_record() if ending else None,
        "traded": [record_of(reason) for reason in history.traded(days)],
        "known_by": iso(history.known_by),
    }
    if reused:
        told["reused"] = [reused[start] for start in sorted(reused)]
    return told


def _days_beyond(dataset: Dataset, window: Window, held: Iterable[ObjectRecord]) -> list[date]:
    """The day before the partition where its bars begin late, and the day after it where they end early."""
    firsts = [datetime.fromisoformat(first) for record in held if (first := record.get("first"))]
    lasts = [datetime.fromisoformat(last) for record in held if (last := record.get("last"))]
    begins_late = bool(firsts) and min(firsts) > window.start
    ends_early = bool(lasts) and dataset.bar_interval.next(max(lasts)) < window.end
    return [*([(window.start - _DAY).date()] if begins_late else []), *([window.end.date()] if ends_early else [])]


def _bare_days(
    now: datetime, objects: Iterable[BulkObject], held: Iterable[ObjectRecord]
) -> Iterator[tuple[date, date]]:
    """Runs of two days and more that a month's object lacks, in whole or in part, and no day's object names."""
    named = {one.date_key for one in objects if one.period == "daily"}
    lacking = {day for record in held if record["period"] == "monthly" for day in record.get("lacking", [])} - named
    days = sorted(day for day in map(date.fromisoformat, lacking) if day < now.date())
    gaps = absences(days)
    starts = [*days[:1], *(after for _, after in gaps)]
    for first, last in zip(starts, [*(before for before, _ in gaps), *days[-1:]], strict=True):
        if last > first:
            yield first, last


def _touches(pair: tuple[date, date], window: Window) -> bool:
    return day_window(pair[0]).start < window.end and window.start < day_window(pair[1]).end


async def coarser_evidence(
    context: RunContext, coarser: CoarserBars, dataset: Dataset, partition: Partition, objects: Sequence[ObjectRecord]
) -> list[ReasonRecord | CoarseRecord]:
    """What coarser files tell of the bars that the objects lack: for datasets of which nobody asks REST.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    missing = await asyncio.to_thread(missing_in, context, dataset, partition, objects)
    if missing.is_empty():
        return []
    return [evidence_record(one) for one in await coarser.evidence(series_of(dataset, partition.symbol), missing)]
