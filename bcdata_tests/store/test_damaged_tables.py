"""Damaged side tables never stop work: they are set aside, the log says so, and new ones are begun."""

import logging
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bcdata.net.budgets import Budget
from bcdata.net.sqlite_budgets import SqliteBudgets
from bcdata.store.objects import STATE
from bcdata.store.state.attempts import Attempts, Refilled
from bcdata.store.state.outbox import Notice, Outbox
from bcdata.store.state.requests import Requests

NOW = datetime(2025, 3, 1, tzinfo=UTC)
BUDGET = Budget("test", limit=100, seconds=60)


def use_attempts(root: Path) -> None:
    table = Attempts(root)
    table.note([f"key{at}" for at in range(500)], NOW, "detail" * 20)
    table.note_refill("d", "S", "2025-01", NOW, Refilled.EMPTY)
    assert table.last("key7") == NOW
    assert table.refills("d")["S", "2025-01"].outcome is Refilled.EMPTY


def use_requests(root: Path) -> None:
    table = Requests(root)
    table.note("refill", "d", {(f"S{at}", "2025-01"): "cause" * 20 for at in range(500)}, NOW)
    assert table.of("refill", "d")["S7", "2025-01"].at == NOW
    table.forget("refill", "d", [("S7", "2025-01")])


def use_outbox(root: Path) -> None:
    table = Outbox(root)
    table.note([Notice(f"fact{at}", f"key{at}", "title", "text" * 20) for at in range(500)], ["mail"], NOW)
    table.due("mail", NOW, timedelta(hours=1))
    table.failed("mail", NOW)


def use_budgets(root: Path) -> None:
    budgets = SqliteBudgets(root / STATE / "budgets.sqlite")
    try:
        budgets._book(BUDGET, 1, None)
        budgets._learn(BUDGET, 90)
        budgets._hold("host", 1, banned=False)
        assert budgets.held("host")
    finally:
        budgets.close()


TABLES: dict[str, Callable[[Path], None]] = {
    "attempts.sqlite": use_attempts,
    "requests.sqlite": use_requests,
    "alerts.sqlite": use_outbox,
    "budgets.sqlite": use_budgets,
}


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)


def other_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as table, table:
        for name in ("attempts", "refills", "requests", "facts", "messages", "channels", "tickets", "limits", "holds"):
            table.execute(f"CREATE TABLE {name} (something TEXT)")


def zeros_in_the_middle(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[100 : len(body)] = bytes(len(body) - 100)
    path.write_bytes(body)


def scrambled(path: Path) -> None:
    body, chance = bytearray(path.read_bytes()), random.Random(7)
    for at in range(100, len(body), 3):
        body[at] = chance.randrange(256)
    path.write_bytes(body)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize("damage", [garbage, other_program, zeros_in_the_middle, scrambled, cut])
@pytest.mark.parametrize("name", TABLES)
def test_work_goes_on_with_a_new_table(
    name: str, damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    TABLES[name](tmp_path)
    path = tmp_path / STATE / name
    with closing(sqlite3.connect(path)) as table:
        table.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for part in ("-wal", "-shm"):
        path.with_name(name + part).unlink(missing_ok=True)
    damage(path)
    with caplog.at_level(logging.WARNING, "bcdata"):
        TABLES[name](tmp_path)
    assert any("is set aside" in record.getMessage() for record in caplog.records)
    assert list(path.parent.glob(f"{name}.damaged-*"))
    with closing(sqlite3.connect(path)) as table:
        assert table.execute("PRAGMA integrity_check").fetchone() == ("ok",)
