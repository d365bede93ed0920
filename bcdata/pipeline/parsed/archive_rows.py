"""What is set aside of an archive partition: rows, lines and whole objects, each with its object, line and reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from bcdata.catalog import Dataset
from bcdata.interval import Interval
from bcdata.ledger.records import SetAsideRecord
from bcdata.ledger.set_aside import UNREADABLE_LINE, MissingOpens, runs_of_rows, runs_of_windows
from bcdata.pipeline.context import series_of
from bcdata.pipeline.parsed.archive_content import OpenedObjects, Whole, object_window, rows_content, unread_rows
from bcdata.pipeline.parsed.control_bars import with_windows
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.quality.audit import Audited
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.layout import Partition
from bcdata.store.store import Store


def open_objects(
    store: Store, raw: Partition, records: Sequence[ObjectRecord], dataset: Dataset
) -> OpenedObjects[bytes]:
    """The rows of the objects of a partition of raw, by their records."""
    series = series_of(dataset, raw.symbol)
    return OpenedObjects.of(raw, records, lambda record: rows_content(store, raw, record, series))


@dataclass(frozen=True, slots=True)
class RowsSetAside:
    """All that is not published of what was received.

    Attributes:
        opened: the objects.
        rows: all raw rows that were read.
        rejected: rows and lines that were set aside, with `object`, `line`, `reason` and `evidence`.
        whole: objects that were set aside whole: record, rule, and words.
    """

    opened: OpenedObjects[bytes]
    rows: pl.DataFrame
    rejected: pl.DataFrame
    whole: list[Whole]

    @classmethod
    def of(
        cls, opened: OpenedObjects[bytes], rows: pl.DataFrame, bad_lines: pl.DataFrame, audited: Audited
    ) -> "RowsSetAside":
        """Puts together what the audit set aside and what could not be read."""
        lines = with_windows(bad_lines.with_columns(reason=pl.lit(UNREADABLE_LINE)), opened.records).drop("rank")
        rejected = (
            pl.concat([audited.rejected.drop("rank"), lines], how="diagonal") if lines.height else audited.rejected
        )
        return cls(opened, rows, rejected, opened.whole(audited.bad_objects))

    def runs(self, lacking: MissingOpens, interval: Interval) -> list[SetAsideRecord]:
        """The runs of missing bars that it explains, for the gap ledger."""
        if not self.rejected.height and not self.whole:
            return []
        windows = [(object_window(record), rule, words) for record, rule, words in self.whole]
        rows = runs_of_rows(self.rejected, self.rows, lacking, interval)
        return [*rows, *runs_of_windows(windows, lacking, self._covered())]

    def findings(self) -> list[Finding]:
        """What whole objects cost: their rows, or nothing where other objects cover their days."""
        covered = set(self._covered())
        found = []
        for record, rule, words in self.whole:
            is_replaced = all(day in covered for day in object_window(record).days())
            severity = Severity.WARN if is_replaced else Severity.ROW
            found.append(Finding(rule, severity, 1, words + ("; other objects cover its days" if is_replaced else "")))
        return found

    def frame(self) -> pl.DataFrame:
        """What goes into quarantine: rows and lines with the object that they came from, and objects as a row each."""
        names = pl.DataFrame(
            {
                "object": range(len(self.opened.records)),
                "name": [record["name"] for record in self.opened.records],
            },
            schema={"object": pl.Int64, "name": pl.String},
        )
        named = self.rejected.join(names, on="object", how="left", maintain_order="left")
        named = named.drop("object", "from_us", "to_us")
        objects = unread_rows(self.whole)
        both = pl.concat([named, objects], how="diagonal") if objects.height else named
        first = ("name", "line", "reason", "evidence")
        return both.select(*first, pl.exclude(*first))

    def _covered(self) -> pl.Series:
        """The UTC days of the objects that are believed."""
        whole = {record["name"] for record, _, _ in self.whole}
        good = [record for record in self.opened.records if record["name"] not in whole]
        return pl.Series(sorted({day for one in good for day in object_window(one).days()}), dtype=pl.Date)


def extra_columns(names: Sequence[str]) -> list[Finding]:
    """The warning that objects have columns after the known ones."""
    if not names:
        return []
    words = f"{names[0]} has columns after the known ones; they are not read"
    shown = tuple({"object": name} for name in names[:5])
    return [Finding("extra_columns", Severity.WARN, len(names), words, shown)]
