"""What the kept answers of REST give and prove, weighed against what the archive has.

The same for raw, which asks for what is left, and for parsed, which publishes: a function of the answers, of the
archive's part of the partition and of its neighbours, and of nothing else.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from bcdata.bars.schema import BAR, TIME, conform
from bcdata.operations.archive_view import ArchiveView
from bcdata.operations.manifests import ARCHIVE, Record
from bcdata.operations.proofs import proofs, window_asked
from bcdata.providers.binance.contracts import contract_size
from bcdata.providers.binance.klines import coin_margined, read_pages, snap_early_2018
from bcdata.quality.audit import audit_bars
from bcdata.quality.compare import Contradiction
from bcdata.quality.overlap import Overlap, overlap
from bcdata.quality.questions import Settled, refuted_by_days, settle
from bcdata.quality.refill import REFUTED, Surroundings, judge_refill
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.store.quarantine import place
from bcdata.store.store import Store
from bcdata.windows import Window

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Weighed:
    """The answers of one partition.

    Attributes:
        bars: rows of the partition that are believed (canonical columns), ascending, UTC.
        rejected: the others, as sent (times in µs), with `reason`.
        verdict: what there is to say of both.
        facts: what the answers prove, as the record of parsed/binance_rest has it.
        overlaps: for each answer how it compares with what is known.
        opens: the opens (UTC) of all rows of each answer.
        settled: what became of the questions about the archive's own rows.
        refuted: windows of the archive's rows that the exchange's day bars contradict.
    """

    bars: pl.DataFrame
    rejected: pl.DataFrame
    verdict: Verdict
    facts: Record
    overlaps: Sequence[Overlap]
    opens: Sequence[Sequence[datetime]]
    settled: Settled
    refuted: Sequence[Contradiction]


def read_bodies(store: Store, raw: Partition, pages: Sequence[Record]) -> list[bytes] | None:
    """The bodies of kept pages; None where one is lost, or its bytes are not those that came."""
    bodies = [store.objects.get(raw.key(page["file"])) for page in pages]
    sound = [
        body
        for body, page in zip(bodies, pages, strict=True)
        if body is not None and hashlib.sha256(body).hexdigest() == page["sha256"]
    ]
    return sound if len(sound) == len(bodies) else None


def weigh(
    view: ArchiveView, queries: Sequence[Record], answers: Sequence[Sequence[bytes]], days: Sequence[bytes] = ()
) -> Weighed:
    """Weighs the answers of a partition.

    Args:
        view: the archive's part of it.
        queries: what was asked, as a manifest has it.
        answers: the pages of each answer, as sent.
        days: the exchange's day bars of and around the partition, where no file of the archive covers some days.
    """
    return _Weighing(view, queries, [_rows(view, pages) for pages in answers], _day_bars(view, days)).result()


def span_of(view: ArchiveView, queries: Sequence[Record]) -> Window:
    """The time of which the archive's bars bear on the answers: what was asked for, and a day around the partition."""
    asked = [Window(view.window.start - DAY, view.window.end + DAY), *(window_asked(query) for query in queries)]
    return Window(min(one.start for one in asked), max(one.end for one in asked))


