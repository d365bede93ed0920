"""Functions on lakes and with arguments that nobody has tried: empty lakes, thousands of symbols, names in names."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import bcdata
from bcdata.catalog import load_catalog
from bcdata.errors import StoreError, UsageError
from bcdata.exports.files import export
from bcdata.frames.schema import LEDGER
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.api.research import CATALOG, D, Research

MANY = 10_000


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, object]:
    """A folder without anything, and a catalog."""
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    (tmp_path / "lake").mkdir()
    return {"root": tmp_path / "lake", "catalog": load_catalog(tmp_path / "catalog.yaml")}


def test_an_empty_lake_gives_empty_frames_and_says_so(empty: dict[str, object], research: Research) -> None:
    with pytest.warns(bcdata.MissingDataWarning, match="nothing of it was published yet"):
        found = bcdata.load(D, **empty)
    assert (found.height, found.schema) == (0, bcdata.load(D, "BTCUSDT", **research.where).schema)
    with pytest.warns(bcdata.MissingDataWarning):
        assert bcdata.load(D, interval="1h", **empty).is_empty()
    with pytest.warns(bcdata.MissingDataWarning):
        assert bcdata.scan(D, **empty).collect().is_empty()
    for function in (bcdata.gaps, bcdata.coverage):
        assert function(D, **empty).is_empty()
        assert function(D, "BTCUSDT", **empty).columns == function(D, **research.where).columns
    with pytest.warns(bcdata.MissingDataWarning):
        assert bcdata.stats(D, **empty).is_empty()
    assert bcdata.symbols(D, **empty).is_empty()
    assert bcdata.info(D, **empty)["dataset"] == D


def test_coverage_of_what_was_never_asked_for_is_all_missing(empty: dict[str, object]) -> None:
    found = bcdata.coverage(D, "BTCUSDT", "2023-01", "2023-02", **empty)
    assert found.select("symbol", "date", "expected", "not_materialized").row(0) == (
        "BTCUSDT", "2023-01", 31 * 1440, 31 * 1440
    )  # fmt: skip


def test_no_lake_at_all_is_an_error_of_every_function(tmp_path: Path, research: Research) -> None:
    where = {"root": tmp_path / "nowhere", "catalog": research.catalog}
    entities = {"symbol": ["BTCUSDT"], "time": ["2023-01-01"]}
    for ask in (bcdata.load, bcdata.scan, bcdata.gaps, bcdata.coverage, bcdata.stats, bcdata.symbols):
        with pytest.raises(UsageError, match="there is no lake at"):
            ask(D, **where)
    with pytest.raises(UsageError, match="there is no lake at"):
        bcdata.query(f"FROM {D}", **where)
    with pytest.raises(UsageError, match=r"there is no lake at|has to be datetimes"):
        bcdata.join(entities, D, "rsi_14", **where)


def test_a_symbol_whose_name_another_begins_with_is_not_that_one(tmp_path: Path, research: Research) -> None:
    store = Store(tmp_path)
    bars = research.bars["BTCUSDT"].head(10)
    for symbol, rows in (("BTCUSDT", bars), ("BTCUSDTX", bars.head(3)), ("BTCUSD", bars.head(2))):
        place = Partition("merged", D, symbol, "2023-01")
        store.publish(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), fingerprint="f", rules="1", record={})
        store.publish(place, rows, fingerprint="f", rules="1", record={})
    store.close()
    where = {"root": tmp_path, "catalog": research.catalog}
    for symbol, rows in (("BTCUSDT", 10), ("BTCUSDTX", 3), ("BTCUSD", 2)):
        assert bcdata.load(D, symbol, **where).height == rows
        assert bcdata.scan(D, symbol, **where).filter(pl.col("symbol") == symbol).collect().height == rows
        assert bcdata.stats(D, symbol, **where)["rows"].to_list() == [rows]
    assert bcdata.load(D, **where).height == 15
    with pytest.raises(UsageError, match="nothing of BTCU in"):
        bcdata.load(D, "BTCU", **where)


def test_thousands_of_symbols_that_are_not_there_are_told_in_one_line(research: Research) -> None:
    names = [f"X{number}USDT" for number in range(MANY)]
    with pytest.raises(UsageError) as told:
        bcdata.load(D, names, **research.where)
    assert len(str(told.value)) < 500
    assert "and 9,995 more" in str(told.value)
    with pytest.warns(bcdata.MissingDataWarning) as warned:
        found = bcdata.join(
            pl.DataFrame({"symbol": names}).with_columns(time=pl.datetime(2023, 1, 5, time_zone="UTC")),
            D, "rsi_14", **research.where,
        )  # fmt: skip
    assert found["rsi_14"].null_count() == MANY
    assert len(str(warned[0].message)) < 1000


def test_a_dataset_that_the_catalog_lacks_is_told_with_the_catalog(research: Research, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(CATALOG.replace(D, "um_klines_1m"))
    other = load_catalog(tmp_path / "other.yaml")
    with pytest.raises(UsageError, match=r"there is no dataset 'spot_klines_1m' in .*other\.yaml"):
        bcdata.load(D, root=research.root, catalog=other)


def test_files_of_an_older_schema_have_nulls_where_they_lack_a_column(tmp_path: Path, research: Research) -> None:
    store = Store(tmp_path)
    bars = research.bars["BTCUSDT"].head(10)
    for symbol, rows in (("BTCUSDT", bars), ("ETHUSDT", bars.drop("known_at", "vwap"))):
        place = Partition("merged", D, symbol, "2023-01")
        store.publish(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), fingerprint="f", rules="1", record={})
        store.publish(place, rows, fingerprint="f", rules="1", record={})
    store.close()
    where = {"root": tmp_path, "catalog": research.catalog}
    found = bcdata.load(D, **where)
    assert found["vwap"].null_count() == 10
    assert found["known_at"].null_count() == 0
    lazy = bcdata.scan(D, **where)
    assert lazy.collect().equals(found)
    assert lazy.select("symbol", "vwap").collect().equals(found.select("symbol", "vwap"))
    assert bcdata.load(D, interval="1h", **where).height == 2


def test_bars_of_an_older_schema_are_joined_from_their_end_on(tmp_path: Path, research: Research) -> None:
    store, bars = Store(tmp_path), research.bars["BTCUSDT"].head(10)
    place = Partition("merged", D, "BTCUSDT", "2023-01")
    store.publish(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), fingerprint="f", rules="1", record={})
    store.publish(place, bars.drop("known_at"), fingerprint="f", rules="1", record={})
    store.close()
    ends = bars["open_time"].dt.offset_by("1m").to_list()
    asked = pl.DataFrame({"symbol": ["BTCUSDT"] * 11, "time": [bars["open_time"][0], *ends]})
    where = {"root": tmp_path, "catalog": research.catalog}
    found = bcdata.join(asked, D, "close", zone="merged", **where)
    assert found["close"].to_list() == [None, *bars["close"]]


@pytest.mark.parametrize("typed", ["btcusdt", "BTC/USDT", " BTCUSDT ", "BTC-USDT"])
def test_symbols_are_understood_as_people_type_them(research: Research, tmp_path: Path, typed: str) -> None:
    span = ("2023-01-02", "2023-01-03")
    assert bcdata.load(D, typed, *span, **research.where)["symbol"].unique().to_list() == ["BTCUSDT"]
    assert bcdata.load(D, typed, *span, wide="close", **research.where).columns == ["open_time", "BTCUSDT"]
    assert bcdata.gaps(D, typed, **research.where)["symbol"].unique().to_list() == ["BTCUSDT"]
    assert bcdata.coverage(D, [typed], **research.where)["symbol"].unique().to_list() == ["BTCUSDT"]
    assert bcdata.stats(D, typed, *span, **research.where)["symbol"].to_list() == ["BTCUSDT"]
    [written] = export(D, typed, *span, out=tmp_path, **research.where)
    assert (written.symbol, Path(written.path).name) == ("BTCUSDT", f"{D}-BTCUSDT.parquet")


@pytest.fixture
def held_back(tmp_path: Path, research: Research) -> dict[str, object]:
    """January of one symbol, and February, whose bars and ledger are of two publications."""
    store, bars = Store(tmp_path / "lake"), research.bars["BTCUSDT"]
    for month, ledger in (("2023-01", "2023-01"), ("2023-02", "another")):
        place = Partition("merged", D, "BTCUSDT", month)
        rows = bars.filter(pl.col("open_time").dt.strftime("%Y-%m") == month).head(100)
        store.publish(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), fingerprint=ledger, rules="1", record={})
        store.publish(place, rows, fingerprint=month, rules="1", record={})
    store.close()
    return {"root": store.root, "catalog": research.catalog}


@pytest.mark.parametrize("options", [{}, {"interval": "1h"}, {"columns": ["close"]}, {"lazy": True}])
def test_bars_that_are_held_back_are_warned_of(held_back: dict[str, object], options: dict[str, object]) -> None:
    def read(**missing: str) -> pl.DataFrame:
        found = bcdata.load(D, "BTCUSDT", "2023-01", "2023-03", **options, **held_back, **missing)
        return found.lazy().collect()

    with pytest.warns(bcdata.MissingDataWarning, match=r"merged .*BTCUSDT 2023-02 is left out: .*materialize"):
        found = read()
    assert set(found["open_time"].dt.month()) == {1}
    assert read(missing="ignore").equals(found)
    with pytest.raises(bcdata.MissingDataError, match="2023-02"):
        read(missing="raise")


def test_coverage_and_gaps_tell_of_bars_that_are_held_back_what_load_does(held_back: dict[str, object]) -> None:
    """The newer ledger says that nothing is missing, of bars that nobody gets."""
    told = pytest.warns(bcdata.MissingDataWarning, match=r"ledger of .*BTCUSDT 2023-02 is left out: .*materialize")
    with told:
        found = bcdata.coverage(D, **held_back)
    columns = ("date", "expected", "present", "not_materialized")
    february = 28 * 1440
    assert found.select(columns).rows() == [("2023-01", 31 * 1440, 31 * 1440, 0), ("2023-02", february, 0, february)]
    with told:
        assert bcdata.coverage(D, "BTCUSDT", "2023-02", "2023-03", **held_back)["present"].to_list() == [0]
    with told:
        assert bcdata.gaps(D, **held_back).is_empty()
    with pytest.warns(bcdata.MissingDataWarning) as once:
        bcdata.stats(D, **held_back)
    assert len(once) == 1, "of its bars, and not of its ledger as well"


def test_a_ledger_whose_bars_are_lost_is_an_error(held_back: dict[str, object]) -> None:
    (Path(str(held_back["root"])) / Partition("merged", D, "BTCUSDT", "2023-01").key()).unlink()
    for ask in (bcdata.coverage, bcdata.gaps):
        with pytest.raises(StoreError, match=r"2023-01.*is lost.*bcdata materialize"):
            ask(D, **held_back)


def test_entities_are_told_of_bars_that_are_held_back(held_back: dict[str, object]) -> None:
    asked = {"symbol": ["BTCUSDT"], "time": [datetime(2023, 2, 2, tzinfo=UTC)]}
    with pytest.warns(bcdata.MissingDataWarning, match="2023-02 is left out"):
        bcdata.join(asked, D, "close", zone="merged", **held_back)
    with pytest.raises(bcdata.MissingDataError):
        bcdata.join(asked, D, "close", zone="merged", missing="raise", **held_back)
