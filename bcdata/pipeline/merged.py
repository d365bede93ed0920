"""merged: one truth per bar, VWAP and funding on it, and the ledger that explains every bar that is missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

import polars as pl

from bcdata.bars.known import with_known_at
from bcdata.bars.merge import disagreements, join_funding, merge
from bcdata.bars.tail import without_idle_tail
from bcdata.catalog import Dataset
from bcdata.gaps.answered import reasons_of
from bcdata.gaps.ledger import Reason, Status, ledger, missing_opens
from bcdata.gaps.told import SetAsideRecord, SpanRecord
from bcdata.pipeline.agreement import finer_dataset, finer_disagreement
from bcdata.pipeline.context import Workbench, columns_of_all, window_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.holes import known_of
from bcdata.pipeline.lake import merged_over, published_sound, read_over, read_sound
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.parsed.archive_view import ArchiveView
from bcdata.pipeline.present import as_of
from bcdata.pipeline.publish import is_whole, nothing_sound, publish, unchanged
from bcdata.pipeline.raw.due import settled_by, unpublished_from
from bcdata.pipeline.records.in_footers import (
    AnswersRecord,
    MergedRecord,
    answers_record,
    content_of,
    files_record,
    windows_record,
)
from bcdata.pipeline.stream import each
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import SOURCES, role_of
from bcdata.quality.models import audit, merged_model
from bcdata.quality.rules import VERSION, sample
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store import quarantine
from bcdata.store.footer import Published
from bcdata.store.layout import Partition
from bcdata.venues.calendar import calendar, closed_window
from bcdata.windows import Window


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Merges what parsed holds, and yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _merge(as_of(work, dataset, one), dataset, one))


@dataclass(frozen=True, slots=True)
class _Inputs:
    """All that a merged partition is made of."""

    sources: list[tuple[str, str | None, Published | None]]
    """(source, fingerprint, what its footer says) in order of precedence; None where nothing was asked of it."""
    symbol: str
    window: Window
    closed: Window
    unpublished: datetime | None
    funding: list[str | None]
    finer: list[str | None]

    def published(self, source: str | None) -> Published | None:
        """What a source in parsed has; None where there is nothing."""
        return next((published for name, _, published in self.sources if name == source), None)

    def set_aside(self) -> Iterator[SetAsideRecord]:
        """The runs of rows that sources set aside, or refute of another."""
        for _, _, published in self.sources:
            yield from files_record(published).get("quarantined") or []
            yield from answers_record(published).get("refuted") or []

    def fingerprint(self, dataset: Dataset) -> str:
        return fingerprint(
            sources=[(name, made_of) for name, made_of, _ in self.sources],
            interval=dataset.bar_interval.name,
            closed=self.closed.end,
            unpublished=self.unpublished,
            funding=self.funding,
            finer=self.finer,
            rules=VERSION,
        )


def _merge(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    if reason := _not_ready(work, dataset, partition):
        return Outcome(partition, State.HELD_BACK, failed("upstream", reason))
    inputs = _inputs(work, dataset, partition)
    made_of = inputs.fingerprint(dataset)
    done = unchanged(work.store, partition, made_of)
    if done and (not done.ok or is_whole(work.store, partition.in_zone("gaps"), made_of)):
        return done
    archive, rest = files_record(inputs.published(dataset.bulk)), answers_record(inputs.published(dataset.repair))
    frames = [
        (name, _without_replaced(frame, rest) if name == dataset.bulk else frame)
        for name, made, _ in inputs.sources
        if made and (frame := read_sound(work.store, partition.in_zone("parsed", name), dataset.name)) is not None
    ]
    # What has not closed by now is not known yet, whatever a file says.
    bars = with_known_at(merge(frames).filter(pl.col("open_time") < inputs.closed.end), dataset.bar_interval)
    bars, rest = _without_dead_candles(bars, rest)
    if dataset.is_perpetual:
        bars = _funded(work, dataset, partition, bars)
    view = ArchiveView(work.store, dataset, partition, archive)
    gaps = _ledger(view, inputs, bars, rest)
    findings = [
        *audit(bars, merged_model(dataset.bar_interval, funding=dataset.is_perpetual, columns=columns_of_all(dataset))),
        *_tiling(dataset, inputs, bars, gaps),
        *_coverage(gaps),
        *nothing_sound(bars.height, [*inputs.set_aside()]),
        *_disagreements(frames, exact=not dataset.is_asked_by_windows),
        *finer_disagreement(work, dataset, inputs.symbol, inputs.window, bars),
    ]
    verdict = Verdict(bars.height, tuple(findings), {"missing": _by_status(gaps)})
    record: MergedRecord = {
        "sources": [(name, made) for name, made, _ in inputs.sources],
        "funding": inputs.funding,
        "finer": inputs.finer,
        "closed": inputs.closed.end.isoformat(),
    }
    return publish(work.store, partition, bars, verdict, fingerprint=made_of, record=record, ledger=gaps)


def _not_ready(work: Workbench, dataset: Dataset, partition: Partition) -> str | None:
    """Why the partition cannot be merged: the part of it that has files is not published, or nobody gave anything."""
    sources = list(dataset.sources) if dataset.is_asked_by_windows else [name for name in (dataset.bulk,) if name]
    places = [partition.in_zone("parsed", name) for name in sources]
    settled = closed_window(window_of(dataset, partition), dataset.bar_interval, settled_by(work.now))
    is_awaited = places and not (dataset.is_asked_by_windows and settled.is_empty)
    if not is_awaited or any(published_sound(work.store, one) for one in places):
        return None
    for one in places:
        if report := quarantine.report(work.store, one):
            return f"parsed was held back: {Verdict.from_json(report['verdict']).summary()}"
    if dataset.is_asked_by_windows:
        return f"nothing was received from {' or '.join(sources)}"
    return "parsed is not published; materialize it first"


def _inputs(work: Workbench, dataset: Dataset, partition: Partition) -> _Inputs:
    window = window_of(dataset, partition)
    parts = [(name, published_sound(work.store, partition.in_zone("parsed", name))) for name in dataset.sources]
    funding = work.catalog.joined(dataset)
    finer = finer_dataset(work.catalog, dataset)
    symbol = partition.symbol
    return _Inputs(
        sources=[(name, content_of(one), one) for name, one in parts],
        symbol=symbol,
        window=window,
        closed=closed_window(window, dataset.bar_interval, work.now),
        unpublished=unpublished_from(dataset, window, work.now),
        funding=[made for _, made in merged_over(work.store, funding, symbol, window)] if funding else [],
        finer=[made for _, made in merged_over(work.store, finer, symbol, window)] if finer else [],
    )


def _funded(work: Workbench, dataset: Dataset, partition: Partition, bars: pl.DataFrame) -> pl.DataFrame:
    funding = work.catalog.joined(dataset)
    if funding is None:
        return bars.with_columns(pl.lit(None, dtype=pl.Float64).alias("funding_rate"))
    settled = read_over(work.store, funding, partition.symbol, window_of(dataset, partition))
    return join_funding(bars, settled, dataset.bar_interval)


def _without_dead_candles(bars: pl.DataFrame, rest: AnswersRecord) -> tuple[pl.DataFrame, AnswersRecord]:
    """The bars without the candles that go on after a delisting, and the evidence with their number."""
    ended = rest.get("ended")
    if not ended:
        return bars, rest
    kept, idle = without_idle_tail(bars, datetime.fromisoformat(ended["at"]))
    if not idle:
        return bars, rest
    last = kept["open_time"].max()
    after = f" after the last one at {last:%Y-%m-%d %H:%M}" if isinstance(last, datetime) else ""
    words = f"{idle:,} candles without a trade{after}; {ended['evidence']}"
    return kept, {**rest, "ended": {**ended, "evidence": words}}


def _without_replaced(bars: pl.DataFrame, rest: AnswersRecord) -> pl.DataFrame:
    """The archive's bars without those that the exchange's day bars refute, or REST's rows beat."""
    wrong = [
        *(_inside(one, "both") for one in rest.get("refuted") or []),  # runs of opens
        *(_inside(one, "left") for one in rest.get("replaced") or []),  # windows
    ]
    return bars.filter(~pl.any_horizontal(wrong)) if wrong else bars


