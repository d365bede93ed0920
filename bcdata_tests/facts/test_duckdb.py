"""What bcdata relies on in DuckDB."""

import signal
import threading

import duckdb
import pytest

from bcdata.sql.interrupt import as_keyboard_interrupt

SHORT = "SELECT count(*) FROM range(3000000) t(i) WHERE hash(i) = 1"
"""While it computes, Python handles no signals; afterwards DuckDB raises an error of its own."""


@as_keyboard_interrupt()
def for_ever(connection: duckdb.DuckDBPyConnection) -> None:
    while True:
        connection.execute(SHORT).fetchall()


def test_a_ctrl_c_while_the_main_thread_waits_for_it_is_a_keyboard_interrupt() -> None:
    with duckdb.connect(":memory:") as connection:
        for after in (0.05, 0.1, 0.15):
            timer = threading.Timer(after, signal.raise_signal, [signal.SIGINT])
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                for_ever(connection)
            timer.join()


def test_its_words_are_those_that_are_looked_for() -> None:
    with pytest.raises(KeyboardInterrupt), as_keyboard_interrupt():
        raise RuntimeError("Query interrupted")  # as a Ctrl-C at a long statement was seen to end


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="of its own"), as_keyboard_interrupt():
        raise RuntimeError("an error of its own")
