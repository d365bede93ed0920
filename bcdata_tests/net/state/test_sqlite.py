"""Budgets: never exceeded in any window, never dropped, whoever asks."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bcdata.net.state.sqlite as room
from bcdata.errors import StoreError, UsageError
from bcdata.net.budgets import Budget
from bcdata.net.state.sqlite import SqliteState
from bcdata_tests.net.state.clocks import BUDGET, DAY, Clock, book_all, worst_window

_RELEASED = """
CREATE TABLE tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, asked INTEGER NOT NULL,
    at INTEGER NOT NULL, weight INTEGER NOT NULL);
CREATE INDEX tickets_by_time ON tickets (name, at, weight);
CREATE TABLE limits (name TEXT PRIMARY KEY, weight INTEGER NOT NULL);
CREATE TABLE holds (host TEXT PRIMARY KEY, until INTEGER NOT NULL, banned INTEGER NOT NULL);
"""
"""The tables before there were calendar periods."""


ALLOWED = 40  # 80 % of 50
_WORKER = """
import asyncio, sys, time
from pathlib import Path
from bcdata.net.budgets import Budget
from bcdata.net.state.sqlite import SqliteState

async def main():
    budgets = SqliteState(Path(sys.argv[1]))
    async def one(weight):
        await budgets.try_acquire([(Budget("test", limit=50, seconds=0.5), weight)], patience=9)
        print("done", weight)
    await asyncio.gather(*(one(1 + number % 9) for number in range(18)))
    budgets.close()

asyncio.run(main())
"""
_LOG = """
CREATE TABLE log (at INTEGER, asked INTEGER, weight INTEGER);
CREATE TRIGGER logged AFTER DELETE ON tickets BEGIN INSERT INTO log VALUES (old.at, old.asked, old.weight); END;
CREATE VIEW everything AS SELECT * FROM log UNION ALL SELECT at, asked, weight FROM tickets;
"""


def test_three_processes_together_keep_the_budget_and_drop_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state" / "budgets.sqlite"
    budgets = SqliteState(path)
    assert budgets.held("host") is None  # makes the file
    budgets.close()
    with closing(sqlite3.connect(path)) as table:
        table.executescript(_LOG)
    command = [sys.executable, "-W", "error", "-c", _WORKER, str(path)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [worker.communicate()[0].splitlines() for worker in workers]
    with closing(sqlite3.connect(path)) as table:
        # What was granted is stamped with the instant at which it was: asked = at.
        rows = table.execute("SELECT at, weight FROM everything WHERE at = asked").fetchall()
    assert [sorted(lines) for lines in outputs] == [sorted(f"done {1 + number % 9}" for number in range(18))] * 3
    assert len(rows) == 54
    assert worst_window([(at / 1_000_000, weight) for at, weight in rows], 0.5) <= ALLOWED


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.integers(1, 20), min_size=1, max_size=40),
    late=st.lists(st.integers(0, 900_000), min_size=40, max_size=40),
    foreign=st.lists(st.integers(0, 30), min_size=40, max_size=40),
)
def test_late_wakers_and_foreign_weight_do_not_break_it(
    weights: list[int], late: list[int], foreign: list[int]
) -> None:
    """Everybody wakes late by some while; time is simulated, the transactions are real."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_now", clock)
        budgets = SqliteState(Path(":memory:"), share=1.0)
        budget = Budget("simulated", limit=20, seconds=1.0)
        granted: list[tuple[float, int]] = []
        waiting: list[tuple[int, int, tuple[int, ...]]] = [(clock.now, weight, ()) for weight in weights]
        rounds = 0
        while waiting:
            waiting.sort(key=lambda one: one[0])
            due, weight, ticket = waiting.pop(0)
            clock.now = max(clock.now, due)
            if rounds < len(foreign):
                budgets._observe(budget, foreign[rounds])
            booked = budgets._book([(budget, weight)], ticket)
            if booked.wait == 0:
                granted.append((clock.now / 1_000_000, weight))
            else:
                waiting.append((clock.now + booked.wait + late[rounds % 40], weight, booked.tickets))
            rounds += 1
            assert rounds < 4000  # nobody starves
        budgets.close()
    assert len(granted) == len(weights)
    assert worst_window(granted, 1.0) <= 20


def test_who_asks_first_goes_first(tmp_path: Path) -> None:
    budgets = SqliteState(tmp_path / "budgets.sqlite")
    budget = replace(BUDGET, seconds=60)
    waits = [budgets._book([(budget, weight)], ()).wait for weight in (40, 40, 1, 1)]
    budgets.close()
    assert waits[0] == 0
    assert 0 < waits[1] <= waits[2] + 5_000_000
    assert waits[2] == pytest.approx(waits[3], abs=5_000_000)


