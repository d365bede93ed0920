"""Exports are whole or not there, and what a killed one leaves is swept by the next."""

import errno
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest

from bcdata.catalog import Catalog, load_catalog
from bcdata.errors import StoreError
from bcdata.exports.files import export
from bcdata.exports.records import FOLDER
from bcdata.exports.staged import staged, sweep
from bcdata.frames.schema import LEDGER
from bcdata.store.footer import Rows
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.api.test_load import CATALOG, JANUARY, D, bars

WRITER = """
import sys, time
from pathlib import Path
from bcdata.exports.staged import staged
with staged(Path(sys.argv[1])) as path:
    path.write_bytes(bytes(1000))
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    path = tmp_path / "catalog.yaml"
    path.write_text(CATALOG)
    return load_catalog(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = Store(tmp_path / "lake")
    place = Partition("merged", D, "BTCUSDT", "2023-01")
    both = [Rows(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), {}), Rows(place, bars(JANUARY, [0, 1]), {})]
    store.publish_together(both, fingerprint="f", rules="1")
    store.close()
    return store.root


def writing(target: Path) -> "subprocess.Popen[str]":
    """A process in the middle of writing an export."""
    command = [sys.executable, "-c", WRITER, str(target)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_a_killed_export_left_is_removed_by_the_next(
    tmp_path: Path, root: Path, catalog: Catalog, form: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / ".mine.csv").write_text("kept")
    killed = writing(out / f"{D}-BTCUSDT.{form}")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    (out / f".{D}-ETHUSDT.{form}.4711").write_text("of an earlier release")
    assert len(list(out.iterdir())) == 3
    list(export(D, ["BTCUSDT"], None, None, out=out, form=form, root=root, catalog=catalog))
    assert {path.name for path in out.iterdir()} == {f"{D}-BTCUSDT.{form}", ".mine.csv", FOLDER}


def test_what_a_living_export_writes_is_left_alone(tmp_path: Path, root: Path, catalog: Catalog) -> None:
    other = writing(tmp_path / f"{D}-ETHUSDT.csv")
    try:
        list(export(D, ["BTCUSDT"], None, None, out=tmp_path, root=root, catalog=catalog))
        assert [path.stat().st_size for path in tmp_path.glob(f".{D}-ETHUSDT.csv.*")] == [1000]
    finally:
        other.kill()
        other.communicate()
    sweep(tmp_path)
    assert not list(tmp_path.glob(f".{D}-*"))


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / f"{D}-BTCUSDT.csv"
    target.write_text("old")
    with suppress(OSError), staged(target) as path:
        path.write_text("half")
        raise OSError(errno.ENOSPC, "no space left")
    assert [one.name for one in tmp_path.iterdir()] == [target.name]
    assert target.read_text() == "old"


@pytest.mark.parametrize("form", ["csv", "parquet", "freqtrade", "vectorbt", "lean"])
def test_where_no_more_can_be_written_is_one_line(tmp_path: Path, root: Path, catalog: Catalog, form: str) -> None:
    out, before = tmp_path / "out", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, before[1]))
    try:
        with pytest.raises(StoreError, match=f"^cannot write {out}.*: .*File too large[^\n]*$"):
            list(export(D, ["BTCUSDT"], None, None, out=out, form=form, root=root, catalog=catalog))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not [path for path in out.rglob("*") if path.is_file()]
