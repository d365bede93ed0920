"""`bcdata.load` gives what is published and can be trusted, between two instants, filled or split on request."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import bcdata
from bcdata.catalog import Catalog, load_catalog
from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata.frames.schema import LEDGER, merged_bar
from bcdata.store.layout import Partition
from bcdata.store.store import Store

pytestmark = pytest.mark.filterwarnings("ignore:merged .* is left out:bcdata.errors.MissingDataWarning")
"""February of ETHUSDT in `root` is between two publications."""
D = "spot_klines_1h"
JANUARY, FEBRUARY = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 2, 1, tzinfo=UTC)
CATALOG = f"""datasets:
  {D}:
    {{grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive], resample: [4h]}}
"""


def bars(start: datetime, hours: list[int], price: float = 100) -> pl.DataFrame:
    rows = len(hours)
    columns = {
        "open_time": [start + timedelta(hours=n) for n in hours],
        **dict.fromkeys(("open", "high", "low", "close", "vwap"), [price] * rows),
        **dict.fromkeys(("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume"), [1.0] * rows),
        "trades": [1] * rows,
        "source": ["made up"] * rows,
        "known_at": [start + timedelta(hours=n + 1) for n in hours],
    }
    schema = merged_bar(funding=False)
    return pl.DataFrame({name: columns[name] for name in schema}, schema=schema)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    path = tmp_path / "catalog.yaml"
    path.write_text(CATALOG)
    return load_catalog(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """January and February of two symbols; February of ETHUSDT has a ledger of other bars."""
    store = Store(tmp_path / "lake")
    for symbol, start, date, hours in (
        ("BTCUSDT", JANUARY, "2023-01", [0, 1, 3]),
        ("BTCUSDT", FEBRUARY, "2023-02", [0, 1]),
        ("ETHUSDT", JANUARY, "2023-01", [5]),
        ("ETHUSDT", FEBRUARY, "2023-02", [0]),
    ):
        place = Partition("merged", D, symbol, date)
        ledger = "other" if (symbol, date) == ("ETHUSDT", "2023-02") else "f"
        store.publish(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), fingerprint=ledger, rules="1", record={})
        store.publish(place, bars(start, hours), fingerprint="f", rules="1", record={})
    store.publish(Partition("resampled", "spot_klines_4h", "BTCUSDT", "2023-01"), bars(JANUARY, [0]),
                  fingerprint="f", rules="1", record={})  # fmt: skip
    store.close()
    return store.root


def hours_of(frame: pl.DataFrame, start: datetime = JANUARY) -> list[float]:
    return [(at - start) / timedelta(hours=1) for at in frame["open_time"]]


def test_all_that_is_there_and_can_be_trusted(root: Path, catalog: Catalog) -> None:
    found = bcdata.load(D, root=root, catalog=catalog)
    assert found.columns == ["symbol", *merged_bar(funding=False)]
    assert found["symbol"].to_list() == ["BTCUSDT"] * 5 + ["ETHUSDT"]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2023-01-01T01:00", "2023-01-01T03:00", [1]),
        ("2023-01", "2023-02", [0, 1, 3]),
        (datetime(2023, 1, 1, 3), "2023-02-01T01:00:00+00:00", [3, 744]),  # noqa: DTZ001 - without an offset it is UTC
        ("2024-01", None, []),
    ],
)
def test_the_range_is_half_open_and_utc(
    root: Path, catalog: Catalog, start: str, end: str | None, expected: list[int]
) -> None:
    found = bcdata.load(D, "BTCUSDT", start, end, root=root, catalog=catalog)
    assert hours_of(found) == expected


def test_missing_bars_are_filled_as_asked(root: Path, catalog: Catalog) -> None:
    flat = bcdata.load(D, "BTCUSDT", "2023-01", "2023-01-01T06:00", fill="flat", root=root, catalog=catalog)
    assert flat["filled"].to_list() == [False, False, True, False, True, True]
    null = bcdata.load(D, "ETHUSDT", "2023-01-01T03:00", fill="null", root=root, catalog=catalog)
    assert hours_of(null) == [3, 4, 5], "without an end the grid ends with the last bar"
    assert null["close"].null_count() == 2


def test_a_series_is_split_where_it_breaks(root: Path, catalog: Catalog) -> None:
    found = bcdata.load(D, "BTCUSDT", split=True, columns=["segment"], root=root, catalog=catalog)
    assert found.columns == ["symbol", "open_time", "segment"]
    assert found["segment"].to_list() == [0, 0, 0, 1, 1]


def test_other_zones(root: Path, catalog: Catalog) -> None:
    found = bcdata.load("spot_klines_4h", zone="resampled", root=root, catalog=catalog)
    assert found.height == 1
    assert bcdata.load(D, zone="features", missing="ignore", root=root, catalog=catalog).is_empty()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"dataset": "spot_klines_1m"}, "there is no dataset"),
        ({"symbols": ["XXX"]}, "nothing of XXX"),
        ({"zone": "raw"}, "no zone 'raw'"),
        ({"dataset": D, "zone": "resampled"}, "resampled to"),
        ({"fill": "linear"}, "`fill` is 'linear'; it is one of none, null, flat"),
        ({"zone": "features", "split": True}, "only merged bars"),
        ({"columns": ["clsoe"]}, "no column clsoe"),
        ({"start": "2023-02", "end": "2023-01"}, "empty or reversed"),
        ({"start": "yesterday"}, "not an instant"),
    ],
)
def test_what_cannot_be_meant_is_said(root: Path, catalog: Catalog, asked: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        bcdata.load(**{"dataset": D, "root": root, "catalog": catalog, **asked})  # type: ignore[arg-type]


def test_importing_the_package_imports_no_library() -> None:
    words = "import sys, bcdata; print(sorted({'polars', 'duckdb', 'numpy', 'dagster'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        bcdata.lode  # noqa: B018


def test_an_export_is_whole_and_names_when_a_row_is_known(
    root: Path, tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert catalog
    monkeypatch.setenv("BCDATA_ROOT", str(root))
    monkeypatch.setenv("BCDATA_CATALOG", str(tmp_path / "catalog.yaml"))
    words = ["export", "--dataset", D, "--symbols", "BTCUSDT", "--to", "2023-01", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*words, "--format", "csv", "--json"])
    assert done.exit_code == 0, done.output
    (written,) = json.loads(done.stdout)
    assert written["rows"] == 3
    lines = Path(written["path"]).read_text().splitlines()
    assert lines[0].startswith("symbol,open_time,known_at,open,high")
    assert lines[3].startswith("BTCUSDT,2023-01-01T03:00:00Z,2023-01-01T04:00:00Z,100.0")
    assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == [f"{D}-BTCUSDT.csv"]
    other = CliRunner().invoke(app, [*words, "--format", "csv", "--fill", "flat"])
    assert isinstance(other.exception, UsageError)
    assert len(Path(written["path"]).read_text().splitlines()) == 4
    parquet = CliRunner().invoke(app, [*words, "--fill", "flat"])
    assert parquet.exit_code == 0, parquet.output
    assert pl.read_parquet(tmp_path / f"out/{D}-BTCUSDT.parquet").height == 744


@pytest.fixture
def months(tmp_path: Path) -> Path:
    """January to May of one symbol: April was never made, May is open and was made on the 10th; it ends on the 8th."""
    store = Store(tmp_path / "months")
    june = datetime(2023, 6, 1, tzinfo=UTC)
    march, may = datetime(2023, 3, 1, tzinfo=UTC), datetime(2023, 5, 1, tzinfo=UTC)
    gone = {"start": [may + timedelta(days=7)], "end": [may + timedelta(days=9, hours=22)], "bars": [71]}
    delisted = pl.DataFrame({**gone, "status": ["delisted"], "evidence": ["it is gone"]}, schema=LEDGER)
    for date, start, hours, price, closed, ledger in (
        ("2023-01", JANUARY, [0, 1, 743], 100, FEBRUARY, None),
        ("2023-02", FEBRUARY, [2, 100], 150, march, None),
        ("2023-03", march, [743], 170, march + timedelta(hours=744), None),
        ("2023-05", may, [1, 160], 200, may + timedelta(days=9, hours=23), delisted),
    ):
        place = Partition("merged", D, "BTCUSDT", date)
        gaps = pl.DataFrame(schema=LEDGER) if ledger is None else ledger
        record = {"closed": min(closed, june).isoformat()}
        store.publish(place.in_zone("gaps"), gaps, fingerprint="f", rules="1", record={})
        store.publish(place, bars(start, hours, price), fingerprint="f", rules="1", record=record)
    store.close()
    return store.root


@pytest.mark.parametrize(("fill", "before"), [("flat", 0), ("null", 1)])
def test_filling_ends_at_what_was_made_at_a_delisting_and_now(
    months: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, fill: str, before: int
) -> None:
    monkeypatch.setenv("BCDATA_NOW", "2023-05-05T12:30:00Z")
    found = bcdata.load(D, "BTCUSDT", "2023-01", "2100-01", fill=fill, missing="ignore", root=months, catalog=catalog)
    counts = dict(found.group_by(pl.col("open_time").dt.strftime("%Y-%m")).len().sort("open_time").iter_rows())
    hours = {"2023-01": 744, "2023-02": 672, "2023-03": 744, "2023-05": 4 * 24 + 12 - 1 + before + 1}
    assert counts == hours, "now is in May: its real bar of the 7th is there all the same"
    assert found.filter(pl.col("open_time") > datetime(2023, 5, 5, 11, tzinfo=UTC))["close"].to_list() == [200]
    monkeypatch.setenv("BCDATA_NOW", "2024-01-01T00:00:00Z")
    later = bcdata.load(D, "BTCUSDT", "2023-01", "2100-01", fill=fill, missing="ignore", root=months, catalog=catalog)
    assert later["open_time"][-1] == datetime(2023, 5, 10, 22, tzinfo=UTC) - timedelta(days=3) + timedelta(hours=1)


def test_no_close_is_carried_over_a_month_that_was_not_made(months: Path, catalog: Catalog) -> None:
    found = bcdata.load(D, "BTCUSDT", "2023-01", "2023-06", fill="flat", missing="ignore", root=months, catalog=catalog)
    may = found.filter(pl.col("open_time") >= datetime(2023, 4, 1, tzinfo=UTC))
    assert may["open_time"][0] == datetime(2023, 5, 1, 1, tzinfo=UTC), "before its first bar there is no close"
    assert set(may["close"]) == {200}
    march = found.filter(pl.col("open_time").dt.month() == 3)
    assert (march["close"][0], march["filled"].sum()) == (150, 743), "from February to March it is"
    assert (found["known_at"] == found["open_time"] + timedelta(hours=1)).all()


@pytest.mark.parametrize("fill", ["null", "flat"])
def test_a_series_is_split_by_its_real_bars_whether_it_is_filled_or_not(
    months: Path, catalog: Catalog, fill: str
) -> None:
    options = {"split": True, "missing": "ignore", "root": months, "catalog": catalog}
    real = bcdata.load(D, "BTCUSDT", "2023-01", "2023-06", **options)
    assert real["segment"].n_unique() > 3
    filled = bcdata.load(D, "BTCUSDT", "2023-01", "2023-06", fill=fill, **options)
    assert filled.height > real.height
    both = filled.join(real, on="open_time", suffix="_real")
    assert both.height == real.height
    assert both["segment"].equals(both["segment_real"])
    assert filled["segment"].null_count() == 0
    assert filled["segment"].is_sorted()


def test_a_date_is_its_midnight(root: Path, catalog: Catalog) -> None:
    second = JANUARY.date() + timedelta(days=1)
    found = bcdata.load(D, start=JANUARY.date(), end=second, root=root, catalog=catalog)
    assert found.equals(bcdata.load(D, start="2023-01-01", end="2023-01-02", root=root, catalog=catalog))
    assert found.height == 4


@pytest.mark.parametrize("value", [0, 20230101, 1.5, True, b"2023-01", (2023, 1), timedelta(1)])
@pytest.mark.parametrize("which", ["start", "end"])
def test_what_is_no_instant_is_refused(root: Path, catalog: Catalog, which: str, value: object) -> None:
    with pytest.raises(UsageError, match="is no instant; write a datetime, a date, or ISO text"):
        bcdata.load(D, root=root, catalog=catalog, **{which: value})  # type: ignore[arg-type]


def test_an_unknown_column_is_told_with_all_that_there_are(root: Path, catalog: Catalog) -> None:
    with pytest.raises(UsageError, match=r"no column colour; there are symbol, open_time, .*close, volume"):
        bcdata.load(D, columns=["colour", "close"], root=root, catalog=catalog)
