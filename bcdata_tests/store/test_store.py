"""Publishing: same input, same bytes; what is damaged counts as absent; quarantine comes and goes."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.errors import StoreError
from bcdata.pipeline.lake import trusted
from bcdata.store import quarantine
from bcdata.store.footer import Rows
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Attempts
from bcdata.store.store import Store
from bcdata_tests.make import bars, opens

MERGED = Partition("merged", "spot_klines_1m", "BTCUSDT", "2023-03")
PARSED = Partition("parsed", "spot_klines_1m", "BTCUSDT", "2023-03", "binance_archive")
FRAME = bars(opens(100))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def put(store: Store, partition: Partition = MERGED, fingerprint: str = "f1") -> bytes:
    store.publish(partition, FRAME, fingerprint=fingerprint, rules="1", record={"b": 1, "a": "ä"})
    return (store.root / partition.key()).read_bytes()


def test_the_same_input_gives_the_same_bytes(store: Store) -> None:
    assert put(store) == put(store)
    assert put(store, fingerprint="f2") != put(store)


def test_what_is_published_reads_back(store: Store) -> None:
    put(store)
    frame = store.read(MERGED)
    assert frame is not None
    assert frame.equals(FRAME)
    found = store.published(MERGED)
    assert found is not None
    assert (found.fingerprint, found.record) == ("f1", {"a": "ä", "b": 1})
    assert list(store.partitions("merged", "spot_klines_1m")) == [MERGED]


def test_other_tools_read_it_as_it_stands(store: Store) -> None:
    put(store)
    frame = pl.read_parquet(store.root / "merged" / "spot_klines_1m")
    assert frame.select("symbol", "date").unique().rows() == [("BTCUSDT", "2023-03")]


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"no parquet at all", None])
def test_a_damaged_file_is_not_published_and_says_so_when_read(store: Store, damage: bytes | None) -> None:
    whole = put(store)
    (store.root / MERGED.key()).write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert store.published(MERGED) is None
    with pytest.raises(StoreError, match="is damaged"):
        store.read(MERGED)


def test_a_foreign_parquet_file_is_not_published(store: Store) -> None:
    path = store.root / MERGED.key()
    path.parent.mkdir(parents=True)
    FRAME.write_parquet(path)
    assert store.published(MERGED) is None


def put_both(store: Store, fingerprint: str) -> dict[Partition, bytes]:
    both = [Rows(MERGED.in_zone("gaps"), FRAME.head(1), {}), Rows(MERGED, FRAME, {})]
    store.publish_together(both, fingerprint=fingerprint, rules="1")
    return {one.partition: (store.root / one.partition.key()).read_bytes() for one in both}


def test_bars_are_trusted_only_with_a_ledger_of_the_same_publication(store: Store) -> None:
    put(store)
    with pytest.raises(StoreError, match=r"gaps/.* is missing; repair it with: bcdata materialize --dataset"):
        trusted(store, MERGED)  # its ledger is put before it
    older = put_both(store, "f1")
    assert trusted(store, MERGED) == "f1"
    put_both(store, "f2")
    assert trusted(store, MERGED) == "f2"
    for place in older:  # as a process that is killed between the two puts leaves them, and as it never would
        newer = (store.root / place.key()).read_bytes()
        (store.root / place.key()).write_bytes(older[place])
        assert trusted(store, MERGED) is None
        assert store.read(place) is not None, "each alone is whole"
        (store.root / place.key()).write_bytes(newer)
        assert trusted(store, MERGED) == "f2"


def test_another_partitions_file_is_not_taken_for_this_ones(store: Store) -> None:
    """Swapped months, or a file copied over another: sound Parquet, with the right columns."""
    other = Partition("merged", "spot_klines_1m", "BTCUSDT", "2023-04")
    bodies = {place: put(store, place, place.date) for place in (MERGED, other)}
    for place, body in zip(bodies, reversed(bodies.values()), strict=True):
        (store.root / place.key()).write_bytes(body)
    for place in bodies:
        assert store.published(place) is None
        with pytest.raises(StoreError, match=f"{place.key()} is damaged: .*; materialize it again"):
            store.read(place)


@pytest.mark.parametrize("columns", [None, ["open_time", "close"]])
def test_a_flipped_bit_is_never_read(store: Store, columns: list[str] | None) -> None:
    whole = put(store)
    sound = store.read(MERGED, columns)
    chance = random.Random(11)
    for _ in range(200):
        body = bytearray(whole)
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        (store.root / MERGED.key()).write_bytes(body)
        assert store.damage(MERGED)
        try:
            found = store.read(MERGED, columns)
        except StoreError:
            continue
        assert columns is not None, "all of the file was asked for"
        assert found is not None
        assert sound is not None
        assert found.equals(sound)


def test_quarantine_holds_rows_and_report_until_cleared(store: Store) -> None:
    verdict = {"passed": False}
    quarantine.quarantine(store, PARSED, fingerprint="f", verdict=verdict, published=False, rows=FRAME)
    assert quarantine.report(store, PARSED) == {"fingerprint": "f", "published": False, "verdict": verdict}
    home = quarantine.place(PARSED)
    assert home.prefix == "quarantine/parsed/binance_archive/spot_klines_1m/symbol=BTCUSDT/date=2023-03/"
    kept = store.read(home)
    assert kept is not None
    assert kept.equals(FRAME)
    quarantine.quarantine(store, PARSED, fingerprint="g", verdict=verdict, published=False)
    assert store.read(home) is None, "rows of an older try do not stay beside a newer report"
    quarantine.clear(store, PARSED)
    store.close()
    assert {path.name for path in store.root.iterdir()} <= {".lake", ".state"}


def test_a_damaged_record_is_none(store: Store) -> None:
    store.put_json(PARSED, "manifest.json", {"a": 1})
    (store.root / PARSED.key("manifest.json")).write_text('{"a"')
    assert store.get_json(PARSED, "manifest.json") is None


def test_a_record_of_another_partition_is_none(store: Store) -> None:
    other = Partition("parsed", "spot_klines_1m", "BTCUSDT", "2023-04", "binance_archive")
    for place in (PARSED, other):
        store.put_json(place, "manifest.json", {"a": place.date})
        assert store.get_json(place, "manifest.json") == {"a": place.date}
    (store.root / PARSED.key("manifest.json")).write_bytes((store.root / other.key("manifest.json")).read_bytes())
    assert store.get_json(PARSED, "manifest.json") is None


def test_an_edited_record_is_none_and_one_of_an_earlier_release_is_taken(store: Store) -> None:
    store.put_json(PARSED, "manifest.json", {"a": 1})
    path = store.root / PARSED.key("manifest.json")
    path.write_text(path.read_text().replace('"a": 1', '"a": 2'))
    assert store.get_json(PARSED, "manifest.json") is None
    path.write_text('{"a": 2}')
    assert store.get_json(PARSED, "manifest.json") == {"a": 2}


def test_attempts_tell_when_something_was_tried_last(tmp_path: Path) -> None:
    attempts, at = Attempts(tmp_path), datetime(2023, 7, 1, tzinfo=UTC)
    assert attempts.last("x") is None
    attempts.note(["x", "tried/d/BTC/USDT/2023-01", "tried/d_/A/2023-01"], at)
    attempts.note(["x"], at + timedelta(days=1))
    assert attempts.last("x") == at + timedelta(days=1)
    assert attempts.tried_since("tried/d/", at - timedelta(seconds=1)) == {("BTC/USDT", "2023-01")}
    assert attempts.tried_since("tried/d/", at) == set()


def test_attempts_that_cannot_be_kept_are_an_error_with_a_cause(tmp_path: Path) -> None:
    (tmp_path / ".state").write_text("a file")
    with pytest.raises(StoreError, match="cannot use"):
        Attempts(tmp_path).note(["x"], datetime(2023, 7, 1, tzinfo=UTC))
