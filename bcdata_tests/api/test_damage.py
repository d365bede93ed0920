"""What is damaged is an error where it is read, and nothing where it is not; times of files tell nothing."""

import os
import shutil
from pathlib import Path

import polars as pl
import pytest

import bcdata
from bcdata.catalog import Catalog, load_catalog
from bcdata.errors import StoreError, UsageError
from bcdata.frames.schema import LEDGER
from bcdata.reporting.ledgers import ledger_files
from bcdata.sql.connection import query
from bcdata.store.footer import Rows
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.api.test_load import CATALOG, FEBRUARY, JANUARY, D, bars
from bcdata_tests.api.test_load import catalog as catalog  # noqa: PLC0414 (a fixture)
from bcdata_tests.api.test_load import root as root  # noqa: PLC0414 (a fixture)

pytestmark = pytest.mark.filterwarnings("ignore:merged .* is left out:bcdata.errors.MissingDataWarning")
"""February of ETHUSDT in `root` is between two publications."""


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


def _command(symbol: str, date: str = "2023-02") -> str:
    return f"repair it with: bcdata materialize --dataset {D} --symbols {symbol} --from {date} --to {date}"


def test_a_lost_month_is_an_error_where_it_is_asked_for(root: Path, catalog: Catalog) -> None:
    for zone in ("merged", "gaps"):
        (root / Partition(zone, D, "BTCUSDT", "2023-02").key()).unlink()
        with pytest.raises(StoreError, match=f"lost.*{_command('BTCUSDT')}"):
            bcdata.load(D, "BTCUSDT", root=root, catalog=catalog)
        with pytest.raises(StoreError, match=f"lost.*{_command('BTCUSDT')}"):
            query(Store(root), catalog, f"SELECT count(*) AS bars FROM {D}")  # noqa: S608
    assert bcdata.load(D, "BTCUSDT", end="2023-02", root=root, catalog=catalog).height == 3
    assert bcdata.load(D, "ETHUSDT", end="2023-02", root=root, catalog=catalog).height == 1


@pytest.mark.parametrize("zone", ["merged", "gaps"])
def test_a_pipe_in_the_place_of_a_file_is_an_error_and_is_not_waited_for(
    root: Path, catalog: Catalog, zone: str
) -> None:
    path = root / Partition(zone, D, "BTCUSDT", "2023-02").key()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(StoreError, match=_command("BTCUSDT")):
        bcdata.load(D, "BTCUSDT", root=root, catalog=catalog)
    with pytest.raises(StoreError, match=_command("BTCUSDT")):
        query(Store(root), catalog, f"SELECT count(*) AS bars FROM {D}")  # noqa: S608


@pytest.mark.one_in(6, slow=2)
@pytest.mark.parametrize("where", ["/symbol=BTCUSDT", "", "/.."], ids=["symbol", "dataset", "zone"])
def test_a_lost_folder_is_an_error(root: Path, catalog: Catalog, where: str) -> None:
    for zone in ("merged", "gaps"):
        shutil.rmtree((root / f"{zone}/{D}{where}").resolve())
    for symbols in ("BTCUSDT", None):
        with pytest.raises(StoreError, match=_command("BTCUSDT", "2023-01")):
            bcdata.load(D, symbols, root=root, catalog=catalog)
    with pytest.raises(StoreError, match=_command("BTCUSDT", "2023-01")):
        ledger_files(Store(root), catalog[D])
    with pytest.raises(StoreError, match=_command("BTCUSDT", "2023-01")):
        query(Store(root), catalog, f"SELECT count(*) AS bars FROM {D}")  # noqa: S608
    manifest = root / f".lake/manifests/merged/{D}/symbol=BTCUSDT/2023.json"
    manifest.write_bytes(b"")
    with pytest.raises(StoreError, match=r"manifest.*is damaged"):
        bcdata.load(D, "BTCUSDT", root=root, catalog=catalog)


@pytest.mark.one_in(4, slow=2)
@pytest.mark.parametrize("zone", ["merged", "gaps"])
@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("symbol=BTCUSDT/date=2023-01", "symbol=BTCUSDT/date=2023-01/date=2023-01"),
        ("symbol=BTCUSDT", "symbol=BTCUSDT/symbol=BTCUSDT"),
        ("symbol=BTCUSDT", "symbol=%42TCUSDT"),
        ("symbol=BTCUSDT/date=2023-01", "symbol=BTCUSDT/date=2023-01 (copy)"),
        ("symbol=BTCUSDT/date=2023-01", "symbol=BTCUSDT/date=foo"),
    ],
)
def test_a_copy_inside_the_lake_is_nobodys(root: Path, catalog: Catalog, zone: str, source: str, target: str) -> None:
    def read() -> tuple[object, ...]:
        sql = f"SELECT count(*) FROM {D} UNION ALL SELECT count(*) FROM gaps.{D}"  # noqa: S608
        loaded = bcdata.load(D, root=root, catalog=catalog).rows()
        return loaded, query(Store(root), catalog, sql).rows(), sorted(ledger_files(Store(root), catalog[D]))

    before = read()
    shutil.copytree(root / zone / D / source, root / zone / D / "aside")
    (root / zone / D / target).parent.mkdir(exist_ok=True)
    (root / zone / D / "aside").rename(root / zone / D / target)
    assert read() == before


