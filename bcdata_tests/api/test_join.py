"""`load(join=)`: each bar has the newest metrics of its contract that were known when it was."""

import warnings
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bcdata import load, scan
from bcdata.catalog import Catalog, load_catalog
from bcdata.errors import MissingDataError, StoreError, UsageError
from bcdata.frames.columns import METRIC_VALUES
from bcdata.frames.schema import LEDGER, MERGED_METRIC, conform, merged_bar
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.run import utc

START, STEP, MINUTE, DAY = utc("2024-03-01"), timedelta(minutes=5), timedelta(minutes=1), timedelta(days=1)
LENGTHS = {"1m": MINUTE, "5m": STEP, "1h": timedelta(hours=1), "1d": DAY}
SOURCES = "sources: [binance_archive], features: false"
CATALOG = "datasets:\n" + "".join(
    f"  um_{kind}: {{grain: {grain}, start: {start}, symbols: [BTCUSDT, ETHUSDT], {SOURCES}}}\n"
    for kind, grain, start in (
        *((f"klines_{length}", "month", "2024-01") for length in LENGTHS),
        ("mark_klines_1m", "month", "2024-01"),
        ("index_klines_1m", "month", "2024-01"),
        ("metrics", "day", "2024-01-01"),
        ("funding", "month", "2024-01"),
    )
)
CATALOG += f"  spot_klines_1m: {{grain: month, start: 2024-01, symbols: [BTCUSDT], {SOURCES}}}\n"
CATALOG += f"  cm_metrics: {{grain: day, start: 2024-01-01, symbols: [BTCUSD_PERP], {SOURCES}}}\n"
Rows = Mapping[datetime, float]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    path = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    path.write_text(CATALOG)
    return load_catalog(path)


def publish(store: Store, dataset: str, symbol: str, date: str, frame: pl.DataFrame) -> None:
    place = Partition("merged", dataset, symbol, date)
    store.publish(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), fingerprint="f", rules="1", record={})
    store.publish(place, frame, fingerprint="f", rules="1", record={})


def put_bars(store: Store, dataset: str, opens: Iterable[datetime], length: timedelta, symbol: str = "BTCUSDT") -> None:
    by_month: dict[str, list[datetime]] = {}
    for at in opens:
        by_month.setdefault(f"{at:%Y-%m}", []).append(at)
    for month, inside in by_month.items():
        columns = {"open_time": inside, "close": [float(number) for number in range(len(inside))],
                   "known_at": [at + length for at in inside]}  # fmt: skip
        publish(store, dataset, symbol, month, conform(pl.DataFrame(columns), merged_bar(funding=True)))


def put_metrics(store: Store, rows: Rows, symbol: str = "BTCUSDT") -> None:
    by_day: dict[str, list[datetime]] = {}
    for at in rows:
        by_day.setdefault(f"{at:%Y-%m-%d}", []).append(at)
    for day, inside in by_day.items():
        columns: dict[str, list[Any]] = {"time": inside, "known_at": [at + STEP for at in inside]}
        columns |= {name: [rows[at] + number for at in inside] for number, name in enumerate(METRIC_VALUES)}
        publish(store, "um_metrics", symbol, day, conform(pl.DataFrame(columns), MERGED_METRIC))


def newest(known: datetime, rows: Rows) -> tuple[datetime | None, float | None]:
    """By looking at each row."""
    before = [at for at in rows if at + STEP <= known]
    return (max(before), rows[max(before)]) if before else (None, None)


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, list[datetime], dict[datetime, float], datetime, str]:
    """The length of bars, their opens, metrics, the first instant that is asked for, and a fill."""
    length = draw(st.sampled_from(sorted(LENGTHS)))
    step = LENGTHS[length]
    most = 40 if step == DAY else 1500  # no grid that takes long to look at
    opens = draw(st.sets(st.integers(0, most), min_size=1, max_size=30))
    rows = {START + at * STEP: float(at) for at in sorted(draw(st.sets(st.integers(-900, 900), max_size=40)))}
    first = START + draw(st.integers(0, most)) * step / 4
    return length, [START + at * step for at in sorted(opens)], rows, first, draw(st.sampled_from(["none", "null"]))