class _Weighing:
    """The work of `weigh`."""

    def __init__(
        self, view: ArchiveView, queries: Sequence[Record], rows: Sequence[pl.DataFrame], days: pl.DataFrame
    ) -> None:
        self.view, self.queries, self.rows, self.days = view, queries, rows, days
        self.interval = view.dataset.bar_interval
        self.around = view.around(span_of(view, queries))
        self.opens = [frame["open_time"].cast(TIME).to_list() for frame in rows]
        self.questions = questions_of(view.record)
        doubtful = [date.fromisoformat(day) for day in view.record.get("uncompared") or []]
        self.refuted, self.findings = (
            refuted_by_days(self.around, days, doubtful, self.interval) if doubtful and days.height else ((), ())
        )

    def result(self) -> Weighed:
        sound = without(self.around, [*self.questions, *self.refuted])
        overlaps = [self._overlap(sound, n) for n in range(len(self.rows))]
        rows, vouched = self._believable(overlaps)
        audited = audit_bars(rows, interval=self.interval, max_bad_share=1)
        own = self._own(sound)
        settled = settle(
            self.view.bars, audited.bars.filter(_is_in(vouched)), self.questions, self.controls, self.interval
        )
        is_extra = pl.col("open_time").is_in(own["open_time"].implode())
        gap = audited.bars.filter(~is_extra)
        answered = gap["open_time"].is_in(vouched.implode())
        refill = judge_refill(gap, answered, self._surroundings(sound, own), self.interval)
        bars = pl.concat([audited.bars.filter(is_extra), refill.bars]).sort("open_time")
        # What one answer gave another must have too.
        given = pl.concat([sound, _as_bars(refill.bars)]).unique("open_time", keep="first").sort("open_time")
        overlaps = [self._overlap(given, n) for n in range(len(self.rows))]
        facts = {
            **proofs(self.queries, self.opens, [one.agrees for one in overlaps], self.interval),
            "refuted": [self._run(one) for one in self.refuted],
            "replaced": [_window_record(one) for one in settled.replaced],
        }
        refused = refill.refused.with_columns(pl.col("open_time").cast(pl.Int64))
        rejected = pl.concat([audited.rejected, refused], how="diagonal")
        findings = (*self.findings, *refill.findings, *_said(settled))
        verdict = audited.verdict.with_findings(findings)
        verdict = Verdict(bars.height, verdict.findings, verdict.facts)
        return Weighed(bars, rejected, verdict, facts, overlaps, self.opens, settled, self.refuted)

    @property
    def controls(self) -> dict[str, pl.DataFrame]:
        """The archive's coarser bars, and the exchange's days where it has none."""
        found = dict(self.view.controls)
        if self.days.height:
            own = [found["1d"]] if "1d" in found else []
            found["1d"] = pl.concat([*own, self.days]).unique("open_time", keep="first").sort("open_time")
        return found

    def _overlap(self, known: pl.DataFrame, n: int) -> Overlap:
        asked = window_asked(self.queries[n])
        inside = known.filter(pl.col("open_time").is_between(asked.start, asked.end, closed="left"))
        return overlap(inside, _as_bars(self.rows[n]), self.interval)

    def _believable(self, overlaps: Sequence[Overlap]) -> tuple[pl.DataFrame, pl.Series]:
        """All rows of the partition, each once, and the opens of those that their answer vouches for.

        Where answers differ, those rows count that an answer vouches for.
        """
        frames = [
            frame.with_columns(pl.Series("vouched", one.vouched_for(opens), dtype=pl.Boolean))
            for frame, one, opens in zip(self.rows, overlaps, self.opens, strict=True)
        ]
        rows = pl.concat(frames) if frames else _rows(self.view, []).with_columns(vouched=pl.lit(value=False))
        window = self.view.window
        bounds = pl.Series([window.start, window.end], dtype=TIME).cast(pl.Int64)
        inside = rows.filter(pl.col("open_time").is_between(bounds[0], bounds[1], closed="left"))
        best = inside.filter(pl.col("vouched") | ~pl.col("vouched").any().over("open_time"))
        vouched = best.filter("vouched")["open_time"].cast(TIME)
        unique = best.drop("vouched").unique(maintain_order=True, subset=pl.exclude("object", "line", "vouched"))
        return unique.with_columns(
            pl.lit(bounds[0]).alias("from_us"),
            pl.lit(bounds[1]).alias("to_us"),
            pl.lit(0, dtype=pl.Int64).alias("rank"),
        ), vouched

    def _own(self, bars: pl.DataFrame) -> pl.DataFrame:
        window = self.view.window
        return bars.filter(pl.col("open_time").is_between(window.start, window.end, closed="left"))

    def _surroundings(self, sound: pl.DataFrame, own: pl.DataFrame) -> Surroundings:
        set_aside = pl.concat([set_aside_rows(self.view), within(self.view.bars, self.refuted)])
        return Surroundings(own, sound, set_aside, self.controls)

    def _run(self, one: Contradiction) -> Record:
        """A refuted window as a run of the archive's rows, first and last open included."""
        bars = within(self.view.bars, [one])["open_time"]
        first, last = bars.min(), bars.max()
        start = first if isinstance(first, datetime) else one.window.start
        end = last if isinstance(last, datetime) else one.window.start
        return {"start": start.isoformat(), "end": end.isoformat(), "reason": REFUTED, "evidence": one.evidence}


def questions_of(record: Mapping[str, Any]) -> list[Contradiction]:
    """The windows of which the record of parsed/binance_archive says that a second source is to be asked."""
    return [
        Contradiction(
            Window(datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])), one.get("evidence", "")
        )
        for one in record.get("questioned") or []
    ]


def set_aside_rows(view: ArchiveView) -> pl.DataFrame:
    """The archive's rows that were set aside (`BAR`), for whatever reason, each once."""
    empty = pl.DataFrame(schema=BAR)
    if ARCHIVE not in view.dataset.sources:
        return empty
    frame = view.store.read(place(view.partition.in_zone("parsed", ARCHIVE)))
    return empty if frame is None or "open_time" not in frame.columns else _as_bars(frame.drop_nulls("open_time"))


def _rows(view: ArchiveView, pages: Sequence[bytes]) -> pl.DataFrame:
    """The rows of one answer in the meaning of canonical bars, times in µs as sent."""
    rows = read_pages(pages).rows
    if view.dataset.market == "cm":
        rows = coin_margined(rows, contract_size(view.partition.symbol))
    return snap_early_2018(rows, view.dataset.bar_interval)[0]


def _day_bars(view: ArchiveView, pages: Sequence[bytes]) -> pl.DataFrame:
    return _as_bars(_rows(view, pages)).unique("open_time", keep="first").sort("open_time")


def _as_bars(rows: pl.DataFrame) -> pl.DataFrame:
    return conform(rows.with_columns(pl.col("open_time").cast(TIME)), BAR)


def _is_in(opens: pl.Series) -> pl.Expr:
    return pl.col("open_time").is_in(opens.implode())


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


def _window_record(one: Contradiction) -> Mapping[str, Any]:
    return {"start": one.window.start.isoformat(), "end": one.window.end.isoformat(), "evidence": one.evidence}


def _said(settled: Settled) -> list[Finding]:
    told = (
        ("question_confirmed", settled.confirmed, "coarser bars contradict rows in which the archive and REST agree"),
        ("sources_undecided", settled.undecided, "coarser bars contradict the archive's rows, and REST's no less"),
        ("archive_replaced", settled.replaced, "REST's rows agree with coarser bars, and the archive's do not"),
    )
    return [
        Finding(rule, Severity.WARN, len(some), f"{words} ({some[0].evidence})") for rule, some, words in told if some
    ]
