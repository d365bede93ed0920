"""Merged metrics: one truth for each five minutes, and the ledger that explains all that are missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import polars as pl

from bcdata.frames.columns import METRIC_VALUES
from bcdata.frames.schema import MERGED_METRIC, METRIC, conform
from bcdata.ledger.explain import GapEvidence
from bcdata.ledger.ledger import ledger
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.missing.tiling import by_status, coverage, tiling
from bcdata.pipeline.parts import Parts
from bcdata.pipeline.publish import Draft, nothing_sound
from bcdata.pipeline.raw.due import unpublished_from
from bcdata.pipeline.records.in_footers import MergedRecord, content_of
from bcdata.quality.compare.sources import Agreement, agreement
from bcdata.quality.models import audit, metric_model
from bcdata.quality.verdict import Verdict
from bcdata.venues.calendar import calendar, closed_window
from bcdata.windows import Window

_ROWS = "rows"


@dataclass(frozen=True)
class MetricMerge:
    """A partition of merged metrics.

    Attributes:
        parts: what the sources have.
        closed: the part of the window that is over by now.
        unpublished: since when archive files need not be there; None where all are due.
    """

    parts: Parts
    closed: Window
    unpublished: datetime | None

    @classmethod
    def of(cls, context: RunContext, parts: Parts) -> "MetricMerge":
        """Looks up what the partition reads."""
        dataset, window = parts.dataset, parts.window
        closed = closed_window(window, dataset.pace, context.now)
        return cls(parts, closed, unpublished_from(dataset, window, context.now))

    @property
    def made_of(self) -> Mapping[str, object]:
        """All that the partition is made of, as plain values for the fingerprint."""
        return {"sources": self._sources, "closed": self.closed.end, "unpublished": self.unpublished}

    def draft(self) -> Draft:
        """One truth for each five minutes, and the ledger of those that are missing."""
        parts, dataset = self.parts, self.parts.dataset
        metrics = self._metrics()
        expected = calendar(dataset.hours).opens(dataset.pace, self.closed)
        reasons = self._evidence(metrics["time"]).reasons()
        there = metrics.select(pl.col("time").alias("open_time"), "source")
        gaps = ledger(expected, there, reasons, archives=[dataset.bulk] if dataset.bulk else list(dataset.sources))
        findings = [
            *audit(metrics, metric_model(MERGED_METRIC)),
            *tiling(expected, there["open_time"], gaps, _ROWS),
            *coverage(gaps, _ROWS),
            *nothing_sound(metrics.height, [*parts.set_aside()]),
        ]
        verdict = Verdict(metrics.height, tuple(findings), {"missing": by_status(gaps)})
        record: MergedRecord = {"sources": self._sources, "closed": self.closed.end.isoformat()}
        return Draft(metrics, verdict, record, ledger=gaps, quality=parts.quality(expected, gaps, self._compared()))

    def _compared(self) -> Agreement:
        """How the sources compare."""
        differs = {name: pl.col(name) != pl.col(f"{name}_other") for name in METRIC_VALUES}
        closed = [(name, frame.filter(pl.col("time") < self.closed.end)) for name, frame in self._sent]
        return agreement(closed, differs, time="time")

    @property
    def _sources(self) -> list[tuple[str, str | None]]:
        """The sources with the fingerprints of their parts' content, in order of precedence."""
        return [(name, content_of(one)) for name, one in self.parts.published.items()]

    @cached_property
    def _sent(self) -> list[tuple[str, pl.DataFrame]]:
        """The rows of each source that has a part."""
        return list(self.parts.frames())

    def _metrics(self) -> pl.DataFrame:
        """The rows of all sources that are known by now (`MERGED_METRIC`), the first source before the next."""
        there = [frame.with_columns(source=pl.lit(name)) for name, frame in self._sent]
        rows = pl.concat([pl.DataFrame(schema={**METRIC, "source": pl.String}), *there])
        once = rows.unique("time", keep="first", maintain_order=True).sort("time")
        closed = once.filter(pl.col("time") < self.closed.end)
        return conform(closed.with_columns(known_at=pl.col("time") + self.parts.dataset.pace.length), MERGED_METRIC)

    def _evidence(self, times: pl.Series) -> GapEvidence:
        """All that bears on missing rows; `times` are those of the rows that are there."""
        first, last = times.min(), times.max()
        return GapEvidence(
            self.parts.window,
            archive=self.parts.files,
            rest=self.parts.answers,
            unpublished=self.unpublished,
            first_bar=first if isinstance(first, datetime) else None,
            last_bar=last if isinstance(last, datetime) else None,
            after_last=self.parts.dataset.pace.next(last) if isinstance(last, datetime) else None,
        )