@given(cases())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_against_a_look_at_each_row(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog, case: Any) -> None:
    length, opens, rows, first, fill = case
    name, root = f"um_klines_{length}", tmp_path_factory.mktemp("lake")
    with closing(Store(root)) as store:
        put_bars(store, name, opens, LENGTHS[length])
        put_metrics(store, rows)
    found = load(name, "BTCUSDT", first, join="um_metrics", fill=fill, missing="ignore", root=root, catalog=catalog)
    plain = load(name, "BTCUSDT", first, fill=fill, missing="ignore", root=root, catalog=catalog)
    assert found.drop(*METRIC_VALUES, "metrics_time").equals(plain, null_equal=True)
    expected = [newest(at + LENGTHS[length], rows) for at in found["open_time"]]
    assert list(zip(found["metrics_time"], found["sum_open_interest"], strict=True)) == expected
    assert found[METRIC_VALUES[-1]].to_list() == [None if value is None else value + 5 for _, value in expected]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with closing(Store(tmp_path / "lake")) as store:
        minutes = [START + at * MINUTE for at in range(30)]
        for kind in ("klines_1m", "mark_klines_1m", "index_klines_1m"):
            put_bars(store, f"um_{kind}", minutes, MINUTE)
        put_bars(store, "um_klines_1m", minutes[:3], MINUTE, "ETHUSDT")
        put_bars(store, "spot_klines_1m", minutes, MINUTE)
        put_metrics(store, {START + at * STEP: float(at) for at in (-2000, 0, 1, 2)})
    return tmp_path / "lake"


def test_nothing_is_known_before_its_end_and_age_shows(root: Path, catalog: Catalog) -> None:
    found = load("um_klines_1m", "BTCUSDT", START, join="um_metrics", missing="ignore", root=root, catalog=catalog)
    ages = dict(found.select("open_time", "metrics_time").iter_rows())
    # The bar of 00:03 is known at 00:04, that of 00:04 at 00:05, when the first five minutes are, too.
    assert ages[START + 3 * MINUTE] == START - 2000 * STEP
    assert ages[START + 4 * MINUTE] == START
    assert ages[START + 29 * MINUTE] == START + 2 * STEP
    assert (found["metrics_time"] + STEP <= found["known_at"]).all()
    assert found.columns[-7:] == [*METRIC_VALUES, "metrics_time"]


def test_several_symbols_and_columns(root: Path, catalog: Catalog) -> None:
    wanted = ["metrics_time", "sum_open_interest", "close"]
    found = load("um_klines_1m", ["ETHUSDT", "BTCUSDT"], START, columns=wanted, join=["um_metrics"], root=root,
                 missing="ignore", catalog=catalog)  # fmt: skip
    assert found.columns == ["symbol", "open_time", *wanted]
    own = found.filter(pl.col("symbol") == "ETHUSDT")
    assert own.height == 3
    assert own["sum_open_interest"].null_count() == 3, "nothing is there of this contract"
    assert own["close"].to_list() == [0.0, 1.0, 2.0]
    assert found.filter(pl.col("symbol") == "BTCUSDT")["sum_open_interest"].null_count() == 0
    alone = load("um_klines_1m", "BTCUSDT", START, columns=["sum_open_interest"], join="um_metrics", root=root,
                 missing="ignore", catalog=catalog)  # fmt: skip
    assert alone.columns == ["symbol", "open_time", "sum_open_interest"]


def test_bars_of_marks_get_them_too_and_an_empty_range_has_the_columns(root: Path, catalog: Catalog) -> None:
    options: dict[str, Any] = {"join": "um_metrics", "missing": "ignore", "root": root, "catalog": catalog}
    found = load("um_mark_klines_1m", "BTCUSDT", **options)
    assert found["sum_open_interest"][-1] == 2.0
    empty = load("um_klines_1m", "BTCUSDT", "2024-03-02", **options)
    assert empty.height == 0
    assert "metrics_time" in empty.columns


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("BTCUSDT", START, START + DAY), None),
        (("BTCUSDT", START, START + 2 * DAY), "BTCUSDT 2024-03-02; fetch it with: bcdata materialize um_metrics"),
        (("BTCUSDT", "2024-02-28", START), "BTCUSDT 2024-02-28 .. 2024-02-29 (2 partitions); fetch it with"),
        ((["BTCUSDT", "ETHUSDT"], START, START + DAY), "ETHUSDT 2024-03-01; fetch it with"),
        (("ETHUSDT", None, None), "ETHUSDT 2024-03-01 .. 2024-03-02 (2 partitions); fetch it with"),
        ((None, START, None), "BTCUSDT 2024-03-02, ETHUSDT 2024-03-01 .. 2024-03-02 (2 partitions); fetch it with"),
    ],
)
def test_what_was_never_published_of_what_is_joined_is_told_for_the_range_of_the_bars(
    root: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, asked: tuple[Any, Any, Any], words: str | None
) -> None:
    monkeypatch.setenv("BCDATA_NOW", "2024-03-04T12:00:00Z")  # the day before is not due yet
    for read in (load, scan):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            read("um_klines_1m", *asked, join="um_metrics", root=root, catalog=catalog)
        told = [str(one.message) for one in caught if str(one.message).startswith("um_metrics: ")]
        assert len(told) == (words is not None)
        assert all(one.startswith(f"um_metrics: never published is {words}") for one in told)
        assert all(one.filename == __file__ for one in caught), "warnings name the line that asked"
    if words:
        with pytest.raises(MissingDataError, match="never published is"):
            load("um_klines_1m", *asked, join="um_metrics", missing="raise", root=root, catalog=catalog)


