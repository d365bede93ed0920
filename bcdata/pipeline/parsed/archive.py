"""Parsed files: the objects of a partition as one audited frame, bad rows set aside."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bcdata.bars.tail import quiet_since
from bcdata.catalog import Dataset
from bcdata.frames.schema import TIME
from bcdata.gaps.ledger import missing_opens
from bcdata.gaps.set_aside import Lacking
from bcdata.gaps.told import DoubtRecord, SpanRecord
from bcdata.pipeline.context import Workbench, window_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.parsed.archive_rows import Opened
from bcdata.pipeline.parsed.audited_objects import audit_objects
from bcdata.pipeline.parsed.control_bars import read_controls_with_findings
from bcdata.pipeline.parsed.superseded import fewer_rows, withdrawn_bars
from bcdata.pipeline.publish import publish, unchanged
from bcdata.pipeline.records.in_footers import FilesRecord
from bcdata.pipeline.records.manifests import archive_manifest, held_manifest
from bcdata.pipeline.stream import each
from bcdata.quality.audit import Audited
from bcdata.quality.compare.coarser import Contradiction
from bcdata.quality.rules import VERSION
from bcdata.quality.verdict import failed
from bcdata.store.layout import Partition
from bcdata.venues.calendar import calendar
from bcdata.windows import Window


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Parses and audits what raw holds, and yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _parse(work, dataset, one))


def _parse(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = held_manifest(work.store, raw, archive_manifest)
    if manifest is None:
        verdict = failed("upstream", "raw holds nothing for it; materialize raw first")
        return Outcome(partition, State.FAILED, verdict)
    made_of = parsed_fingerprint(dataset, manifest["fingerprint"])
    if done := unchanged(work.store, partition, made_of):
        return done
    window = window_of(dataset, partition)
    opened = Opened.of(work.store, raw, manifest["objects"], dataset)
    controls, unread = read_controls_with_findings(work.store, raw, manifest.get("controls", []), window)
    between = [_window(one) for one in manifest["evidence"].get("reused") or []]
    found = audit_objects(dataset, partition, opened, controls, between)
    audited, aside = found.audited, found.aside
    expected = calendar(dataset.calendar).opens(dataset.bar_interval, window)
    lacking = Lacking(expected, missing_opens(expected, audited.bars["open_time"]))
    received = found.rows["open_time"].drop_nulls().cast(TIME)
    earlier = manifest.get("superseded", [])
    withdrawn = withdrawn_bars(work.store, raw, earlier, dataset, lacking.without(received))
    record: FilesRecord = {
        "raw": manifest["fingerprint"],
        "objects": [one["name"] for one in opened.records],
        "evidence": manifest["evidence"],
        "quarantined": aside.runs(lacking, dataset.bar_interval),
        "withdrawn": withdrawn,
        **_found(audited),
    }
    more = [*aside.findings(), *found.noticed, *unread, *fewer_rows(withdrawn, dataset.bar_interval)]
    return publish(
        work.store,
        partition,
        audited.bars,
        audited.verdict.with_findings(more),
        fingerprint=made_of,
        record=record,
        rejected=aside.frame(),
    )


def _found(audited: Audited) -> FilesRecord:
    """What the record says of the bars that are published."""
    since = quiet_since(audited.bars)
    return {
        "questioned": [_record_of(one) for one in audited.questioned],
        "uncompared": [day.isoformat() for day in audited.uncompared],
        "quiet_since": since.isoformat() if since else None,
    }


def _window(one: SpanRecord) -> Window:
    return Window(datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"]))


def _record_of(one: Contradiction) -> DoubtRecord:
    return {"start": one.window.start.isoformat(), "end": one.window.end.isoformat(), "evidence": one.evidence}


def parsed_fingerprint(dataset: Dataset, raw: str) -> str:
    """What a parsed partition is made of: the raw objects, the rules, the settings that bear on it."""
    interval = dataset.interval.name if dataset.interval else None
    return fingerprint(raw=raw, rules=VERSION, interval=interval, max_bad_share=dataset.quality.max_bad_share)
