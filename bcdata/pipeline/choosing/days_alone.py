"""By day: whether a day's object is whole by the audit, or the month's object has to be read beside it.

It is the audit of parsed, with the control objects that raw keeps: what it sets aside of the day's object the month may
have, as by month. What came of it stands in the manifest, so that each version of a day is judged once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bcdata.catalog import Dataset
from bcdata.ledger.ledger import missing_opens
from bcdata.pipeline.context import window_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.parsed.archive_rows import open_objects
from bcdata.pipeline.parsed.audited_objects import audit_objects
from bcdata.pipeline.parsed.control_bars import read_controls
from bcdata.pipeline.records.objects import ControlRecord, ObjectRecord
from bcdata.pipeline.records.shapes import ArchiveManifest, DaysAloneRecord
from bcdata.quality.rules import VERSION
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import calendar


@dataclass(frozen=True, slots=True)
class DaysAlone:
    """Judges the daily objects of a partition of raw without their month."""

    store: Store
    raw: Partition
    dataset: Dataset

    def judge(
        self, records: Sequence[ObjectRecord], controls: Sequence[ControlRecord], before: ArchiveManifest | None
    ) -> DaysAloneRecord:
        """What the objects come to: `{made_of, is_whole}`.

        Args:
            records: the daily objects.
            controls: the control objects.
            before: the manifest so far, if there is one; what it says of the same objects is not worked out again.
        """
        versions = {
            kind: [[one["name"], one["sha256"]] for one in some]
            for kind, some in (("objects", records), ("controls", controls))
        }
        made_of = fingerprint(**versions, rules=VERSION, max_bad_share=self.dataset.quality.max_bad_share)
        known = before.get("days_alone") if before else None
        if known and known["made_of"] == made_of:
            return known
        return {"made_of": made_of, "is_whole": self._is_whole(records, controls)}

    def _is_whole(self, records: Sequence[ObjectRecord], controls: Sequence[ControlRecord]) -> bool:
        window = window_of(self.dataset, self.raw)
        opened = open_objects(self.store, self.raw, records, self.dataset)
        if opened.broken:
            return False
        coarser = read_controls(self.store, self.raw, controls, window)
        audited = audit_objects(self.dataset, self.raw, opened, coarser, is_published=False).audited
        expected = calendar(self.dataset.hours).opens(self.dataset.bar_interval, window)
        return not audited.questioned and missing_opens(expected, audited.bars["open_time"]).is_empty()
