"""Reading many partitions at once; what was looked at before is looked at again if it changes."""

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from bcdata.errors import StoreError
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.store.together import read_groups

MANY = [Partition("merged", "spot_klines_1m", f"S{number:03}", "2023-03") for number in range(150)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A row of each partition, which tells whose it is; what was hashed is remembered."""
    store = Store(tmp_path_factory.mktemp("lake"))
    publish(store, MANY)
    store.close()
    return store.root


def publish(store: Store, places: Sequence[Partition]) -> None:
    for one in places:
        frame = pl.DataFrame({"a": [MANY.index(one)], "b": ["x" * 50]})
        store.publish(one, frame, fingerprint=f"of {one.symbol}", rules="1", record={})


@pytest.mark.parametrize("columns", [None, ["a"]])
def test_rows_of_many_groups_come_in_their_order(root: Path, columns: list[str] | None) -> None:
    found = read_groups(Store(root), [[one] for one in MANY], columns)
    assert [one["a"].to_list() for one in found if one is not None] == [[number] for number in range(len(MANY))]
    pairs = read_groups(Store(root), [MANY[at : at + 2] for at in range(0, len(MANY), 2)], columns)
    assert [one["a"].to_list() for one in pairs if one is not None] == [[at, at + 1] for at in range(0, len(MANY), 2)]


def test_damage_of_any_of_them_is_an_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store, MANY[:130])
    path = tmp_path / MANY[129].key()
    path.write_bytes(path.read_bytes().replace(b"PAR1", b"PAR2"))
    with pytest.raises(StoreError, match=r"S129.*is damaged"):
        read_groups(Store(tmp_path), [[one] for one in MANY[:130]], ["a"])


def test_a_footer_is_looked_at_again_once_the_file_is_another_one(tmp_path: Path) -> None:
    store, one = Store(tmp_path), MANY[0]
    publish(store, [one])
    reader = Store(tmp_path)
    assert reader.fingerprint(one) == reader.fingerprint(one) == "of S000"
    path, status = tmp_path / one.key(), os.stat(tmp_path / one.key())  # noqa: PTH116
    body = bytearray(path.read_bytes())
    body[-20] ^= 1
    path.write_bytes(body)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert reader.fingerprint(one) is None
    with pytest.raises(StoreError, match="is damaged: its footer is not the one that was published"):
        reader.read(one, ["a"])


def test_digests_are_looked_up_for_many_files_at_once(root: Path) -> None:
    memory, absent = Store(root).verified, MANY[0].in_zone("gaps").key()
    memory.look_up([*(one.key() for one in MANY), absent])
    objects = Store(root).objects
    infos = [info for one in MANY if (info := objects.stat(one.key()))]
    assert len(infos) == len(MANY)
    assert all(memory.digest(info) == Store(root).verified.digest(info) is not None for info in infos[::50])
    changed = infos[0].__class__(infos[0].key, infos[0].size, infos[0].modified_ns, infos[0].inode + 1)
    assert memory.digest(changed) is None
    assert memory.digest(infos[0].__class__(absent, 1, 1)) is None