@pytest.mark.parametrize("grain", ["day", "month"])
def test_partitions_of_another_grain_are_left_out_and_named(
    tmp_path: Path, root: Path, grain: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The catalog had the dataset by another one: read together the same rows would be there twice."""
    (tmp_path / "other.yaml").write_text(
        CATALOG.replace("month", grain).replace("2023-01", "2023-01-01" if grain == "day" else "2023-01")
    )
    catalog, store, day = load_catalog(tmp_path / "other.yaml"), Store(root), "2023-01-01"
    place = Partition("merged", D, "BTCUSDT", day)
    together = [Rows(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), {}), Rows(place, bars(JANUARY, [0, 1]), {})]
    store.publish_together(together, fingerprint="f", rules="1")
    expected = {"day": 2, "month": 3}[grain]
    sql = f"SELECT count(*) AS bars FROM {D} WHERE symbol = 'BTCUSDT' AND date < '2023-02'"  # noqa: S608
    words = f"is left out: the catalog has the dataset by {grain}; move it away"
    for is_there in (True, False):
        loaded = bcdata.load(D, "BTCUSDT", end="2023-02", missing="ignore", root=root, catalog=catalog)
        assert loaded.height == query(Store(root), catalog, sql).item() == expected
        last = {"day": "2023-01-31", "month": "2023-01"}[grain]
        assert len({date for _, date in ledger_files(Store(root), catalog[D], last=last).values()}) == 1
        assert (words in caplog.text) == is_there
        caplog.clear()
        for one in list(Store(root).partitions("merged", D)):  # as it says
            if not catalog[D].grain.is_key(one.date):
                for zone in ("merged", "gaps"):
                    (root / one.in_zone(zone).key()).unlink(missing_ok=True)


def test_symbols_that_were_swapped_with_their_manifests_are_an_error(root: Path, catalog: Catalog) -> None:
    for zone in ("merged", "gaps", ".lake/manifests/merged"):
        folder = root / zone / D
        (folder / "symbol=BTCUSDT").rename(folder / "aside")
        (folder / "symbol=ETHUSDT").rename(folder / "symbol=BTCUSDT")
        (folder / "aside").rename(folder / "symbol=ETHUSDT")
    with pytest.raises(StoreError, match=r"manifest.*is damaged"):
        bcdata.load(D, "BTCUSDT", end="2023-02", root=root, catalog=catalog)


def test_an_earlier_publication_that_was_put_back_is_named(
    root: Path, catalog: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    store, place = Store(root), Partition("merged", D, "BTCUSDT", "2023-02")
    files = [root / one.key() for one in (place.in_zone("gaps"), place)]
    old = []
    for fingerprint, hours in (("g", [0, 1]), ("h", [0, 1, 2])):
        old = [file.read_bytes() for file in files]
        ledger = Rows(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), {})
        together = [ledger, Rows(place, bars(FEBRUARY, hours), {})]
        store.publish_together(together, fingerprint=fingerprint, rules="1")
    assert bcdata.load(D, "BTCUSDT", start="2023-02", root=root, catalog=catalog).height == 3
    assert caplog.text == ""
    for file, body in zip(files, old, strict=True):
        file.write_bytes(body)
    words = "BTCUSDT 2023-02 is of an earlier publication than the last"
    assert bcdata.load(D, "BTCUSDT", start="2023-02", root=root, catalog=catalog).height == 2
    assert words in caplog.text
    caplog.clear()
    query(Store(root), catalog, f"SELECT count(*) AS bars FROM {D}")  # noqa: S608
    assert words in caplog.text


@pytest.mark.parametrize("above", ["date=2023", "symbol=X/date=2020-01-01", "year=2024"])
def test_keys_are_those_of_the_lake_whatever_folders_stand_above_it(
    tmp_path: Path, root: Path, catalog: Catalog, above: str
) -> None:
    sql = f"SELECT * FROM {D} ORDER BY ALL"  # noqa: S608
    expected = query(Store(root), catalog, sql)
    copy = tmp_path / above / "lake"
    shutil.copytree(root, copy)
    assert query(Store(copy), catalog, sql).equals(expected)


def test_a_damaged_ledger_stops_filling_with_the_command_that_repairs_it(root: Path, catalog: Catalog) -> None:
    """Where bars may be filled stands in it."""
    path = root / Partition("gaps", D, "BTCUSDT", "2023-01").key()
    body = bytearray(path.read_bytes())
    body[len(body) // 3] ^= 1
    path.write_bytes(body)
    command = "bcdata materialize --dataset spot_klines_1h --symbols BTCUSDT --from 2023-01 --to 2023-01"
    with pytest.raises(StoreError, match=f"gaps/.*is damaged.*repair it with: {command}"):
        bcdata.load(D, "BTCUSDT", fill="flat", root=root, catalog=catalog)


FORMS = ("'{}'", "read_parquet('{}')", "parquet_scan(['{}'])")


@pytest.mark.parametrize("form", FORMS)
def test_files_of_the_lake_are_read_by_views_alone(root: Path, catalog: Catalog, form: str) -> None:
    """What a path names is verified by nobody; of a statement's own views it is."""
    path = next((root / "merged").rglob("*.parquet"))
    with pytest.raises(UsageError, match="a statement reads views, and no files"):
        query(Store(root), catalog, f"FROM {form.format(path)}")
