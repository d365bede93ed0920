"""What the archive's bars tell of missing metrics: since when the contract was listed, and where it ends."""

from collections.abc import Sequence

from bcdata.catalog import Dataset
from bcdata.ledger.records import EvidenceRecord
from bcdata.pipeline.context import RunContext, window_of
from bcdata.pipeline.metrics.files import opens_of
from bcdata.pipeline.missing.contract_listing import listing_evidence
from bcdata.pipeline.raw.due import due_until, rows_due_until
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.providers.base import BulkObject
from bcdata.store.layout import Partition


async def metric_evidence(
    context: RunContext,
    dataset: Dataset,
    partition: Partition,
    _objects: Sequence[BulkObject],
    held: Sequence[ObjectRecord],
) -> EvidenceRecord:
    """What the files of bars tell, where the metrics of a partition begin late or end early.

    Args:
        context: clients and now.
        dataset: whose partition it is.
        partition: the partition of raw.
        held: the records of its objects.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    window, pace = window_of(dataset, partition), dataset.pace
    times = [at for one in held for at in opens_of(context.store, dataset, partition, one) if at in window]
    begins_late = not times or pace.floor(min(times)) > window.start
    ends_early = not times or pace.next(pace.floor(max(times))) < window.end
    if not (begins_late or (ends_early and window.end <= rows_due_until(dataset, context.now))):
        return {}
    due = due_until(dataset, context.now)
    return await listing_evidence(context, dataset, partition.symbol, window, due)
