"""The files of bars: one audited frame out of the objects of a partition, bad rows set aside."""

from datetime import datetime

from bcdata.bars.tail import quiet_since
from bcdata.catalog import Dataset
from bcdata.frames.schema import TIME
from bcdata.ledger.ledger import missing_opens
from bcdata.ledger.records import ContradictionRecord, SpanRecord
from bcdata.ledger.set_aside import MissingOpens
from bcdata.pipeline.context import window_of
from bcdata.pipeline.parsed.archive_rows import open_objects
from bcdata.pipeline.parsed.audited_objects import audit_objects
from bcdata.pipeline.parsed.control_bars import read_controls_with_findings
from bcdata.pipeline.parsed.superseded import fewer_rows, withdrawn_bars
from bcdata.pipeline.publish import Draft
from bcdata.pipeline.records.in_footers import FilesRecord
from bcdata.pipeline.records.shapes import ArchiveManifest
from bcdata.quality.audit import Audited
from bcdata.quality.compare.coarser import Contradiction
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import calendar
from bcdata.windows import Window


def parse_files(store: Store, dataset: Dataset, raw: Partition, manifest: ArchiveManifest) -> Draft:
    """The bars of the objects that raw holds, and what is known of those that are missing."""
    window = window_of(dataset, raw)
    opened = open_objects(store, raw, manifest["objects"], dataset)
    controls, unread = read_controls_with_findings(store, raw, manifest.get("controls", []), window)
    between = [_window(one) for one in manifest["evidence"].get("reused") or []]
    found = audit_objects(dataset, raw, opened, controls, between)
    audited, aside = found.audited, found.aside
    expected = calendar(dataset.hours).opens(dataset.bar_interval, window)
    lacking = MissingOpens(expected, missing_opens(expected, audited.bars["open_time"]))
    received = found.rows["open_time"].drop_nulls().cast(TIME)
    earlier = manifest.get("superseded", [])
    withdrawn = withdrawn_bars(store, raw, earlier, dataset, lacking.without(received))
    record: FilesRecord = {
        "raw": manifest["fingerprint"],
        "objects": [one["name"] for one in opened.records],
        "evidence": manifest["evidence"],
        "quarantined": aside.runs(lacking, dataset.bar_interval),
        "withdrawn": withdrawn,
        **_found(audited),
    }
    more = [*aside.findings(), *found.noticed, *unread, *fewer_rows(withdrawn, dataset.bar_interval)]
    return Draft(audited.bars, audited.verdict.with_findings(more), record, aside.frame())


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


def _record_of(one: Contradiction) -> ContradictionRecord:
    return {"start": one.window.start.isoformat(), "end": one.window.end.isoformat(), "evidence": one.evidence}
