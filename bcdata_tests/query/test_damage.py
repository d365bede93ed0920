"""What is damaged is an error where it is read, and nothing where it is not; times of files tell nothing."""

import os
import shutil
from pathlib import Path

import pytest

import bcdata
from bcdata.catalog import Catalog
from bcdata.errors import StoreError
from bcdata.query import query
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.query.test_load import D
from bcdata_tests.query.test_load import catalog as catalog  # noqa: PLC0414 (a fixture)
from bcdata_tests.query.test_load import root as root  # noqa: PLC0414 (a fixture)


def test_of_columns_that_are_not_wanted_nothing_is_read(root: Path, catalog: Catalog) -> None:
    """A flipped bit in the chunk of another column costs nothing, and one in its own is an error."""
    place = Partition("merged", D, "BTCUSDT", "2023-01")
    [digest] = Store(root).publications.files(place)
    whole = bcdata.load(D, "BTCUSDT", columns=["close"], root=root, catalog=catalog)
    body = bytearray((root / place.key()).read_bytes())
    [span] = digest.columns["volume"]
    body[span.start + span.length // 2] ^= 1
    (root / place.key()).write_bytes(body)
    assert bcdata.load(D, "BTCUSDT", columns=["close"], root=root, catalog=catalog).equals(whole)
    command = "bcdata materialize --dataset spot_klines_1h --symbols BTCUSDT --from 2023-01 --to 2023-01"
    for columns in (["close", "volume"], None):
        with pytest.raises(StoreError, match=f"its column volume|its bytes are not.*repair it with: {command}"):
            bcdata.load(D, "BTCUSDT", columns=columns, root=root, catalog=catalog)


def test_load_and_query_agree_in_a_copied_lake(tmp_path: Path, root: Path, catalog: Catalog) -> None:
    """Also where bars and ledger have one time, and where the ledger is the younger file."""
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    sql = f"SELECT symbol, count(*) AS bars FROM {D} GROUP BY ALL ORDER BY ALL"  # noqa: S608
    before = query(Store(root), catalog, sql)
    for order in ((0, 0), (0, 9), (9, 0)):
        for zone, seconds in zip(("merged", "gaps"), order, strict=True):
            for path in (copy / zone).rglob("*.parquet"):
                os.utime(path, (1_700_000_000 + seconds,) * 2)
        assert query(Store(copy), catalog, sql).equals(before)
        loaded = bcdata.load(D, root=copy, catalog=catalog)
        assert loaded.group_by("symbol").len("bars").sort("symbol").rows() == before.rows()


def test_a_lost_month_is_named(root: Path, catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    (root / Partition("merged", D, "BTCUSDT", "2023-02").key()).unlink()
    assert bcdata.load(D, "BTCUSDT", root=root, catalog=catalog).height == 3
    command = "bcdata materialize --dataset spot_klines_1h --symbols BTCUSDT --from 2023-02 --to 2023-02"
    words = f"BTCUSDT 2023-02 is left out: its file is lost, or was never put; {command}"
    assert words in caplog.text
    caplog.clear()
    bcdata.load(D, "BTCUSDT", end="2023-02", root=root, catalog=catalog)
    assert words not in caplog.text, "it was not asked for"
    sql = f"SELECT count(*) AS bars FROM {D} WHERE symbol = 'BTCUSDT'"  # noqa: S608
    assert query(Store(root), catalog, sql).item() == 3
    assert words in caplog.text
    with pytest.raises(StoreError, match=f"is missing; repair it with: {command}"):
        query(Store(root), catalog, f"FROM gaps.{D}")
    caplog.clear()
    (root / Partition("gaps", D, "BTCUSDT", "2023-02").key()).unlink()
    assert query(Store(root), catalog, sql).item() == 3
    assert words in caplog.text


def test_a_damaged_ledger_stops_filling_with_the_command_that_repairs_it(root: Path, catalog: Catalog) -> None:
    """Where bars may be filled stands in it."""
    path = root / Partition("gaps", D, "BTCUSDT", "2023-01").key()
    body = bytearray(path.read_bytes())
    body[len(body) // 3] ^= 1
    path.write_bytes(body)
    command = "bcdata materialize --dataset spot_klines_1h --symbols BTCUSDT --from 2023-01 --to 2023-01"
    with pytest.raises(StoreError, match=f"gaps/.*is damaged.*repair it with: {command}"):
        bcdata.load(D, "BTCUSDT", fill="flat", root=root, catalog=catalog)
