"""Ctrl-C during a run in this process: Dagster turns it into a failure, or, after its last look, into nothing."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import dagster as dg

_AS_ERRORS = {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}
_MOST_SIGNALS = 4096


@contextmanager
def noticed() -> Iterator[Callable[[], bool]]:
    """Tells whether SIGINT came meanwhile, whoever handled it.

    Dagster holds signals back while it works, looks at them between steps, and forgets what comes after its last look.
    The interpreter writes their numbers to a pipe all the same. Only the main thread gets signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    ours, theirs = os.pipe()
    for end in (ours, theirs):
        os.set_blocking(end, False)
    before = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    try:
        yield lambda: _has_interrupt(ours)
    finally:
        signal.set_wakeup_fd(before)
        os.close(ours)
        os.close(theirs)


def is_interrupted(events: Iterable[dg.DagsterEvent]) -> bool:
    """Whether Dagster turned a Ctrl-C into an error of the step that it came in, or of the run between two of them."""
    return any(_is_interrupt(event) for event in events)


def _has_interrupt(pipe: int) -> bool:
    try:
        return signal.SIGINT in os.read(pipe, _MOST_SIGNALS)
    except BlockingIOError:  # no signal came
        return False


def _is_interrupt(event: dg.DagsterEvent) -> bool:
    if event.is_step_failure:
        error = event.step_failure_data.error
    elif event.is_job_failure:
        error = event.job_failure_data.error
    else:
        return False
    return error is not None and error.cls_name in _AS_ERRORS
