"""Work that Ctrl-C ends: while DuckDB computes, it listens to nobody but another thread."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
_PAUSE = 0.05
"""Seconds. With polars a signal is handled only once a wait has ended, so waits are short."""
_INTERRUPTED = "Query interrupted"


def interruptible(context: Callable[[], T], stop: Callable[[], None]) -> T:
    """The work's result. It is done in a thread of its own; Ctrl-C calls `stop` until that has ended, then goes on."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(context)
        try:
            while not wait([future], _PAUSE).done:
                pass
        except KeyboardInterrupt:
            while not future.done():  # once is not enough: the statement may not have begun yet
                stop()
                time.sleep(_PAUSE)
            raise
        return future.result()


@contextmanager
def as_keyboard_interrupt() -> Iterator[None]:
    """Turns DuckDB's own answer to a Ctrl-C in the main thread, a RuntimeError, into what Python raises elsewhere."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != _INTERRUPTED:
            raise
        raise KeyboardInterrupt from None
