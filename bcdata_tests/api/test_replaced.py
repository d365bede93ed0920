"""SQL while a run publishes: an answer out of one publication or the other, or one line that says what to do."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from bcdata.catalog import Catalog, load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.errors import StoreError, UsageError
from bcdata.sql import connection
from bcdata.sql.connection import query
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.make import bars, opens

PLACE = Partition("features", "spot_klines_1m", "BTCUSDT", "2023-03")
SQL = "SELECT count(*) AS bars, max(volume) AS most FROM features.spot_klines_1m"
FEW, MANY = 100, 40_000
REPLACER = """
import itertools, os, sys
target, *bodies = sys.argv[1:]
for body in itertools.cycle(bodies):
    os.link(body, f"{body}.next")
    os.replace(f"{body}.next", target)
"""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PACKAGED)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A partition that was published twice, with few rows and with many; both files are kept beside the lake."""
    store = Store(tmp_path / "lake")
    for rows in (FEW, MANY):
        store.publish(PLACE, bars(opens(rows)), fingerprint=f"{rows}", rules="1", record={})
        shutil.copy(store.root / PLACE.key(), tmp_path / str(rows))
    store.close()
    return store.root


@pytest.fixture
def replaced(root: Path) -> Iterator[None]:
    """Another process puts one of both files in the place of the other, without end."""
    words = [sys.executable, "-c", REPLACER, root / PLACE.key(), *(root.parent / str(rows) for rows in (FEW, MANY))]
    with subprocess.Popen(words) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.usefixtures("replaced")
def test_answers_are_of_one_publication_and_errors_say_what_to_do(root: Path, catalog: Catalog) -> None:
    found = Counter[object]()
    for _ in range(40):
        try:
            found[query(Store(root), catalog, SQL).row(0)] += 1
        except StoreError as error:
            found["replaced" if "a run publishes them; ask when it has ended" in str(error) else str(error)] += 1
    assert set(found) <= {(FEW, 5.0), (MANY, 5.0), "replaced"}
    assert found["replaced"] < 40


def test_files_are_looked_up_once_more_and_not_for_ever(
    root: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which moment of a replacement makes DuckDB fail is not ours to choose: its words are repeated."""
    run, times = connection._run, []

    def failing(open_to: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
        times.append(sql)
        if len(times) > most:
            return run(open_to, sql)
        if is_replaced:
            os.link(root.parent / str(FEW), root / "next")
            (root / "next").replace(root / PLACE.key())
            shutil.copy(root.parent / str(FEW), root.parent / "copy")
            (root.parent / "copy").replace(root.parent / str(FEW))  # the next one is another file
        raise duckdb.Error("Prefetch registered for bytes outside file: part-0.parquet")

    monkeypatch.setattr(connection, "_run", failing)
    most, is_replaced = 1, True
    assert query(Store(root), catalog, SQL)["bars"].to_list() == [FEW]
    assert len(times) == 2
    times, most = [], 9
    with pytest.raises(StoreError, match="replaced while they were read, and again: a run publishes them; ask when"):
        query(Store(root), catalog, SQL)
    assert len(times) == 2
    times, is_replaced = [], False
    with pytest.raises(UsageError, match="Prefetch registered"):
        query(Store(root), catalog, SQL)
    assert len(times) == 1, "nothing was replaced: it is something else"


@pytest.mark.slow
@pytest.mark.usefixtures("replaced")
def test_a_wrong_statement_is_still_told_as_such(root: Path, catalog: Catalog) -> None:
    for _ in range(5):
        with pytest.raises(UsageError, match="clsoe"):
            query(Store(root), catalog, SQL.replace("volume", "clsoe"))
