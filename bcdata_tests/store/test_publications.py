"""The manifests of publications: what they say, what damages them, and who may write at once."""

import io
import json
import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pytest

from bcdata.errors import StoreError
from bcdata.store.digests import digest_file
from bcdata.store.layout import Partition, universe_table
from bcdata.store.objects import LocalObjects
from bcdata.store.publications import PublicationEntry, Publications, manifest_of
from bcdata.store.sealed import seal, unseal
from bcdata.store.store import Store

BARS = Partition("merged", "spot_klines_1m", "币安人生USDT", "2025-03")


def entry(number: int) -> PublicationEntry:
    body = io.BytesIO()
    pl.DataFrame({"a": [number]}).write_parquet(body)
    return PublicationEntry(f"fingerprint {number}", {"merged": digest_file(body.getvalue())})


@pytest.fixture
def lake(tmp_path: Path) -> Publications:
    return Publications(tmp_path, LocalObjects(tmp_path))


def test_the_last_two_entries_are_kept_newest_last(lake: Publications) -> None:
    assert list(lake.entries(BARS)) == []
    for number in range(4):
        lake.announce(BARS, entry(number))
    assert list(lake.entries(BARS)) == [entry(2), entry(3)]
    lake.announce(BARS, entry(3))
    assert list(lake.entries(BARS)) == [entry(2), entry(3)], "said again, it is no new entry"
    lake.announce(BARS, entry(2))
    assert list(lake.entries(BARS)) == [entry(3), entry(2)]


def test_bars_and_their_ledger_share_a_manifest_and_providers_do_not() -> None:
    assert manifest_of(BARS) == manifest_of(BARS.in_zone("gaps"))
    assert manifest_of(BARS)[0] == (
        ".lake/manifests/merged/spot_klines_1m/symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT/2025.json"
    )
    both = {manifest_of(BARS.in_zone("parsed", name))[0] for name in ("binance_archive", "binance_rest")}
    assert len(both) == 2
    assert manifest_of(universe_table("spot")) == (".lake/manifests/universe/spot.json", "")


def test_writers_of_one_manifest_lose_nothing(tmp_path: Path) -> None:
    days = [f"2025-03-{day:02d}" for day in range(1, 32)]

    def write(day: str) -> None:
        Publications(tmp_path, LocalObjects(tmp_path)).announce(Partition("merged", "d", "S", day), entry(1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, days))
    lake = Publications(tmp_path, LocalObjects(tmp_path))
    assert all(list(lake.entries(Partition("merged", "d", "S", day))) == [entry(1)] for day in days)


@pytest.mark.parametrize("change", ["flip", "cut", "garbage", "edit", "other", "empty"])
def test_damage_is_an_error_and_never_an_absence(change: str, lake: Publications, tmp_path: Path) -> None:
    lake.announce(BARS, entry(1))
    path = tmp_path / manifest_of(BARS)[0]
    body = path.read_bytes()
    edited = json.loads(body)
    edited["dates"]["2025-03"][0]["fingerprint"] = "another"
    changes = {
        "flip": body.replace(b"fingerprint 1", b"fingerprint 2"),
        "cut": body[:-20],
        "garbage": b"\xff" * 100,
        "edit": json.dumps(edited).encode(),
        "other": b'{"dates": {}}',
        "empty": b"",
    }
    path.write_bytes(changes[change])
    with pytest.raises(StoreError, match="is damaged; materialize"):
        lake.entries(BARS)
    lake.announce(BARS, entry(2))
    assert list(lake.entries(BARS)) == [entry(2)]


SPAN = [4, 10, "a"]
FILE = {"size": 14, "whole": "a", "footer": SPAN, "columns": {"a": [SPAN]}}
ENTRY = {"fingerprint": "f", "files": {"merged": FILE}}
OTHERS: dict[str, object] = {
    "log": [ENTRY, 7],
    "logs": {"2025-03": None},
    "date": {"../x": [ENTRY]},
    "year": {"2024-03": [ENTRY]},
    "fingerprint": [{**ENTRY, "fingerprint": None}],
    "files": [{**ENTRY, "files": []}],
    "file": [{**ENTRY, "files": {"merged": None}}],
    "no put": [{**ENTRY, "put": "yes"}],
    **{
        f"{name} {number}": [{**ENTRY, "files": {"merged": {**FILE, **changed}}}]
        for name, some in {
            "size": [{"size": one} for one in (math.inf, math.nan, -1, True, "14", 10**400, 1e308, None)],
            "whole": [{"whole": one} for one in (None, 7)],
            "footer": [{"footer": one} for one in ([], [0, "x", None], [-4, 10, "a"], [4, 11, "a"], [4, 1 << 62, "a"])],
            "columns": [{"columns": one} for one in ([], {"a": SPAN}, {"a": [[0, "x", None]]}, {"a": [[4, 99, "a"]]})],
        }.items()
        for number, changed in enumerate(some)
    },
}


