"""A bounded stream of partitions, over both cores or the network: memory stays flat however many there are."""

import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from bcdata.errors import BcdataError
from bcdata.net.loop import BackgroundLoop, bounded_map
from bcdata.operations.outcome import Outcome, failure
from bcdata.store.layout import Partition

AHEAD = 2
"""Partitions in work beyond those being computed: enough to keep the cores busy, few enough to stay small."""


def each(
    partitions: Iterable[Partition], work: Callable[[Partition], Outcome], *, workers: int | None = None
) -> Iterator[Outcome]:
    """Applies `work` to every partition on a few threads and yields outcomes in the order of the partitions.

    polars, libdeflate and the file system release the interpreter's lock, so threads use both cores. An error
    that bcdata raised on purpose is that partition's outcome; any other is a defect and ends the stream.
    """
    count = workers or min(4, os.cpu_count() or 1)
    source = iter(partitions)
    with ThreadPoolExecutor(count, thread_name_prefix="partition") as pool:
        pending: deque[Future[Outcome]] = deque(
            pool.submit(_guarded, work, partition) for partition in islice(source, count + AHEAD)
        )
        try:
            while pending:
                outcome = pending.popleft().result()
                pending.extend(pool.submit(_guarded, work, partition) for partition in islice(source, 1))
                yield outcome
        finally:
            for future in pending:
                future.cancel()


def each_async(
    loop: BackgroundLoop,
    partitions: Iterable[Partition],
    work: Callable[[Partition], Awaitable[Outcome]],
    *,
    at_once: int,
) -> Iterator[Outcome]:
    """Applies `work` to every partition on the event loop, some at once, and yields outcomes as they are done."""

    async def outcomes() -> AsyncIterator[Outcome]:
        async for partition, result in bounded_map(work, partitions, at_once):
            if isinstance(result, BcdataError):
                yield failure(partition, result)
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result

    yield from loop.iterate(outcomes())


def _guarded(work: Callable[[Partition], Outcome], partition: Partition) -> Outcome:
    try:
        return work(partition)
    except BcdataError as error:
        return failure(partition, error)
