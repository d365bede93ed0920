"""A Ctrl-C that Dagster forgets is known all the same."""

import os
import signal
import threading
from contextlib import suppress

import pytest
from dagster._utils.interrupts import capture_interrupts

from bcdata.dagster.interrupts import noticed


def test_what_dagster_holds_back_and_forgets_is_noticed() -> None:
    with noticed() as is_told_to_end:
        assert not is_told_to_end()
        with capture_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
        assert is_told_to_end()


def test_other_signals_are_none() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with noticed() as is_told_to_end:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not is_told_to_end()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_what_python_listens_with_is_as_before() -> None:
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    before = signal.set_wakeup_fd(theirs)
    try:
        with suppress(KeyError), noticed():
            raise KeyError
        assert signal.set_wakeup_fd(theirs) == theirs
    finally:
        signal.set_wakeup_fd(before)
        os.close(ours)
        os.close(theirs)


def test_a_thread_gets_no_signals() -> None:
    found: list[bool] = []

    def look() -> None:
        with noticed() as is_told_to_end:
            found.append(is_told_to_end())

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [False]


def test_an_interrupt_is_raised_where_nobody_holds_it_back() -> None:
    with noticed() as is_told_to_end:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert is_told_to_end()