@pytest.mark.parametrize("log", OTHERS.values(), ids=OTHERS.keys())
def test_what_is_soundly_sealed_and_of_another_shape_is_damaged(log: object, lake: Publications) -> None:
    key, date = manifest_of(BARS)
    lake.announce(BARS, entry(1))
    lake._objects.put(key, seal({"of": key, "dates": log if isinstance(log, dict) else {date: log}}))
    damaged: list[str] = []
    assert lake.partitions("merged", BARS.dataset, damaged=damaged) == []
    assert damaged == [key]
    with pytest.raises(StoreError, match="is damaged; materialize"):
        lake.entries(BARS)
    lake.announce(BARS, entry(2))
    assert list(lake.entries(BARS)) == [entry(2)]


def test_what_another_release_notes_of_publications_is_kept(lake: Publications) -> None:
    key, date = manifest_of(BARS)
    noted = [{**ENTRY, "by": "a later release", "files": {"merged": {**FILE, "rows": 7}}}]
    lake._objects.put(key, seal({"of": key, "dates": {date: noted}}))
    lake.announce(BARS, entry(1))
    assert (lake._objects.get(key) or b"").startswith(
        json.dumps({"dates": {date: noted}}, sort_keys=True)[:-3].encode()
    )


def test_notes_go_with_an_entry_and_make_no_other_of_it(lake: Publications) -> None:
    one = entry(1)
    noted = replace(one, notes={"quality": {"open": 2}})
    lake.announce(BARS, one)
    lake.announce(BARS, noted)
    [kept] = lake.entries(BARS)
    assert kept == one
    assert kept.notes == noted.notes
    lake.announce(BARS, entry(2))
    assert [found.notes for found in lake.entries(BARS)] == [noted.notes, {}]


@pytest.mark.parametrize(
    "value", [{}, {"a": [1, 2.5, None, "→"], "b": {"c": (1, 2)}}, {"x": 1e300, "y": -0.0, "z": 2**60}]
)
def test_sealed_and_back(value: dict[str, object]) -> None:
    assert unseal(seal(value)) == json.loads(json.dumps(value))
    assert unseal(seal(value, indent=1)) == json.loads(json.dumps(value))


@pytest.mark.parametrize("body", [None, b"", b"[]", b"7", b"null", b"{}", b'{"digest": 1}', b"[" * 100_000])
def test_what_was_not_sealed_is_nothing(body: bytes | None) -> None:
    assert unseal(body) is None


def test_what_stands_is_kept_however_often_more_is_announced(tmp_path: Path) -> None:
    """A run that is killed again and again, or finds the disk full, announces and puts nothing."""
    store, frame = Store(tmp_path), pl.DataFrame({"a": [1]})
    place = BARS.in_zone("features")
    for made in ("f1", "f2"):
        store.publish(place, frame, fingerprint=made, rules="1", record={})
    body = (tmp_path / place.key()).read_bytes()
    for number in range(3):
        store.publications.announce(place, announced(number), stands=lambda one: one.fingerprint == "f2")
        full = patch.object(store.objects, "put", side_effect=[None, StoreError("no space is left")])
        with full, suppress(StoreError):
            store.publish(place, frame, fingerprint=f"never {number}", rules="1", record={})
    assert (tmp_path / place.key()).read_bytes() == body
    assert store.whole(place) == ["f2"]
    found = store.read(place)
    assert found is not None
    assert found.equals(frame)
    assert len(store.publications.entries(place)) == 2


def announced(number: int) -> PublicationEntry:
    [digest] = entry(number).files.values()
    return PublicationEntry(f"announced {number}", {"features": digest})


VALUES: list[dict[str, object]] = [{}, {"a": 1.5e16, "ä": ["x"], "digest2": 1}, {"z": {"digest": "x"}}]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("value", VALUES)
def test_every_flipped_bit_and_every_cut_of_a_sealed_record_is_noticed(
    value: dict[str, object], indent: int | None
) -> None:
    body = seal(value, indent=indent)
    assert unseal(body) == value
    assert all(unseal(body[:length]) is None for length in range(len(body)))
    for at in range(len(body)):
        for bit in range(8):
            damaged = bytearray(body)
            damaged[at] ^= 1 << bit
            assert unseal(bytes(damaged)) is None, (at, bit)
