"""Raw of the repair source: answers about missing rows, as sent. What was answered is not asked again.

A provider that cannot be asked proves nothing and holds nothing back: what is missing stays open, and the verdict says
so.
"""

from collections.abc import Iterator, Sequence

from bcdata.catalog import Dataset
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.frame_types import repair_of
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.run_clock import as_of, with_warnings
from bcdata.pipeline.stream import each_async
from bcdata.store.layout import Partition

AT_ONCE = 4


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Asks for the rows that the parsed files lack, and yields outcomes as they are done."""
    ask = repair_of(dataset).asking(context, dataset, partitions)

    async def one(partition: Partition) -> Outcome:
        return await ask(as_of(context, dataset, partition), partition)

    yield from with_warnings(context, each_async(context.store.root, context.loop, partitions, one, at_once=AT_ONCE))
