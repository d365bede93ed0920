"""Who wants to hear of a run's progress while it comes: the terminal, in the process that runs the work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.zones import Step


class Listener(Protocol):
    """Hears of what happens in a run, from whatever thread it happens in."""

    def fetched(self, step: Step, size: int) -> None:
        """An object or page of so many bytes is there."""

    def ended(self, step: Step, outcome: Outcome) -> None:
        """A partition has come to its end."""


_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tells the listener of all that happens in this process while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell_fetched(step: Step, size: int) -> None:
    """Passes on that something of an asset was fetched."""
    for listener in _listeners:
        listener.fetched(step, size)


def tell(step: Step, outcome: Outcome) -> None:
    """Passes an outcome on to whoever listens."""
    for listener in _listeners:
        listener.ended(step, outcome)
