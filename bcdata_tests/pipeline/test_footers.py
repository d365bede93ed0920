"""What footers say is remembered as long as the files are the same, and no longer."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from bcdata.frames.schema import LEDGER
from bcdata.pipeline.records import footer_cache as footers_module
from bcdata.pipeline.records.footer_cache import open_footer_cache
from bcdata.pipeline.zones import Step, Zone
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.run import utc

D = "spot_klines_1m"
OLD = time.time() - 3600


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(footers_module, "_RACY_NS", 0)  # nobody waits here until files are old
    return Store(tmp_path / "lake")


def flipped(path: Path) -> None:
    """Another bit in the middle."""
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def publish(store: Store, date: str, *, status: str = "open", fingerprint: str = "f1") -> Path:
    start = utc(f"{date}-02")
    rows = pl.DataFrame([(start, start, 1, status, "")], schema=LEDGER, orient="row")
    for zone in ("gaps", "merged"):
        one = Partition(zone, D, "AAAUSDT", date)
        store.publish(one, rows, fingerprint=fingerprint, rules="1", record={"funding": ["x"], "other": 1})
        os.utime(store.root / one.key(), (OLD, OLD))
    return store.root / Partition("gaps", D, "AAAUSDT", date).key()


def told(store: Store) -> dict[str, list[str]]:
    with open_footer_cache(store) as footers:
        return {date: [row[3] for row in rows] for date, rows in footers.ledgers(D, "AAAUSDT").items()}


def test_ledgers_and_inputs_are_told_by_date(store: Store) -> None:
    publish(store, "2025-01")
    publish(store, "2025-02", status="upstream")
    assert told(store) == {"2025-01": ["open"], "2025-02": ["upstream"]}
    with open_footer_cache(store) as footers:
        step = Step(Zone.MERGED, D)
        assert footers.made_of(step, "AAAUSDT")["2025-01"] == {"fingerprint": "f1", "funding": ["x"]}
        assert list(footers.made_of(step, "AAAUSDT", "2025-02")) == ["2025-02"]
        assert footers.trusted(D, "AAAUSDT") == {"2025-01": "f1", "2025-02": "f1"}


def test_nothing_is_read_twice_that_is_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(store, "2025-01")
    before = told(store)
    monkeypatch.setattr(pl, "scan_parquet", None)
    assert told(store) == before


def test_what_was_replaced_or_removed_is_seen(store: Store) -> None:
    publish(store, "2025-01")
    publish(store, "2025-02")
    told(store)
    publish(store, "2025-01", status="quarantined")
    publish(store, "2025-02").unlink()
    assert told(store) == {"2025-01": ["quarantined"]}


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_seen(store: Store) -> None:
    """As after a copy or a restore that keeps times."""
    path = publish(store, "2025-01", status="open")
    assert told(store) == {"2025-01": ["open"]}
    size = path.stat().st_size
    publish(store, "2025-01", status="nope")
    assert (path.stat().st_size, path.stat().st_mtime) == (size, OLD)
    assert told(store) == {"2025-01": ["nope"]}


def test_a_file_changed_where_it_lies_is_told_of_no_more(store: Store) -> None:
    path = publish(store, "2025-01")
    publish(store, "2025-02")
    assert set(told(store)) == {"2025-01", "2025-02"}
    flipped(path)
    os.utime(path, (OLD, OLD))
    assert set(told(store)) == {"2025-02"}


def test_a_damaged_file_hides_no_other(store: Store) -> None:
    publish(store, "2025-01")
    publish(store, "2025-02").write_bytes(b"PAR1 no more")
    assert told(store) == {"2025-01": ["open"]}


def test_bars_without_their_ledger_are_not_trusted(store: Store) -> None:
    publish(store, "2025-01")
    bars = Partition("merged", D, "AAAUSDT", "2025-01")
    store.publish(bars, pl.DataFrame({"a": [1]}), fingerprint="f2", rules="1", record={})
    with open_footer_cache(store) as footers:
        assert footers.trusted(D, "AAAUSDT") == {}


def test_losing_the_memory_loses_nothing_and_none_is_made_where_there_is_no_lake(store: Store) -> None:
    assert told(store) == {}
    assert not store.root.exists()
    publish(store, "2025-01")
    before = told(store)
    (store.root / ".state" / "footers.sqlite").unlink()
    assert told(store) == before
    (store.root / ".state" / "footers.sqlite").write_bytes(b"no database at all" * 100)
    assert told(store) == before


def test_a_memory_that_is_damaged_inside_is_set_aside_and_made_anew(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    for month in range(1, 13):
        publish(store, f"2025-{month:02}")
    before = told(store)
    path = store.root / ".state" / "footers.sqlite"
    body = bytearray(path.read_bytes())
    body[4096:] = b"\xff" * (len(body) - 4096)
    path.write_bytes(body)
    assert told(store) == before
    assert caplog.text.count("is set aside") == 1
    assert told(store) == before
    assert list(path.parent.glob("footers.sqlite.damaged-*"))


def test_the_memory_of_an_earlier_release_is_replaced(store: Store) -> None:
    publish(store, "2025-01")
    path = store.root / ".state" / "footers.sqlite"
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as table, table:
        table.execute("CREATE TABLE footers (kind TEXT, key TEXT, size INTEGER, modified INTEGER, facts TEXT)")
    assert told(store) == {"2025-01": ["open"]}
