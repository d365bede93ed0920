"""Which expected bars a partition lacks, and which of these are worth asking for: those that nothing explains yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import BAR, TIME, conform
from bcdata.ledger.explain import GapEvidence
from bcdata.ledger.ledger import missing_opens, worth_asking
from bcdata.ledger.records import AnswersEvidence
from bcdata.pipeline.context import RunContext, window_of
from bcdata.pipeline.parsed.answer_rows import without
from bcdata.pipeline.parsed.archive_content import object_window
from bcdata.pipeline.parsed.archive_view import ArchiveView
from bcdata.pipeline.parsed.rest_answers import RestEvidence
from bcdata.pipeline.raw.due import unpublished_from
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import bulk_format
from bcdata.store.layout import Partition
from bcdata.venues.calendar import calendar, closed_window
from bcdata.windows import Window


@dataclass(frozen=True, slots=True)
class MissingBars:
    """The bars that a partition lacks, and what is doubted.

    Attributes:
        view: the archive's part of the partition.
        expected: opens of all bars that should be there by now, UTC, ascending.
        closed: the part of the partition that has closed by now.
        unpublished: since when archive files need not be there; None where all are due.
    """

    view: ArchiveView
    expected: pl.Series
    closed: Window
    unpublished: datetime | None

    @property
    def is_nothing(self) -> bool:
        """Whether the archive has all bars that are expected, and nothing is doubted. Reads no bar."""
        record = self.view.record
        if not record or self.closed != self.view.window or record.get("questioned") or record.get("uncompared"):
            return False
        # Sound, unique, on the grid and as many as expected: nothing is missing.
        return record["verdict"]["rows"] == len(self.expected)

    @property
    def seems_gone(self) -> bool:
        """Whether no file of any interval goes on."""
        return bool((self.view.record.get("evidence") or {}).get("ended"))

    @property
    def quiet_since(self) -> str | None:
        """Since when the archive's candles are without a trade up to their end."""
        return self.view.record.get("quiet_since")

    def there(self, weighed: RestEvidence) -> pl.DataFrame:
        """The bars (`BAR`) that there are of the partition: the archive's that are not refuted, and REST's."""
        archive = without(self.view.bars, weighed.refuted)
        return pl.concat([archive, conform(weighed.bars, BAR)]).unique("open_time", keep="first").sort("open_time")

    def missing(self, weighed: RestEvidence) -> pl.Series:
        """The opens of those that neither the archive has nor REST gave."""
        return missing_opens(self.expected, self.there(weighed)["open_time"])

    def known(self, weighed: RestEvidence, rest: AnswersEvidence) -> GapEvidence:
        """All that bears on missing bars; `rest` is what the record of the parsed answers has or will have."""
        there = self.there(weighed)
        return gap_evidence(self.view, there, missing_opens(self.expected, there["open_time"]), rest, self.unpublished)

    def unexplained(self, weighed: RestEvidence, rest: AnswersEvidence) -> pl.Series:
        """The missing bars that are worth asking for."""
        left = self.missing(weighed)
        if left.is_empty():
            return left
        reasons = self.known(weighed, rest).reasons()
        return worth_asking(left.to_frame("open_time"), reasons)["open_time"]


def gap_evidence(
    view: ArchiveView, there: pl.DataFrame, missing: pl.Series, rest: AnswersEvidence, unpublished: datetime | None
) -> GapEvidence:
    """All that bears on the missing bars of a partition, out of records and coarser bars.

    Args:
        view: the archive's part of the partition.
        there: the bars that there are, from whatever source (`open_time`, `trades`), ascending, UTC.
        missing: opens of those that are missing.
        rest: the record of the parsed answers.
        unpublished: since when archive files need not be there; None where all are due.
    """
    first, last = there["open_time"].min(), there["open_time"].max()
    return GapEvidence(
        view.window,
        archive=view.record,
        rest=rest,
        unpublished=unpublished,
        first_bar=first if isinstance(first, datetime) else None,
        last_bar=last if isinstance(last, datetime) else None,
        after_last=view.dataset.bar_interval.next(last) if isinstance(last, datetime) else None,
        residuals=view.residuals(there, missing, rest),
    )


def find_holes(context: RunContext, dataset: Dataset, partition: Partition) -> MissingBars | None:
    """The holes of a partition; None where the archive's part of it is not published."""
    view = ArchiveView.read(context.store, dataset, partition)
    if view is None:
        return None
    closed = closed_window(view.window, dataset.bar_interval, context.now)
    expected = calendar(dataset.hours).opens(dataset.bar_interval, closed)
    return MissingBars(view, expected, closed, unpublished_from(dataset, view.window, context.now))


def missing_in(
    context: RunContext, dataset: Dataset, partition: Partition, objects: Sequence[ObjectRecord]
) -> pl.Series:
    """The expected opens (UTC) by now that are in none of the objects of a partition of raw."""
    interval = dataset.bar_interval
    closed = closed_window(window_of(dataset, partition), interval, context.now)
    opens, files = [pl.Series("open_time", [], dtype=TIME)], bulk_format(dataset.market)
    for one in objects:
        body = context.store.objects.get(partition.key(one["file"]))
        file = None if body is None else PublishedFile(one["name"], object_window(one), body)
        found = None if file is None else files.opens(file, interval)
        opens += [found] if found is not None else []
    return missing_opens(calendar(dataset.hours).opens(interval, closed), pl.concat(opens))
