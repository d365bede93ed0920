"""What the sources of a merged partition have in parsed, in order of precedence."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from bcdata.catalog import Dataset
from bcdata.ledger.ledger import Status
from bcdata.ledger.records import SetAsideRecord
from bcdata.ledger.set_aside import within_runs
from bcdata.pipeline.context import window_of
from bcdata.pipeline.lake import published_sound, read_sound
from bcdata.pipeline.missing.tiling import by_status
from bcdata.pipeline.records.in_footers import (
    AnswersRecord,
    FilesRecord,
    answers_record,
    files_record,
    merged_record,
    windows_record,
)
from bcdata.quality.compare.sources import Agreement
from bcdata.quality.duplicates import DUPLICATE
from bcdata.quality.score import Quality
from bcdata.store.footer import Published
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

_NOT_EXPECTED = (Status.NOT_LISTED, Status.DELISTED, Status.NOT_PUBLISHED)
"""Nobody could have these rows yet, or ever."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one partition.

    Attributes:
        store: the lake.
        dataset: whose partition it is.
        partition: that of merged.
        published: by source, in order of precedence, what the footer of its part says; None where it has none.
    """

    store: Store
    dataset: Dataset
    partition: Partition
    published: dict[str, Published | None]

    @classmethod
    def read(cls, store: Store, dataset: Dataset, partition: Partition) -> "Parts":
        """The parts as they are published.

        Raises:
            StoreError: one is damaged; the text has the command that repairs it.
        """
        found = {name: published_sound(store, partition.in_zone("parsed", name)) for name in dataset.sources}
        return cls(store, dataset, partition, found)

    @property
    def window(self) -> Window:
        """The time of the partition."""
        return window_of(self.dataset, self.partition)

    @property
    def files(self) -> FilesRecord:
        """The record of the parsed files; empty where there are none."""
        return files_record(self.published.get(self.dataset.bulk or ""))

    @property
    def answers(self) -> AnswersRecord:
        """The record of the parsed answers; empty where nothing was asked."""
        return answers_record(self.published.get(self.dataset.repair or ""))

    def codes(self) -> set[str]:
        """What the sources say that prices are in."""
        return {code for one in self.published.values() if one for code in windows_record(one).get("codes", [])}

    def frames(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """The rows of each source that has a part."""
        for name, published in self.published.items():
            parsed = self.partition.in_zone("parsed", name)
            frame = read_sound(self.store, parsed, self.dataset.name) if published else None
            if frame is not None:
                yield name, frame

    def quality(self, times: pl.Series, gaps: pl.DataFrame, compared: Agreement) -> Quality:
        """How good the rows are that are made of the parts.

        Args:
            times: of all rows that are there or missing (UTC), ascending.
            gaps: the ledger of the missing ones.
            compared: how the sources compare.
        """
        missing = by_status(gaps)
        return Quality(
            expected=times.len() - sum(missing.get(status.value, 0) for status in _NOT_EXPECTED),
            open=missing.get(Status.OPEN.value, 0),
            duplicates=sum(self._refused()),
            quarantined=within_runs(times, self.set_aside()),
            compared=compared.compared,
            differing=compared.differing,
            pairs=compared.pairs,
        )

    def _refused(self) -> Iterator[int]:
        """How many rows each source sent more than once."""
        for published in filter(None, self.published.values()):
            verdict = merged_record(published).get("verdict")
            yield from (one["count"] for one in (verdict or {"findings": []})["findings"] if one["rule"] == DUPLICATE)

    def set_aside(self) -> Iterator[SetAsideRecord]:
        """The runs of rows that sources set aside, or refute of another."""
        for published in self.published.values():
            yield from files_record(published).get("quarantined") or []
            yield from answers_record(published).get("refuted") or []
