"""The background loop: results, errors and interrupts cross threads; nothing is left running."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.net.loop import BackgroundLoop, bounded_map


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 6))
def test_every_item_comes_back_once_and_never_more_than_the_limit_run(items: list[int], limit: int) -> None:
    running = most = 0

    async def work(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(item / 10_000)
        running -= 1
        if item == 3:
            raise ValueError(item)
        return item * 2

    async def run() -> list[tuple[int, int | BaseException]]:
        return [pair async for pair in bounded_map(work, items, limit)]

    pairs = asyncio.run(run())
    assert sorted(item for item, _ in pairs) == sorted(items)
    assert all(isinstance(result, ValueError) if item == 3 else result == item * 2 for item, result in pairs)
    assert most <= limit


def test_items_are_taken_only_as_places_become_free() -> None:
    taken = 0

    def source() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    async def work(item: int) -> int:
        return item

    async def run() -> list[int]:
        ahead = []
        done = 0
        async for _ in bounded_map(work, source(), 4):
            done += 1
            ahead.append(taken - done)
        return ahead

    assert max(asyncio.run(run())) <= 4


def test_closing_early_cancels_what_runs() -> None:
    ended: list[str] = []

    async def work(item: int) -> int:
        try:
            await asyncio.sleep(item)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return item

    with BackgroundLoop() as loop:
        for _, result in loop.iterate(bounded_map(work, [0, 60, 60], 3)):
            assert result == 0
            break
    assert ended == ["cancelled", "cancelled"]


def test_the_stream_goes_on_while_an_item_is_looked_at() -> None:
    busy = threading.Event()

    async def work(item: int) -> int:
        if item == 2:
            busy.set()
        return item

    with BackgroundLoop() as loop:
        stream = loop.iterate(bounded_map(work, range(3), 2))
        next(stream)
        assert busy.wait(5)
        stream.close()


def test_results_and_errors_come_through() -> None:
    async def good() -> int:
        return 1

    async def bad() -> int:
        raise KeyError("x")

    async def source() -> AsyncIterator[int]:
        yield 1
        raise KeyError("y")

    with BackgroundLoop() as loop:
        assert loop.run(good()) == 1
        with pytest.raises(KeyError, match="x"):
            loop.run(bad())
        stream = loop.iterate(source())
        assert next(stream) == 1
        with pytest.raises(KeyError, match="y"):
            next(stream)


def test_closing_runs_callbacks_on_the_loop_last_first_and_stops_the_thread() -> None:
    order: list[object] = []

    def callback(name: str) -> None:
        async def run() -> None:
            order.append((name, threading.current_thread().name))

        loop.at_close(run)

    before = threading.active_count()
    loop = BackgroundLoop()
    loop.run(asyncio.sleep(0))
    callback("first")
    callback("second")
    loop.close()
    loop.close()
    assert order == [("second", "bcdata-loop"), ("first", "bcdata-loop")]
    assert threading.active_count() == before
    loop.run(asyncio.sleep(0))  # it may be used again
    loop.close()


def test_a_loop_that_was_never_used_closes() -> None:
    before = threading.active_count()
    with BackgroundLoop():
        assert threading.active_count() == before


def test_an_interrupt_cancels_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def slow() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def interrupted(*_: object) -> None:
        assert started.wait(5)
        raise KeyboardInterrupt

    with BackgroundLoop() as loop:
        with monkeypatch.context() as patch:
            patch.setattr(Future, "result", interrupted)
            with pytest.raises(KeyboardInterrupt):
                loop.run(slow())
        assert cancelled.wait(5)


def test_what_still_runs_at_close_is_cancelled() -> None:
    ended = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def start() -> None:
        tasks.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    with BackgroundLoop() as loop:
        loop.run(start())
    assert ended.is_set()
    assert tasks[0].cancelled()


def test_what_still_runs_has_ended_before_anything_is_closed() -> None:
    told: list[str] = []

    async def asks() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)  # a question takes a moment to end
            told.append("ended")

    async def start() -> None:
        tasks.append(asyncio.create_task(asks()))
        await asyncio.sleep(0)

    async def close() -> None:
        told.append("closed")

    tasks: list[asyncio.Task[None]] = []
    with BackgroundLoop() as loop:
        loop.at_close(close)
        loop.run(start())
    assert told == ["ended", "closed"]
