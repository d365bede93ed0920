"""What bcdata relies on in DuckDB."""

import signal
import threading

import duckdb
import pytest

from bcdata.sql.interrupt import as_keyboard_interrupt

ENDLESS = "SELECT count(*) FROM range(100000) a, range(100000) b WHERE hash(a.range + b.range) = 1"


def test_a_ctrl_c_while_the_main_thread_waits_for_it_is_a_keyboard_interrupt() -> None:
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    with duckdb.connect(":memory:") as connection:
        timer.start()
        with pytest.raises(KeyboardInterrupt), as_keyboard_interrupt():
            connection.execute(ENDLESS).fetchall()
    timer.join()


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="of its own"), as_keyboard_interrupt():
        raise RuntimeError("an error of its own")