@pytest.mark.parametrize(
    ("dataset", "join", "words"),
    [
        ("um_klines_1m", "um_funding", "'um_funding' cannot be joined to um_klines_1m; what can be is um_metrics"),
        ("um_klines_1m", "um_tardes", "what can be is um_metrics"),
        ("um_klines_1m", ["um_metrics", "cm_metrics"], "'cm_metrics' cannot be joined"),
        ("um_klines_1m", 5, "`join` takes the name of a dataset"),
        ("um_klines_1m", [5], "`join` takes the name of a dataset"),
        ("spot_klines_1m", "um_metrics", "what can be is no dataset of spot in"),
        ("um_index_klines_1m", "um_metrics", "index_klines are of pairs"),
        ("um_metrics", "um_metrics", "only to merged bars"),
        ("um_funding", "um_metrics", "only to merged bars"),
    ],
)
def test_what_cannot_be_joined_is_refused_in_words(
    root: Path, catalog: Catalog, dataset: str, join: Any, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        load(dataset, join=join, root=root, catalog=catalog)


@pytest.mark.parametrize("options", [{"fill": "flat"}, {"split": True}])
def test_metrics_are_neither_filled_nor_split(root: Path, catalog: Catalog, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="only merged bars can be filled and split"):
        load("um_metrics", "BTCUSDT", root=root, catalog=catalog, **options)


def test_a_zone_after_merged_is_refused(root: Path, catalog: Catalog) -> None:
    with pytest.raises(UsageError, match="only to merged bars"):
        load("um_klines_1m", zone="features", join="um_metrics", root=root, catalog=catalog)


def test_damage_of_what_is_joined_is_an_error(root: Path, catalog: Catalog) -> None:
    [path] = (root / "merged/um_metrics/symbol=BTCUSDT").glob("date=2024-03-01/*.parquet")
    body = bytearray(path.read_bytes())
    body[40] ^= 255
    path.unlink()
    path.write_bytes(body)
    with pytest.raises(StoreError, match="bcdata materialize --dataset um_metrics"):
        load("um_klines_1m", "BTCUSDT", join="um_metrics", missing="ignore", root=root, catalog=catalog)
    path.unlink()
    with pytest.raises(StoreError, match="bcdata materialize --dataset um_metrics"):
        load("um_klines_1m", "BTCUSDT", join="um_metrics", missing="ignore", root=root, catalog=catalog)


def test_a_file_that_is_lost_before_the_range_is_an_error_where_its_rows_would_be_joined(
    root: Path, catalog: Catalog
) -> None:
    """Else the bar would have an older row, as if there had been no newer one."""
    with closing(Store(root)) as store:
        put_metrics(store, {START - 1000 * STEP: 7.0})
    bar = ("um_klines_1m", "BTCUSDT", START, START + MINUTE)
    assert load(*bar, join="um_metrics", root=root, catalog=catalog)["sum_open_interest"].to_list() == [7.0]
    [path] = (root / "merged/um_metrics/symbol=BTCUSDT").glob(f"date={START - 1000 * STEP:%Y-%m-%d}/*.parquet")
    path.unlink()
    with pytest.raises(StoreError, match="is lost"):
        load(*bar, join="um_metrics", root=root, catalog=catalog)
