"""Who wants to hear of a run's progress while it comes: the terminal, in the process that runs the work."""

import logging
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


_log = logging.getLogger(__name__)
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
    _log.debug("%s: %d bytes fetched", "/".join(step.key), size)
    for listener in _listeners:
        listener.fetched(step, size)


def tell(step: Step, outcome: Outcome) -> None:
    """Passes an outcome on to whoever listens."""
    asset, rows = "/".join(step.key), outcome.verdict.rows
    _log.info("%s %s %s: %s, %d rows", asset, outcome.partition.symbol, outcome.partition.date, outcome.state, rows)
    for listener in _listeners:
        listener.ended(step, outcome)