def test_giving_up_gives_the_place_back(tmp_path: Path) -> None:
    async def run() -> float:
        budgets = SqliteState(tmp_path / "budgets.sqlite")
        await budgets.try_acquire([(BUDGET, 40)], patience=9)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(budgets.try_acquire([(BUDGET, 40)], patience=9), 0.1)
        began = time.monotonic()
        await budgets.try_acquire([(BUDGET, 40)], patience=9)
        budgets.close()
        return time.monotonic() - began

    assert asyncio.run(run()) < 0.9  # half a second after the first one, not a whole one


def test_a_weight_above_the_whole_budget_is_an_error_at_once(tmp_path: Path) -> None:
    budgets = SqliteState(tmp_path / "budgets.sqlite")
    with pytest.raises(UsageError, match="BCDATA_HTTP_BUDGET_SHARE"):
        asyncio.run(budgets.try_acquire([(BUDGET, 41)], patience=9))
    budgets.close()


def test_the_stated_limit_holds_for_all_processes(tmp_path: Path) -> None:
    one, other = SqliteState(tmp_path / "b.sqlite"), SqliteState(tmp_path / "b.sqlite")
    asyncio.run(one.learn(BUDGET, 30))
    with pytest.raises(UsageError, match="whole budget of 24"):
        asyncio.run(other.try_acquire([(BUDGET, 25)], patience=9))
    asyncio.run(one.learn(BUDGET, 0))  # nonsense is not believed
    asyncio.run(other.try_acquire([(BUDGET, 24)], patience=9))
    one.close()
    other.close()


def test_a_server_that_claims_any_number_blocks_for_one_window_only(tmp_path: Path) -> None:
    budgets, budget = SqliteState(tmp_path / "budgets.sqlite"), replace(BUDGET, seconds=60)
    asyncio.run(budgets.observe(budget, 10**15))
    assert budgets._book([(budget, 1)], ()).wait == pytest.approx(60_000_000, abs=5_000_000)
    budgets.close()


def test_a_clock_that_was_set_back_does_not_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budgets = SqliteState(tmp_path / "budgets.sqlite")
    with monkeypatch.context() as patch:
        patch.setattr(room, "_now", lambda: time.time_ns() // 1000 + 3_600_000_000)
        book_all(budgets, [40, 40, 40])
    assert book_all(budgets, [40]) == [0]
    budgets.close()


def test_holds_are_seen_by_others_and_the_longer_one_stands(tmp_path: Path) -> None:
    one, other = SqliteState(tmp_path / "b.sqlite"), SqliteState(tmp_path / "b.sqlite")
    assert other.held("host") is None
    asyncio.run(one.hold("host", 100, "banned"))
    asyncio.run(one.hold("host", 5, "slow"))
    held = other.held("host")
    assert held is not None
    assert held.kind == "banned"
    assert held.seconds == pytest.approx(100, abs=2)
    asyncio.run(one.hold("liar", 10**12, "banned"))
    liar = other.held("liar")
    assert liar is not None
    assert liar.seconds <= 3 * 86_400
    assert other.held("another") is None
    one.close()
    other.close()


def test_a_place_that_cannot_be_used_is_a_clear_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    began = time.monotonic()
    with pytest.raises(StoreError, match="cannot use"):
        asyncio.run(SqliteState(tmp_path / "file" / "budgets.sqlite").try_acquire([(BUDGET, 1)], patience=9))
    assert time.monotonic() - began < 5


def test_many_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from bcdata.net.state.sqlite import SqliteState;"
    code += "sys.stdin.read(1); print(SqliteState(Path(sys.argv[1])).held('host'))"
    command = [sys.executable, "-c", code, str(tmp_path / "b.sqlite")]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for worker in workers:  # they wait for this, so that all are at the same point
        assert worker.stdin is not None
        worker.stdin.write("x")
        worker.stdin.flush()
    assert [worker.communicate()[0] for worker in workers] == ["None\n"] * 4


def test_a_file_of_the_release_before_goes_on(tmp_path: Path) -> None:
    path, now = tmp_path / "b.sqlite", time.time_ns() // 1000
    with closing(sqlite3.connect(path)) as table, table:
        table.executescript(_RELEASED)
        table.execute("INSERT INTO tickets (name, asked, at, weight) VALUES ('test', ?, ?, 35)", (now, now))
        table.execute("INSERT INTO holds VALUES ('host', ?, 1)", (now + 60_000_000,))
    budgets = SqliteState(path)
    assert budgets._book([(BUDGET, 5), (DAY, 1)], ()).wait == 0
    assert book_all(budgets, [1])[0] > 0
    held = budgets.held("host")
    assert held is not None
    assert held.kind == "banned"
    budgets.close()
