"""What the kept answers of REST give and prove, weighed against what the archive has.

The same for raw, which asks for what is left, and for parsed, which publishes: a function of the answers, of the
archive's part of the partition and of its neighbours, and of nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from bcdata.frames.schema import TIME
from bcdata.ledger.rest_proofs import proofs, window_asked
from bcdata.pipeline.missing.archive_days import frame_of
from bcdata.pipeline.missing.day_bars import DAY_INTERVAL
from bcdata.pipeline.parsed.answer_facts import days_with_holes, refuted_run, said, set_aside_windows, window_record
from bcdata.pipeline.parsed.answer_rows import (
    answer_rows,
    as_bars,
    day_bars,
    questions_of,
    set_aside_rows,
    within,
    without,
)
from bcdata.pipeline.parsed.archive_view import ArchiveView
from bcdata.pipeline.records.in_footers import WeighedRecord
from bcdata.pipeline.records.pages import ArchiveDayRecord, QueryRecord
from bcdata.quality.audit import audit_bars
from bcdata.quality.compare.coarser import Contradiction
from bcdata.quality.compare.day_check import DayBarTrust, DayCheck, UncomparedDays, check_days, conclude
from bcdata.quality.compare.overlap import Overlap, overlap
from bcdata.quality.compare.questions import Answers, settle
from bcdata.quality.compare.refill import STEP, RefillContext, every_control, judge_refill
from bcdata.quality.verdict import Finding, Verdict
from bcdata.windows import Window


@dataclass(frozen=True, slots=True)
class ExchangeDays:
    """The exchange's day bars of a partition as sent (pages), and day bars of the archive that they are tried with."""

    pages: Sequence[bytes] = ()
    witnesses: Sequence[ArchiveDayRecord] = ()


@dataclass(frozen=True, slots=True)
class RestEvidence:
    """The answers of one partition.

    Attributes:
        bars: rows of the partition that are believed (canonical columns), ascending, UTC.
        rejected: the others, as sent (times in µs), with `reason`.
        verdict: what there is to say of both.
        facts: what the answers prove, as the record of the parsed answers has it.
        overlaps: for each answer how it compares with what is known.
        opens: the opens (UTC) of all rows of each answer.
        settled: what became of the questions about the archive's own rows.
        refuted: windows of the archive's rows that the exchange's day bars contradict, and that are not published.
        check: how the archive's days compare with the exchange's day bars.
    """

    bars: pl.DataFrame
    rejected: pl.DataFrame
    verdict: Verdict
    facts: WeighedRecord
    overlaps: Sequence[Overlap]
    opens: Sequence[Sequence[datetime]]
    settled: Answers
    refuted: Sequence[Contradiction]
    check: DayCheck


def weigh(
    view: ArchiveView,
    queries: Sequence[QueryRecord],
    answers: Sequence[Sequence[bytes]],
    days: ExchangeDays | None = None,
) -> RestEvidence:
    """Weighs the answers of a partition.

    Args:
        view: the archive's part of it.
        queries: what was asked, as a manifest has it.
        answers: the pages of each answer, as sent.
        days: the exchange's day bars, where no file of the archive covers some days.
    """
    return _Weighing(view, queries, [answer_rows(view, pages) for pages in answers], days or ExchangeDays()).result()


def span_of(view: ArchiveView, queries: Sequence[QueryRecord]) -> Window:
    """The time of which the archive's bars bear on the answers: the partition, and what was asked for."""
    asked = [view.window, *(window_asked(query) for query in queries)]
    return Window(min(one.start for one in asked), max(one.end for one in asked))


@dataclass(frozen=True, slots=True)
class _Taken:
    """Rows that are believed so far and those that are not, what was found, and the opens that answers vouch for."""

    bars: pl.DataFrame
    rejected: pl.DataFrame
    findings: tuple[Finding, ...]
    vouched: pl.Series

    @classmethod
    def nothing(cls, view: ArchiveView) -> "_Taken":
        named = [pl.lit(0, pl.Int64).alias(name) for name in ("from_us", "to_us", "rank")]
        rows = answer_rows(view, []).with_columns(named)
        audited = audit_bars(rows, interval=view.dataset.bar_interval, max_bad_share=1, of=view.dataset.frame_type)
        return cls(audited.bars, audited.rejected, (), pl.Series("open_time", [], dtype=TIME))


