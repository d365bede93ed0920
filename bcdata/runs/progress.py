"""Who wants to hear of outcomes while they come: the terminal, in the process that runs the work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.zones import Step

Listener = Callable[[Step, Outcome], None]
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Calls the listener with every outcome of this process while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(step: Step, outcome: Outcome) -> None:
    """Passes an outcome on to whoever listens."""
    for listener in _listeners:
        listener(step, outcome)
