"""Merged settlements: those of all sources with the interval in force, and the ledger of those that are missing."""

from collections.abc import Iterator, Mapping
from functools import cached_property

import polars as pl

from bcdata.bars.settlements import in_force, missing_settlements, settlement_ledger
from bcdata.frames.schema import SETTLEMENT, conform
from bcdata.interval import SETTLEMENT_MINUTE
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.funding.common import before_of, differing, due, gap_evidence, joined, unpublished_of
from bcdata.pipeline.parts import Parts
from bcdata.pipeline.publish import Draft, nothing_sound
from bcdata.pipeline.records.in_footers import MergedRecord, files_record
from bcdata.quality.compare.sources import agreement
from bcdata.quality.models import audit, funding_model
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity, Verdict


class SettlementMerge:
    """A partition of merged settlements."""

    def __init__(self, context: RunContext, parts: Parts) -> None:
        self._context, self._parts, self._window = context, parts, parts.window
        self._due = due(parts.dataset, parts.window, context.now)
        self._unpublished = unpublished_of(parts.dataset, parts.window, context.now, parts.files)

    @property
    def made_of(self) -> Mapping[str, object]:
        """All that the partition is made of, as plain values for the fingerprint."""
        # What is not over yet is not known, whatever a file says; the settlements of a month that is over all are.
        is_over = self._window.end <= self._context.now
        return {
            "sources": [(name, one.fingerprint if one else None) for name, one in self._parts.published.items()],
            "due": self._due.end,
            "last": None if is_over else self._settled["time"].max(),
            "unpublished": self._unpublished,
        }

    def draft(self) -> Draft:
        """One truth per settlement with the interval in force, and the ledger of those that are missing."""
        parts = self._parts
        before = _unlabelled(joined([before_of(files_record(one)) for one in parts.published.values()]))
        settled = in_force(self._settled, before)
        known = gap_evidence(self._window, parts.files, parts.answers, pl.concat([before, settled]), self._unpublished)
        missing = missing_settlements(_as_stated(settled), self._due, _as_stated(before))
        gaps = settlement_ledger(missing, known.reasons())
        findings = (
            *audit(settled, funding_model(SETTLEMENT)),
            *_coverage(gaps),
            *_differing(settled),
            *nothing_sound(settled.height, [*parts.set_aside()]),
        )
        record: MergedRecord = {"closed": self._due.end.isoformat()}
        times = pl.concat([settled["time"], missing["open_time"].alias("time")]).sort()
        quality = parts.quality(times, gaps, agreement(self._sent, differing(), time="time"))
        return Draft(settled, Verdict(settled.height, findings), record, ledger=gaps, quality=quality)

    @cached_property
    def _sent(self) -> list[tuple[str, pl.DataFrame]]:
        """The settlements of each source that has a part, of those that are known by now."""
        known = pl.col("time") + SETTLEMENT_MINUTE <= self._context.now
        return [(name, frame.filter(known)) for name, frame in self._parts.frames()]

    @cached_property
    def _settled(self) -> pl.DataFrame:
        """The settlements of all sources (`SETTLEMENT`, without the interval in force) that are known by now."""
        return _unlabelled(joined([frame for _, frame in self._sent]))


def _unlabelled(settled: pl.DataFrame) -> pl.DataFrame:
    """Settlements with what their file states, and without the interval in force."""
    return conform(settled.rename({"interval_hours": "file_interval_hours"}), SETTLEMENT)


def _as_stated(settled: pl.DataFrame) -> pl.DataFrame:
    return settled.with_columns(interval_hours="file_interval_hours")


def _differing(settled: pl.DataFrame) -> Iterator[Finding]:
    """A warning where a file states another interval than follows from the settlements before."""
    differ = settled.filter(pl.col("interval_hours") != pl.col("file_interval_hours"))
    if differ.height:
        words = "the file states another interval than follows from the settlements up to it; both are kept"
        yield Finding("interval_differs", Severity.WARN, differ.height, words, sample(differ))


def _coverage(gaps: pl.DataFrame) -> Iterator[Finding]:
    if gaps.height:
        yield Finding("coverage", Severity.WARN, int(gaps["bars"].sum()), "settlements are missing", sample(gaps))
