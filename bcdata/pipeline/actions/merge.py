"""Merged corporate actions: one row an action, by precedence of sources, with when it was known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from bcdata.actions.table import ACTIONS, settled
from bcdata.frames.schema import ACTION, LEDGER, MERGED_ACTION, TIME, conform
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.parts import Parts
from bcdata.pipeline.publish import Draft
from bcdata.pipeline.records.in_footers import MergedRecord, content_of
from bcdata.quality.actions import action_model
from bcdata.quality.models import audit
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.venues.calendar import closed_window
from bcdata.venues.session_interval import SessionInterval, interval_of


@dataclass(frozen=True, slots=True)
class ActionMerge:
    """A partition of merged actions."""

    context: RunContext
    parts: Parts

    @property
    def made_of(self) -> Mapping[str, object]:
        """All that the partition is made of, as plain values for the fingerprint."""
        return {"sources": self._sources, "closed": self._closed}

    def draft(self) -> Draft:
        """One row for each action that has taken effect by now, that of the first source that has it."""
        parts = self.parts
        there = [frame.with_columns(source=pl.lit(name)) for name, frame in parts.frames()]
        rows = pl.concat([pl.DataFrame(schema={**ACTION, "source": pl.String}), *there])
        known = rows.filter(pl.col("time") < self._closed).with_columns(symbol=pl.lit(""), known_at=self._known())
        chosen, differing = settled(conform(known, ACTIONS), list(parts.dataset.sources))
        times = known.select("ex_session", "kind", "source", "time").unique(maintain_order=True)
        keys = ["ex_session", "kind", "source"]
        table = chosen.join(times, on=keys, how="left", maintain_order="left").sort("time", "kind")
        merged = conform(table, MERGED_ACTION)
        findings = [*audit(merged, action_model(tuple(MERGED_ACTION.items()))), *_differing(differing)]
        record: MergedRecord = {"sources": self._sources, "closed": self._closed.isoformat()}
        verdict = Verdict(merged.height, tuple(findings))
        return Draft(merged, verdict, record, ledger=pl.DataFrame(schema=LEDGER))

    @property
    def _closed(self) -> datetime:
        return closed_window(self.parts.window, self.parts.dataset.pace, self.context.now).end

    @property
    def _sources(self) -> list[tuple[str, str | None]]:
        """The sources with the fingerprints of their parts' content, in order of precedence."""
        return [(name, content_of(one)) for name, one in self.parts.published.items()]

    def _known(self) -> pl.Expr:
        """When the day of the declaration is over, and at the open of the ex-session at the latest."""
        effect = pl.col("ex_session").cast(TIME)
        daily = interval_of(self.parts.dataset.pace.of("1d"), self.parts.dataset.hours)
        if isinstance(daily, SessionInterval):
            calendar = daily.calendar

            def opens(labels: pl.Series) -> pl.Series:
                found, _ = calendar.opens_of(daily, labels.to_numpy().astype("datetime64[D]"))
                return pl.Series(found).cast(TIME)

            effect = pl.col("ex_session").map_batches(opens, return_dtype=TIME)
        return pl.min_horizontal(effect, pl.col("declared").cast(TIME).dt.offset_by("1d"))


def _differing(differing: pl.DataFrame) -> Iterator[Finding]:
    if differing.height:
        words = "two sources differ by more than a hundredth about an action; the first one's is kept"
        yield Finding("sources_disagree", Severity.WARN, differing.height, words, sample(differing))
