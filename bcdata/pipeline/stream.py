"""A bounded stream of partitions, over both cores or the network: memory stays flat however many there are.

Two runs may have the same partition to do. Each holds its lock for as long as it works on it, so that what one has
read is still there when it publishes, and bars and their ledger come from one of them.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from pathlib import Path
from zlib import crc32

from bcdata.bars.arrays import load_numpy
from bcdata.errors import BcdataError, DefectError, StoreError
from bcdata.net.loop import BackgroundLoop, bounded_map
from bcdata.pipeline.outcome import Outcome, failure
from bcdata.settings import Settings
from bcdata.sqlite_files import TOO_MANY_FILES, too_many_files
from bcdata.store.layout import Partition
from bcdata.store.locks import locked

AHEAD = 2
"""Partitions in work beyond those being computed: enough to keep the cores busy, few enough to stay small."""
_LOCKS = 256
"""Files of locks; partitions that share one wait for each other now and then."""
_POLL_SECONDS = 0.05
_LONGEST = 200
"""Characters of an error's own text that are shown."""
_log = logging.getLogger(__name__)


def each(
    root: Path, partitions: Iterable[Partition], work: Callable[[Partition], Outcome], *, workers: int | None = None
) -> Iterator[Outcome]:
    """Applies `work` to every partition on a few threads and yields outcomes in the order of the partitions.

    polars, libdeflate and the file system release the interpreter's lock, so threads use both cores. An error is
    that partition's outcome, and the others go on; one that nobody foresaw is logged with its traceback.
    """
    load_numpy()
    count = workers or Settings().jobs or min(4, os.cpu_count() or 1)
    source = iter(partitions)
    with ThreadPoolExecutor(count, thread_name_prefix="partition") as pool:
        pending: deque[Future[Outcome]] = deque(
            pool.submit(_guarded, root, work, partition) for partition in islice(source, count + AHEAD)
        )
        try:
            while pending:
                outcome = pending.popleft().result()
                pending.extend(pool.submit(_guarded, root, work, partition) for partition in islice(source, 1))
                yield outcome
        finally:
            for future in pending:
                future.cancel()


def each_async(
    root: Path,
    loop: BackgroundLoop,
    partitions: Iterable[Partition],
    work: Callable[[Partition], Awaitable[Outcome]],
    *,
    at_once: int,
) -> Iterator[Outcome]:
    """Applies `work` to every partition on the event loop, some at once, and yields outcomes as they are done.

    Errors are what they are for `each`.
    """
    load_numpy()
    most = Settings().fetches or at_once

    async def alone(partition: Partition) -> Outcome:
        async with _held(root, partition):
            return await work(partition)

    async def outcomes() -> AsyncIterator[Outcome]:
        async for partition, result in bounded_map(alone, partitions, most):
            if isinstance(result, Exception):
                yield _failed(partition, result)
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result

    yield from loop.iterate(outcomes())


def _guarded(root: Path, work: Callable[[Partition], Outcome], partition: Partition) -> Outcome:
    try:
        with locked(root, _lock(partition)):
            return work(partition)
    except Exception as error:  # noqa: BLE001 - the one place: a defect costs its partition, never the others
        return _failed(partition, error)


def _failed(partition: Partition, error: Exception) -> Outcome:
    """The outcome of an error; one that nobody foresaw is named, and its traceback goes to the log."""
    if isinstance(error, BcdataError):
        return failure(partition, error)
    if too_many_files(error):
        return failure(partition, StoreError(TOO_MANY_FILES))
    place = "/".join(part for part in (partition.zone, partition.provider) if part)
    _log.error("%s %s failed", place, partition, exc_info=error)
    cause = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:_LONGEST]}"
    advice = "a defect of bcdata, or damage that it does not know; the log has the traceback: please report it"
    return failure(partition, DefectError(f"{place} {partition}: {cause} ({advice})"))


@asynccontextmanager
async def _held(root: Path, partition: Partition) -> AsyncIterator[None]:
    """The lock without blocking the event loop, on which its holder may be waiting for an answer."""
    while True:
        with locked(root, _lock(partition), wait=False) as is_free:
            if is_free:
                yield
                return
        await asyncio.sleep(_POLL_SECONDS)


@contextmanager
def alone(root: Path, partition: Partition) -> Iterator[None]:
    """Nobody else works on the partition for the length of the block."""
    with locked(root, _lock(partition)):
        yield


def _lock(partition: Partition) -> str:
    """The same for all zones of a partition: merged must not read what raw is about to replace."""
    name = f"{partition.dataset}/{partition.tail}"
    return f"partitions-{crc32(name.encode()) % _LOCKS:02x}"
