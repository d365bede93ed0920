"""Damaged side tables never stop work: they are set aside, the log says so, and new ones are begun."""

import asyncio
import logging
import os
import random
import resource
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bcdata.errors import StoreError
from bcdata.net.budgets import Budget
from bcdata.net.state.breakers import Breaker
from bcdata.net.state.sqlite import SqliteState
from bcdata.store.objects import STATE, ObjectInfo
from bcdata.store.state.attempts import Attempts, Refilled
from bcdata.store.state.outbox import Notice, Outbox
from bcdata.store.state.remembered import FactMemory
from bcdata.store.state.requests import Requests
from bcdata.store.state.verified import DigestMemory

NOW = datetime(2025, 3, 1, tzinfo=UTC)
BUDGET = Budget("test", limit=100, seconds=60)
DAILY = Budget("daily", limit=100, period="day")


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
    budgets = SqliteState(root / STATE / "budgets.sqlite")
    try:
        budgets._book([(BUDGET, 1), (DAILY, 1)], ())
        budgets._learn(BUDGET, 90)
        budgets._hold("host", 1, "slow")
        assert budgets.held("host")
        asyncio.run(budgets.went("host", Breaker(1, 60), answered=False))
        assert not asyncio.run(budgets.may_ask("host", Breaker(1, 60)))
        budgets.record({("provider", 3): 1})
    finally:
        budgets.close()


def use_verified(root: Path) -> None:
    infos = [ObjectInfo(f"raw/d/symbol=S/date={at}/part", 1, 2, 3, 4) for at in range(500)]
    written = DigestMemory(root, lambda: None)
    for info in infos:
        written.note(info, "digest" * 10)
    written.save()
    read = DigestMemory(root, lambda: None)
    assert all(read.digest(info) == "digest" * 10 for info in infos)


def use_footers(root: Path) -> None:
    infos = [ObjectInfo(f"gaps/d/symbol=S/date={at}/part", 1, 2, 3, 4) for at in range(500)]
    with closing(FactMemory(root / STATE / "footers.sqlite")) as memory:
        memory.known("rows", "gaps/d/symbol=S/")
        memory.keep("rows", {info: ["fact" * 10] for info in infos})
        known = memory.known("rows", "gaps/d/symbol=S/")
        assert [known[info.key] for info in infos] == [(info, ["fact" * 10]) for info in infos]


TABLES: dict[str, Callable[[Path], None]] = {
    "attempts.sqlite": use_attempts,
    "requests.sqlite": use_requests,
    "alerts.sqlite": use_outbox,
    "budgets.sqlite": use_budgets,
    "verified.sqlite": use_verified,
    "footers.sqlite": use_footers,
}


NAMES = (
    "attempts", "refills", "requests", "facts", "messages", "channels", "tickets", "limits", "holds", "spent",
    "breakers", "outcomes", "verified",
)  # fmt: skip


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)


def other_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as table, table:
        for name in NAMES:
            table.execute(f"CREATE TABLE {name} (something TEXT)")


def views(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as table, table:
        for name in NAMES:
            table.execute(f"CREATE VIEW {name} AS SELECT 1 AS key")


def folder(path: Path) -> None:
    path.unlink()
    (path / "something").mkdir(parents=True)


def link_to_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("no/such/file")


def folder_for_the_journal(path: Path) -> None:
    for part in ("-journal", "-wal"):
        path.with_name(path.name + part).mkdir()


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


DAMAGES = [
    garbage, other_program, zeros_in_the_middle, scrambled, cut, views, folder, link_to_nowhere, folder_for_the_journal,
]  # fmt: skip


@pytest.mark.one_in(4, slow=2)
@pytest.mark.parametrize("damage", DAMAGES)
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


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("attempts.sqlite", "UPDATE attempts SET at = 'soon'"),
        ("attempts.sqlite", "UPDATE attempts SET at = '2025-03-01T00:00:00'"),
        ("attempts.sqlite", "UPDATE attempts SET at = CAST(x'ff32' AS TEXT)"),
        ("attempts.sqlite", "UPDATE refills SET outcome = 'nonsense'"),
        ("attempts.sqlite", "UPDATE refills SET answered = 'many'"),
        ("requests.sqlite", "UPDATE requests SET at = 7"),
        ("alerts.sqlite", "UPDATE messages SET since = x'00'"),
    ],
)
def test_a_value_that_was_never_written_is_damage(
    name: str, change: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    TABLES[name](tmp_path)
    with closing(sqlite3.connect(tmp_path / STATE / name)) as table, table:
        table.execute("DELETE FROM channels") if name == "alerts.sqlite" else None
        table.execute(change)
    reads: dict[str, Callable[[], object]] = {
        "attempts.sqlite": lambda: (Attempts(tmp_path).last("key7"), Attempts(tmp_path).refills("d")),
        "requests.sqlite": lambda: Requests(tmp_path).of("refill", "d"),
        "alerts.sqlite": lambda: Outbox(tmp_path).due("mail", NOW, timedelta(hours=1)),
    }
    reads[name]()
    assert "is set aside" in caplog.text


def test_facts_whose_bits_flipped_are_read_anew(tmp_path: Path) -> None:
    use_footers(tmp_path)
    with closing(sqlite3.connect(tmp_path / STATE / "footers.sqlite")) as table, table:
        table.execute("UPDATE facts SET facts = replace(facts, 'fact', 'lies')")
    with closing(FactMemory(tmp_path / STATE / "footers.sqlite")) as memory:
        assert memory.known("rows", "gaps/d/symbol=S/") == {}


@pytest.mark.parametrize("name", [one for one in TABLES if one != "footers.sqlite"])
@pytest.mark.parametrize("left", [0, 1])
def test_too_many_open_files_are_named_and_no_other_remedy(name: str, left: int, tmp_path: Path) -> None:
    TABLES[name](tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = os.open(os.devnull, os.O_RDONLY)
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1] + 1, hard))
        for one in taken[20 - left :]:
            os.close(one)
        with pytest.raises(StoreError, match=r"too many files are open; raise `ulimit -n`[^;]*$"):
            TABLES[name](tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for one in [highest, *taken[: 20 - left]]:
            os.close(one)
