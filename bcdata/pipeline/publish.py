"""Write, audit, publish: the one way by which a frame gets into a zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import polars as pl

from bcdata.errors import StoreError
from bcdata.ledger.records import SetAsideRecord
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.records.scores import QUALITY
from bcdata.quality.rules import VERSION
from bcdata.quality.score import Quality
from bcdata.quality.verdict import Finding, Severity, Verdict, VerdictRecord
from bcdata.store import quarantine
from bcdata.store.footer import Rows
from bcdata.store.layout import Partition, Table
from bcdata.store.store import Store


def unchanged(store: Store, partition: Partition, fingerprint: str) -> Outcome | None:
    """The outcome of a partition whose inputs are the same as before: published still, or held back still.

    A file whose bytes are not those that were published is as good as none, and so is one of another publication.
    """
    published = store.published(partition)
    report = quarantine.report(store, partition)
    verdict = _verdict(published.record) if published and published.fingerprint == fingerprint else None
    if verdict is not None and not is_whole(store, partition, fingerprint):
        return None
    if verdict is not None:
        set_aside = any(finding.severity is Severity.ROW for finding in verdict.findings)
        kept = report is not None and report["fingerprint"] == fingerprint and quarantine.has_rows(store, partition)
        if set_aside and not kept:
            return None  # what was set aside is gone: restore it
        if report and not set_aside:
            quarantine.clear(store, partition)  # left by a process that was killed right after publishing
        return Outcome(partition, State.UNCHANGED, verdict, fingerprint, verdict.rows)
    if report and report["fingerprint"] == fingerprint and not report["published"] and (held := _verdict(report)):
        return Outcome(partition, State.HELD_BACK, held, fingerprint)
    return None


def is_whole(store: Store, partition: Partition | Table, fingerprint: str) -> bool:
    """Whether the file of a partition is, byte by byte, what was published with this fingerprint."""
    try:
        return fingerprint in store.whole(partition)
    except StoreError:
        return False  # its manifest is damaged, and recreated when the partition is published again


def _verdict(record: Mapping[str, object]) -> Verdict | None:
    """The verdict of a record or report; None where it has another shape: then the partition is computed again."""
    try:
        return Verdict.from_json(cast("VerdictRecord", record["verdict"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


@dataclass(frozen=True, slots=True)
class Draft:
    """What was made of a partition, before the gate.

    Attributes:
        frame: the rows that are to be published.
        verdict: what the audit found.
        record: what is known beside the rows.
        rejected: the rows that were set aside.
        ledger: the gap ledger that belongs to the rows.
        quality: how good the rows are, in merged.
    """

    frame: pl.DataFrame
    verdict: Verdict
    record: Mapping[str, object]
    rejected: pl.DataFrame | None = None
    ledger: pl.DataFrame | None = None
    quality: Quality | None = None

    def publish(self, store: Store, partition: Partition, fingerprint: str) -> Outcome:
        """Publishes what passed, as `publish` does."""
        return publish(
            store,
            partition,
            self.frame,
            self.verdict,
            fingerprint=fingerprint,
            record=self.record,
            rejected=self.rejected,
            ledger=self.ledger,
            quality=self.quality,
        )


def publish(
    store: Store,
    partition: Partition,
    frame: pl.DataFrame,
    verdict: Verdict,
    *,
    fingerprint: str,
    record: Mapping[str, object],
    rejected: pl.DataFrame | None = None,
    ledger: pl.DataFrame | None = None,
    quality: Quality | None = None,
) -> Outcome:
    """Publishes what passed; what did not goes to quarantine and leaves the zone as it is.

    Rows set aside go to quarantine first, so that a row is never in neither place. A gap ledger is published with the
    rows that it belongs to, and before them: rows are trusted only with a ledger of their own fingerprint. Their
    quality is noted in the manifest, and is no part of what they are.
    """
    has_rejected = rejected is not None and rejected.height > 0
    if not verdict.passed or has_rejected:
        quarantine.quarantine(
            store,
            partition,
            fingerprint=fingerprint,
            verdict=dict(verdict.to_json()),
            published=verdict.passed,
            rows=rejected,
        )
    if not verdict.passed:
        return Outcome(partition, State.HELD_BACK, verdict, fingerprint)
    full = {**record, "verdict": verdict.to_json()}
    together = [Rows(partition, frame, full)]
    if ledger is not None:
        together.insert(0, Rows(partition.in_zone("gaps"), ledger, {"dataset": partition.dataset}))
    notes = {QUALITY: quality.to_json()} if quality else {}
    written = store.publish_together(together, fingerprint=fingerprint, rules=VERSION, notes=notes)
    if not has_rejected:
        quarantine.clear(store, partition)
    return Outcome(partition, State.PUBLISHED, verdict, fingerprint, frame.height, written, quality=quality)


def nothing_sound(rows: int, set_aside: Sequence[SetAsideRecord]) -> list[Finding]:
    """Why a merged partition is held back: rows were received, all were set aside, and no source has others.

    Args:
        rows: how many rows merged has.
        set_aside: the runs of rows that its sources in parsed set aside, or that a source that repairs refutes.
    """
    if rows or not set_aside:
        return []
    first = set_aside[0].get("evidence") or f"rows break the rule {set_aside[0]['reason']}"
    words = f"all that was received was set aside, and no other source has anything: {first}"
    return [Finding("nothing_sound", Severity.PARTITION, 1, words)]