def _inside(one: SpanRecord, closed: Literal["both", "left"]) -> pl.Expr:
    start, end = datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])
    return pl.col("open_time").is_between(start, end, closed=closed)


def _ledger(view: ArchiveView, inputs: _Inputs, bars: pl.DataFrame, rest: AnswersRecord) -> pl.DataFrame:
    dataset = view.dataset
    expected = calendar(dataset.calendar).opens(dataset.bar_interval, inputs.closed)
    known = known_of(view, bars, missing_opens(expected, bars["open_time"]), rest, inputs.unpublished)
    reasons = [*_answered(inputs, bars), *known.reasons()]
    # Where there are no files, nothing is repaired: every source is a first choice.
    first_choice = [dataset.bulk] if dataset.bulk else list(dataset.sources)
    return ledger(expected, bars, reasons, archives=first_choice)


def _answered(inputs: _Inputs, bars: pl.DataFrame) -> Iterator[Reason]:
    """What sources that are asked by windows say of missing bars."""
    first = bars["open_time"].min()
    for name, _, published in inputs.sources:
        if published and role_of(name) is Role.WINDOW:
            first_bar = first if isinstance(first, datetime) else None
            omits = SOURCES[name].capabilities.omits_empty
            yield from reasons_of(windows_record(published), name, inputs.window, first_bar, omits_empty=omits)


def _coverage(gaps: pl.DataFrame) -> Iterator[Finding]:
    missing = gaps.filter(pl.col("status") != Status.REFILLED.value)
    if missing.height:
        counts = ", ".join(f"{n} {status}" for status, n in _by_status(missing).items())
        yield Finding("coverage", Severity.WARN, int(missing["bars"].sum()), f"missing bars: {counts}", sample(missing))


def _disagreements(frames: list[tuple[str, pl.DataFrame]], *, exact: bool) -> Iterator[Finding]:
    for (name, frame), (other, later) in pairwise(frames):
        differ = disagreements(frame, later, exact=exact)
        if differ.height:
            words = f"{other} says otherwise than {name}, which is kept"
            yield Finding("sources_disagree", Severity.WARN, differ.height, words, sample(differ))


def _tiling(dataset: Dataset, inputs: _Inputs, bars: pl.DataFrame, gaps: pl.DataFrame) -> Iterator[Finding]:
    """Bars and ledger must tile the calendar: every expected bar is in exactly one of them."""
    expected = calendar(dataset.calendar).opens(dataset.bar_interval, inputs.closed)
    if gaps.is_empty() and bars["open_time"].equals(expected):
        return
    held = bars.filter(pl.col("open_time").is_in(expected.implode())).height
    missing = int(gaps.filter(pl.col("status") != Status.REFILLED.value)["bars"].sum())
    if held != bars.height:
        words = f"{bars.height - held} bars are not on the calendar"
        yield Finding("calendar", Severity.PARTITION, bars.height - held, words)
    if held + missing != len(expected):
        words = f"{held} bars and {missing} missing ones do not make {len(expected)}"
        yield Finding("tiling", Severity.PARTITION, 1, words)


def _by_status(gaps: pl.DataFrame) -> dict[str, int]:
    return dict(gaps.group_by("status").agg(pl.col("bars").sum()).sort("status").iter_rows())
