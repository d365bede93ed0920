"""Merged bars: one truth per bar, VWAP and funding on it, and the ledger that explains every bar that is missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

import polars as pl

from bcdata.bars.known import with_known_at
from bcdata.bars.merge import Tolerance, differing, disagreements, join_funding, merge
from bcdata.bars.sessions import by_session
from bcdata.bars.tail import without_idle_tail
from bcdata.catalog import Dataset
from bcdata.ledger.answered import reasons_of, windows_of
from bcdata.ledger.ledger import Reason, ledger, missing_opens
from bcdata.ledger.records import SpanRecord, WindowsEvidence
from bcdata.pipeline.agreement import finer_dataset, finer_disagreement
from bcdata.pipeline.bars.missing import gap_evidence
from bcdata.pipeline.context import RunContext, columns_of_all, window_of
from bcdata.pipeline.lake import merged_over, read_over
from bcdata.pipeline.missing.tiling import by_status, coverage, tiling
from bcdata.pipeline.parsed.archive_view import ArchiveView
from bcdata.pipeline.parts import Parts
from bcdata.pipeline.publish import Draft, nothing_sound
from bcdata.pipeline.raw.due import unpublished_from
from bcdata.pipeline.records.in_footers import (
    AnswersRecord,
    MergedRecord,
    content_of,
    windows_record,
)
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import SOURCES, role_of
from bcdata.quality.compare.sources import Agreement, agreement
from bcdata.quality.models import audit, merged_model
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.venues.calendar import calendar, closed_window, session_of
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window, minus


@dataclass(frozen=True, slots=True)
class BarMerge:
    """A partition of merged bars, and what it reads beside its own parts.

    Attributes:
        context: the catalog and now.
        parts: what the sources have.
        closed: the part of the window whose bars have closed by now.
        unpublished: since when archive files need not be there; None where all are due.
        funding: the fingerprints of the settlements that are joined.
        finer: those of the finer bars that these are compared with.
    """

    context: RunContext
    parts: Parts
    closed: Window
    unpublished: datetime | None
    funding: list[str | None]
    finer: list[str | None]

    @classmethod
    def of(cls, context: RunContext, parts: Parts) -> "BarMerge":
        """Looks up what the partition reads."""
        dataset, symbol, window = parts.dataset, parts.partition.symbol, parts.window
        funding, finer = context.catalog.joined(dataset), finer_dataset(context.catalog, dataset)
        return cls(
            context,
            parts,
            closed=closed_window(window, dataset.bar_interval, context.now),
            unpublished=unpublished_from(dataset, window, context.now),
            funding=[made for _, made in merged_over(context.store, funding, symbol, window)] if funding else [],
            finer=[made for _, made in merged_over(context.store, finer, symbol, window)] if finer else [],
        )

    @property
    def sources(self) -> list[tuple[str, str | None]]:
        """The sources with the fingerprints of their parts' content, in order of precedence."""
        return [(name, content_of(one)) for name, one in self.parts.published.items()]

    @property
    def made_of(self) -> Mapping[str, object]:
        """All that the partition is made of, as plain values for the fingerprint."""
        return {
            "sources": self.sources,
            "interval": self.parts.dataset.bar_interval.name,
            "closed": self.closed.end,
            "unpublished": self.unpublished,
            "funding": self.funding,
            "finer": self.finer,
            **self._sessions,
        }

    @property
    def _sessions(self) -> dict[str, str]:
        """What the calendar says of the partition, where there is one to say something: another word makes it stale."""
        interval = self.parts.dataset.bar_interval
        return {"sessions": interval.digest(self.parts.window)} if isinstance(interval, SessionInterval) else {}

    def draft(self) -> Draft:
        """One truth per bar, and the ledger of those that are missing."""
        context, parts, dataset = self.context, self.parts, self.parts.dataset
        archive, rest = parts.files, parts.answers
        sent = list(parts.frames())
        frames = [(name, _without_replaced(frame, rest) if name == dataset.bulk else frame) for name, frame in sent]
        left_out: dict[str, list[Window]] = {}
        if isinstance(interval := dataset.bar_interval, SessionInterval) and not interval.is_long:
            covered = {name: windows_of(windows_record(one)["covered"]) for name, one in parts.published.items() if one}
            frames, left_out = by_session(frames, covered, self._expected, interval)
        # What has not closed by now is not known yet, whatever a file says.
        bars = with_known_at(merge(frames).filter(pl.col("open_time") < self.closed.end), dataset.bar_interval)
        bars, rest = _without_dead_candles(bars, rest)
        if isinstance(interval := dataset.bar_interval, SessionInterval):
            bars = bars.with_columns(session_of(interval).alias("session"))
        if dataset.has_funding:
            bars = _funded(context, dataset, parts.partition, bars)
        gaps = self._ledger(ArchiveView(context.store, dataset, parts.partition, archive), bars, rest, left_out)
        expected = self._expected
        model = merged_model(
            dataset.bar_interval,
            funding=dataset.has_funding,
            columns=columns_of_all(dataset),
            signed=dataset.frame_type.is_signed,
        )
        findings = [
            *audit(bars, model),
            *tiling(expected, bars["open_time"], gaps),
            *coverage(gaps),
            *nothing_sound(bars.height, [*parts.set_aside()]),
            *_disagreements(frames, self._differing),
            *finer_disagreement(context, dataset, parts.partition.symbol, parts.window, bars),
        ]
        verdict = Verdict(bars.height, tuple(findings), {"missing": by_status(gaps)})
        record: MergedRecord = {
            "sources": self.sources,
            "funding": self.funding,
            "finer": self.finer,
            "closed": self.closed.end.isoformat(),
        }
        if codes := parts.codes():
            record["codes"] = sorted(codes)
        return Draft(bars, verdict, record, ledger=gaps, quality=parts.quality(expected, gaps, self._compared(sent)))

    def _compared(self, sent: list[tuple[str, pl.DataFrame]]) -> Agreement:
        """How the sources compare by the closed bars that they sent, those too that give way to another's."""
        closed = [(name, frame.filter(pl.col("open_time") < self.closed.end)) for name, frame in sent]
        return agreement(closed, differing(**self._differing))

    @property
    def _differing(self) -> Tolerance:
        """What is no difference between the sources of the dataset."""
        dataset = self.parts.dataset
        precision = max(SOURCES[name].capabilities.precision for name in dataset.sources)
        return {"exact": not dataset.is_asked_by_windows, "precision": precision}

    @property
    def _expected(self) -> pl.Series:
        dataset = self.parts.dataset
        return calendar(dataset.hours).opens(dataset.bar_interval, self.closed)

    def _ledger(
        self, view: ArchiveView, bars: pl.DataFrame, rest: AnswersRecord, left_out: Mapping[str, Sequence[Window]]
    ) -> pl.DataFrame:
        dataset, expected = self.parts.dataset, self._expected
        known = gap_evidence(view, bars, missing_opens(expected, bars["open_time"]), rest, self.unpublished)
        reasons = [*_answered(self.parts, bars, left_out), *known.reasons()]
        # Where there are no files, nothing is repaired: every source is a first choice.
        first_choice = [dataset.bulk] if dataset.bulk else list(dataset.sources)
        return ledger(expected, bars, reasons, archives=first_choice)


