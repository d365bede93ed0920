"""What bcdata relies on in DuckDB."""

import signal
import threading

import duckdb
import pytest

from bcdata.sql.interrupt import as_keyboard_interrupt

LONG = "SELECT count(*) FROM range(3000000000) t(i) WHERE hash(i) = 1"


def interrupted() -> None:
    """A statement of many seconds in the main thread, to which a Ctrl-C comes soon."""
    with duckdb.connect(":memory:") as connection:
        threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
        connection.execute(LONG)


def test_a_ctrl_c_while_the_main_thread_waits_for_it_is_an_error_of_its_own() -> None:
    with pytest.raises(RuntimeError, match=r"^Query interrupted$"):
        interrupted()


def test_it_is_a_keyboard_interrupt_to_bcdata() -> None:
    with pytest.raises(KeyboardInterrupt), as_keyboard_interrupt():
        interrupted()


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="of its own"), as_keyboard_interrupt():
        raise RuntimeError("an error of its own")
