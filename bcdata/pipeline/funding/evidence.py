"""What the archive's bars tell of missing settlements: since when the contract was listed, and where it ends."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bcdata.catalog import Dataset
from bcdata.frames.schema import TIME
from bcdata.ledger.records import EvidenceRecord
from bcdata.pipeline.context import RunContext, window_of
from bcdata.pipeline.funding.common import AROUND
from bcdata.pipeline.missing.contract_listing import listing_evidence
from bcdata.pipeline.parsed.archive_content import object_file
from bcdata.pipeline.raw.due import due_until
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.providers.base import BulkObject, ObjectError
from bcdata.providers.registry import bulk_format
from bcdata.quality.settlements import IS_NAMED
from bcdata.store.layout import Partition
from bcdata.windows import Window


async def settlement_evidence(
    context: RunContext,
    dataset: Dataset,
    partition: Partition,
    _objects: Sequence[BulkObject],
    held: Sequence[ObjectRecord],
) -> EvidenceRecord:
    """What the files of bars tell, where the month's file is not there, or begins late or ends early.

    Args:
        context: clients and now.
        dataset: whose partition it is.
        partition: the partition of raw.
        held: the records of its objects, and of the month before.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    window, due = window_of(dataset, partition), due_until(dataset, context.now)
    times = list(_times(context, dataset, partition, held, window))
    is_listed_before = any(not partition.date.startswith(one["date"]) for one in held)
    begins_late = not is_listed_before and (not times or min(times) - window.start > AROUND)
    ends_early = window.end <= due and (not times or window.end - max(times) > AROUND)
    if not (begins_late or ends_early):
        return {}
    return await listing_evidence(context, dataset, partition.symbol, window, due)


def _times(
    context: RunContext, dataset: Dataset, partition: Partition, held: Iterable[ObjectRecord], window: Window
) -> Iterable[datetime]:
    """The instants in the window of all rows of the objects that can be read."""
    for record in held:
        try:
            rows = bulk_format(dataset.market).settlements(object_file(context.store, partition, record)).rows
        except ObjectError:
            continue
        yield from (at for at in rows.filter(IS_NAMED)["time"].cast(TIME) if at in window)