def _funded(context: RunContext, dataset: Dataset, partition: Partition, bars: pl.DataFrame) -> pl.DataFrame:
    funding = context.catalog.joined(dataset)
    if funding is None:
        return bars.with_columns(pl.lit(None, dtype=pl.Float64).alias("funding_rate"))
    settled = read_over(context.store, funding, partition.symbol, window_of(dataset, partition))
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


def _answered(parts: Parts, bars: pl.DataFrame, left_out: Mapping[str, Sequence[Window]]) -> Iterator[Reason]:
    """What sources that are asked by windows say of missing bars; nothing of the time that is left out of each."""
    first = bars["open_time"].min()
    for name, published in parts.published.items():
        if published and role_of(name) is Role.WINDOW:
            first_bar = first if isinstance(first, datetime) else None
            omits = SOURCES[name].capabilities.omits_empty
            record = windows_record(published)
            told: WindowsEvidence = {
                "covered": _beside(record["covered"], left_out.get(name, ())),
                "first_open": record["first_open"],
                "quarantined": record["quarantined"],
            }
            yield from reasons_of(told, name, parts.window, first_bar, omits_empty=omits)


def _beside(covered: list[list[str]], left_out: Sequence[Window]) -> list[list[str]]:
    """The windows of a record without some time."""
    if not left_out:
        return covered
    left = minus(windows_of(covered), left_out)
    return [[one.start.isoformat(), one.end.isoformat()] for one in left]


def _disagreements(frames: list[tuple[str, pl.DataFrame]], tolerance: Tolerance) -> Iterator[Finding]:
    for (name, frame), (other, later) in pairwise(frames):
        differ = disagreements(frame, later, **tolerance)
        if differ.height:
            words = f"{other} says otherwise than {name}, which is kept"
            yield Finding("sources_disagree", Severity.WARN, differ.height, words, sample(differ))