class _Weighing:
    """The work of `weigh`."""

    def __init__(
        self, view: ArchiveView, queries: Sequence[QueryRecord], rows: Sequence[pl.DataFrame], days: ExchangeDays
    ) -> None:
        self.view, self.queries, self.rows = view, queries, rows
        self.days = day_bars(view, days.pages)
        self.interval = view.dataset.bar_interval
        self.around = view.around(span_of(view, queries))
        self.opens = [frame["open_time"].cast(TIME).to_list() for frame in rows]
        self.check = DayCheck()
        if self.days.height:
            witnesses = frame_of(days.witnesses)
            self.check = check_days(view.bars, self.days, _doubtful(view), self.interval, witnesses)
        self.questions = [*questions_of(view.record), *self.check.questions]
        # Rows that day bars contradict are known all the same, until these are proven.
        self.doubted = self.questions if self.check.standing is DayBarTrust.PROVEN else questions_of(view.record)

    def result(self) -> RestEvidence:
        sound = without(self.around, self.doubted)
        overlaps = [self._overlap(sound, n) for n in range(len(self.rows))]
        own = self._own(sound)
        taken = _Taken.nothing(self.view)
        for rows, vouched in self._layers(overlaps):
            taken = self._take(taken, rows, vouched, sound, own)
        settled = self._settle(taken.bars.sort("open_time"))
        stepping = taken.rejected.filter(pl.col("reason") == STEP)["open_time"].cast(TIME).drop_nulls().to_list()
        decided = conclude(self.check, settled, stepping)
        bars, rejected = without(taken.bars, decided.held).sort("open_time"), taken.rejected
        # What one answer gave another must have too.
        given = pl.concat([sound, as_bars(bars)]).unique("open_time", keep="first").sort("open_time")
        overlaps = [self._overlap(given, n) for n in range(len(self.rows))]
        refuted, replaced = (*decided.refuted, *decided.held), self._replaced(settled)
        facts: WeighedRecord = {
            **proofs(self.queries, self.opens, [one.agrees for one in overlaps], self.interval),
            "refuted": [refuted_run(self.view.bars, one) for one in refuted],
            "replaced": [window_record(one) for one in replaced],
            "set_aside": set_aside_windows(rejected, bars, self.interval),
            "days": days_with_holes(self._own(self.days), self._own(given), self.interval) if self._is_measure else [],
        }
        verdict = Verdict(bars.height, (*taken.findings, *decided.findings, *said(settled, replaced)))
        return RestEvidence(bars, rejected, verdict, facts, overlaps, self.opens, settled, refuted, self.check)

    @property
    def _is_measure(self) -> bool:
        return self.check.is_measure and self.days.height > 0

    def _settle(self, rows: pl.DataFrame) -> Answers:
        is_heard = self.check.standing is not DayBarTrust.DISPROVEN and self.days.height > 0
        days = {DAY_INTERVAL.name: self.days} if is_heard else {}
        return settle(self.view.bars, rows, self.questions, every_control(self.view.controls, days), self.interval)

    def _replaced(self, settled: Answers) -> list[Contradiction]:
        """Rows give way to those of an exchange whose day bars are proven, or with which coarser files agree."""
        unproven = () if self.check.standing is DayBarTrust.PROVEN else self.check.questions
        return [one for one in settled.replaced if one not in unproven]

    def _take(
        self, before: "_Taken", rows: pl.DataFrame, vouched: pl.Series, sound: pl.DataFrame, own: pl.DataFrame
    ) -> "_Taken":
        """What is believed of rows for opens that no row is believed for yet, beside what is."""
        left = rows.filter(~pl.col("open_time").is_in(before.bars["open_time"].cast(pl.Int64).implode()))
        of = self.view.dataset.frame_type
        audited = audit_bars(left, interval=self.interval, max_bad_share=1, of=of)
        is_extra = _is_in(own["open_time"])
        gap, filled = audited.bars.filter(~is_extra), as_bars(before.bars.filter(~is_extra))
        days = {DAY_INTERVAL.name: self.days} if self._is_measure else {}
        by = RefillContext(
            _both(own, filled), _both(sound, filled), self._contradicted(), self.view.controls, days, of.is_signed
        )
        refill = judge_refill(gap, gap["open_time"].is_in(vouched.implode()), by, self.interval)
        refused = refill.refused.with_columns(pl.col("open_time").cast(pl.Int64))
        return _Taken(
            pl.concat([before.bars, audited.bars.filter(is_extra), refill.bars]),
            pl.concat([before.rejected, audited.rejected, refused], how="diagonal"),
            (*before.findings, *audited.verdict.findings, *refill.findings),
            pl.concat([before.vouched, vouched]),
        )

    def _overlap(self, known: pl.DataFrame, n: int) -> Overlap:
        asked = window_asked(self.queries[n])
        inside = known.filter(pl.col("open_time").is_between(asked.start, asked.end, closed="left"))
        return overlap(inside, as_bars(self.rows[n]), self.interval)

    def _layers(self, overlaps: Sequence[Overlap]) -> list[tuple[pl.DataFrame, pl.Series]]:
        """All rows of the partition, and the opens of those that their answer vouches for.

        Where answers differ, those rows count that an answer vouches for; and where such differ, the answers are taken
        one by one, those to the narrowest questions first.
        """
        order = sorted(range(len(self.rows)), key=lambda n: _width(window_asked(self.queries[n])))
        vouched = [one.vouched_for(opens) for one, opens in zip(overlaps, self.opens, strict=True)]
        frames = [
            self.rows[n].with_columns(pl.Series("vouched", vouched[n], dtype=pl.Boolean), pl.lit(n).alias("answer"))
            for n in order
        ]
        if not frames:
            return []
        window = self.view.window
        bounds = pl.Series([window.start, window.end], dtype=TIME).cast(pl.Int64)
        rows = pl.concat(frames).filter(pl.col("open_time").is_between(bounds[0], bounds[1], closed="left"))
        best = rows.filter(pl.col("vouched") | ~pl.col("vouched").any().over("open_time")).with_columns(
            pl.lit(bounds[0]).alias("from_us"), pl.lit(bounds[1]).alias("to_us"), pl.lit(0, pl.Int64).alias("rank")
        )
        values = pl.exclude("object", "line", "answer", "vouched")
        unique = best.unique(maintain_order=True, subset=values)
        differ = unique["open_time"].is_duplicated().any()
        layers = [best.filter(pl.col("answer") == n) for n in order] if differ else [unique]
        return [
            (
                one.drop("vouched", "answer").unique(maintain_order=True, subset=pl.exclude("object", "line")),
                one.filter("vouched")["open_time"].cast(TIME),
            )
            for one in layers
        ]

    def _own(self, bars: pl.DataFrame) -> pl.DataFrame:
        window = self.view.window
        return bars.filter(pl.col("open_time").is_between(window.start, window.end, closed="left"))

    def _contradicted(self) -> pl.DataFrame:
        """The archive's rows that coarser bars contradict or question."""
        return pl.concat([set_aside_rows(self.view), within(self.view.bars, self.questions)])


def _doubtful(view: ArchiveView) -> UncomparedDays:
    days = [date.fromisoformat(day) for day in view.record.get("uncompared") or []]
    names = view.record.get("objects") or []
    return UncomparedDays(
        days, [day for day in days if any(name.endswith(f"-{day.isoformat()}.zip") for name in names)]
    )


def _both(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([first, second.select(first.columns)]).sort("open_time") if second.height else first


def _width(window: Window) -> tuple[timedelta, datetime]:
    return window.end - window.start, window.start


def _is_in(opens: pl.Series) -> pl.Expr:
    return pl.col("open_time").is_in(opens.implode())
