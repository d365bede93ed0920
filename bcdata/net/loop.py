"""One event loop in the background, so that synchronous code can ask many things at once."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterable
from contextlib import AsyncExitStack
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


async def bounded_map(
    fn: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item], limit: int
) -> AsyncGenerator[tuple[_Item, _Result | BaseException]]:
    """Applies `fn` to the items, at most `limit` at once, and yields (item, result or exception) as they end.

    Items are taken from the iterable only as places become free, so memory stays flat. Closing the generator
    cancels what is still running and waits for its end.
    """

    async def work(item: _Item) -> _Result:
        return await fn(item)

    source = iter(items)
    running = {asyncio.create_task(work(item)): item for item in islice(source, limit)}
    try:
        while running:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                item = running.pop(task)
                for more in islice(source, 1):
                    running[asyncio.create_task(work(more))] = more
                yield item, _outcome(task)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _outcome(task: asyncio.Task[_Result]) -> _Result | BaseException:
    if task.cancelled():
        return asyncio.CancelledError()
    return task.exception() or task.result()


class BackgroundLoop:
    """An event loop on a thread of its own, started when first used and closed with `close` or `with`.

    Safe to use from several threads. What is entered with `at_close` is closed on the loop, last first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runner: asyncio.Runner | None = None
        self._thread: threading.Thread | None = None
        self._stack = AsyncExitStack()

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Runs the coroutine on the loop and returns its result; an interrupt cancels it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._started())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, source: AsyncIterator[_Item]) -> Generator[_Item]:
        """The items of an async iterator, one by one. Closing this generator closes the one behind it."""
        asking = asyncio.Lock()  # an interrupted step must have ended before the source can be closed

        async def following() -> tuple[_Item] | None:
            async with asking:
                try:
                    return (await anext(source),)
                except StopAsyncIteration:
                    return None

        async def closing() -> None:
            async with asking:
                if isinstance(source, AsyncGenerator):
                    await source.aclose()

        try:
            while item := self.run(following()):
                yield item[0]
        finally:
            self.run(closing())

    def at_close(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Has `callback` awaited on the loop when that is closed."""
        self._stack.push_async_callback(callback)

    def close(self) -> None:
        """Closes what was registered, then stops the loop. It may be used again afterwards."""
        if self._thread is None:
            return
        try:
            self.run(self._finish())
        finally:
            with self._lock:
                runner, thread = self._runner, self._thread
                self._runner = self._thread = None
            if runner and thread:
                runner.get_loop().call_soon_threadsafe(runner.get_loop().stop)
                thread.join()
                runner.close()

    async def _finish(self) -> None:
        """Ends what still runs, then closes what it ran on: a question that goes on would open a new session."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._stack.aclose()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._runner is None:
                self._runner = asyncio.Runner()
                loop = self._runner.get_loop()
                self._thread = threading.Thread(target=loop.run_forever, name="bcdata-loop", daemon=True)
                self._thread.start()
            return self._runner.get_loop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
