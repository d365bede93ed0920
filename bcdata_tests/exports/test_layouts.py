"""What stands in the files of each layout: names, closes, and the first instant at which an engine acts on a bar."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather

from bcdata.exports.files import export
from bcdata.exports.layouts.layout import Label
from bcdata.exports.layouts.table import LAYOUTS
from bcdata.exports.units import in_order
from bcdata.interval import Interval
from bcdata.store.layout import Partition
from bcdata_tests.exports.lake import HOURS, START, ExportLake

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
Bars = list[tuple[datetime, float]]
"""The first instant at which an engine acts on a bar, and its close."""


def _freqtrade(out: Path) -> Bars:
    rows = pl.DataFrame(feather.read_table(out / "data/binance/BTC_USDT-1h.feather"))
    assert rows.columns == ["date", "open", "high", "low", "close", "volume"]
    assert rows.schema["date"] == pl.Datetime("ms", "UTC")
    return [(at + HOUR, close) for at, close in rows.select("date", "close").iter_rows()]


def _lean(out: Path) -> Bars:
    [(name, lines)] = unzipped(out / "crypto/binance/hour/btcusdt_trade.zip").items()
    assert name == "btcusdt.csv"
    ends = [datetime.strptime(line[0], "%Y%m%d %H:%M").replace(tzinfo=UTC) + HOUR for line in lines]
    return [(at, float(line[4])) for at, line in zip(ends, lines, strict=True)]


def _from_csv(out: Path) -> Iterator[tuple[datetime, float]]:
    with (out / f"{HOURS}-BTCUSDT.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            values = {name.lower(): value for name, value in line.items()}
            at = datetime.fromisoformat(values["known_at"] if "known_at" in values else f"{values['datetime']}+00:00")
            yield at, float(values["close"])


def _backtesting(out: Path) -> Bars:
    return list(_from_csv(out))


def _vectorbt(out: Path) -> Bars:
    close = pl.read_parquet(out / f"{HOURS}-close.parquet")
    return list(close.select("known_at", "BTCUSDT").iter_rows())


def _nautilus(out: Path) -> Bars:
    [path] = (out / "data/bar/BTCUSDT.BINANCE-1-HOUR-LAST-EXTERNAL").glob("*.parquet")
    table = pq.read_table(path).to_pydict()
    at = [START + timedelta(microseconds=one // 1000 - START.timestamp() * 1e6) for one in table["ts_init"]]
    return list(zip(at, [int.from_bytes(one, "little", signed=True) / 1e16 for one in table["close"]], strict=True))


READ: dict[str, Callable[[Path], Bars]] = {
    "freqtrade": _freqtrade,
    "lean": _lean,
    "backtesting": _backtesting,
    "backtrader": _backtesting,
    "vectorbt": _vectorbt,
    "nautilus": _nautilus,
}
ACT_AT_THE_END = ("freqtrade", "lean")


def unzipped(path: Path) -> dict[str, list[list[str]]]:
    with zipfile.ZipFile(path) as archive:
        return {one: list(csv.reader(io.StringIO(archive.read(one).decode()))) for one in archive.namelist()}


def test_every_engine_of_the_table_is_read_here() -> None:
    assert {name for name, layout in LAYOUTS.items() if layout.is_engine} == {*READ}


@pytest.mark.parametrize("form", READ)
def test_an_engine_first_acts_on_a_bar_when_it_is_known(lake: ExportLake, form: str) -> None:
    closes = [0.1, 23456.78, 1e-8, 2.5, 7.0, 8.0]
    late = [timedelta(), 1689 * SECOND, timedelta(minutes=28, milliseconds=14_789), 2 * HOUR, timedelta(), timedelta()]
    bars = lake.publish(HOURS, closes=closes, late=late)
    [told] = export(HOURS, "BTCUSDT", None, None, out=lake.out, form=form, **lake.where)  # type: ignore[arg-type]
    known = list(bars.select("known_at", "close").iter_rows())
    on_time = [0, 4, 5] if form in ACT_AT_THE_END else [0, 1, 2, 4, 5]
    assert READ[form](lake.out) == [known[n] for n in on_time], "bars that cannot be acted on in time are left out"
    assert (told.left_out, told.state) == (6 - len(on_time), "written")


@pytest.mark.parametrize("label", [Label.OPEN, Label.KNOWN_AT])
@given(late=st.lists(st.integers(0, 5), max_size=20))
def test_what_is_left_out(label: Label, late: list[int]) -> None:
    """By the slow way: known at the end, or before all that comes later. Two symbols know nothing of each other."""
    ends = [START + (n + 1) * HOUR for n in range(len(late))]
    known = [end + delay * timedelta(minutes=30) for end, delay in zip(ends, late, strict=True)]
    one = pl.DataFrame({"open_time": [end - HOUR for end in ends], "known_at": known}, schema=dict.fromkeys(
        ("open_time", "known_at"), pl.Datetime("us", "UTC")))  # fmt: skip
    both = pl.concat([one.select(pl.lit(name).alias("symbol"), pl.all()) for name in ("A", "B")])
    found, left_out = in_order(both, Interval.parse("1h"), label)
    kept = [
        at
        for n, at in enumerate(known)
        if (at == ends[n] if label is Label.OPEN else all(at < other for other in known[n + 1 :]))
    ]
    assert found["known_at"].to_list() == kept * 2
    assert left_out == both.height - 2 * len(kept)


_BAR = "BINANCE-1-HOUR-LAST-EXTERNAL/2023-01-01T01-00-00-000000000Z_2023-01-01T03-00-00-000000000Z.parquet"
NAMES = [
    (HOURS, "BTCUSDT", "freqtrade", "data/binance/BTC_USDT-1h.feather"),
    ("um_klines_1h", "BTCUSDT", "freqtrade", "data/binance/futures/BTC_USDT_USDT-1h-futures.feather"),
    ("um_mark_klines_1h", "BTCUSDT", "freqtrade", "data/binance/futures/BTC_USDT_USDT-1h-mark.feather"),
    ("cm_klines_1h", "BTCUSD_PERP", "freqtrade", "data/binance/futures/BTC_USD_BTC-1h-futures.feather"),
    ("kraken_klines_1h", "XBTUSD", "freqtrade", "data/kraken/BTC_USD-1h.feather"),
    ("coinbase_klines_1h", "BTC-USD", "freqtrade", "data/coinbase/BTC_USD-1h.feather"),
    ("bitstamp_klines_1h", "BTC-USD", "freqtrade", "data/bitstamp/BTC_USD-1h.feather"),
    (HOURS, "币安人生USDT", "freqtrade", "data/binance/币安人生_USDT-1h.feather"),
    (HOURS, "币安人生USDT", "csv", f"{HOURS}-%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT.csv"),
    (HOURS, "BTCUSDT", "lean", "crypto/binance/hour/btcusdt_trade.zip"),
    ("um_klines_1h", "BTCUSDT", "lean", "cryptofuture/binance/hour/btcusdt_trade.zip"),
    ("cm_klines_1h", "BTCUSD_PERP", "lean", "cryptofuture/binance/hour/btcusd_trade.zip"),
    ("coinbase_klines_1h", "BTC-USD", "lean", "crypto/coinbase/hour/btcusd_trade.zip"),
    ("spot_klines_1d", "BTCUSDT", "lean", "crypto/binance/daily/btcusdt_trade.zip"),
    ("spot_klines_1m", "BTCUSDT", "lean", "crypto/binance/minute/btcusdt/20230101_trade.zip"),
    (HOURS, "币安USDT", "nautilus", f"data/bar/%E5%B8%81%E5%AE%89USDT.{_BAR}"),
    ("um_mark_klines_1h", "BTCUSDT", "nautilus", f"data/bar/BTCUSDT-PERP.{_BAR.replace('LAST', 'MARK')}"),
    (HOURS, "BTCUSDT", "nautilus", f"data/bar/BTCUSDT.{_BAR}"),
    ("um_klines_1h", "BTCUSDT", "nautilus", f"data/bar/BTCUSDT-PERP.{_BAR}"),
    ("cm_klines_1h", "BTCUSD_PERP", "nautilus", f"data/bar/BTCUSD-PERP.{_BAR}"),
]


@pytest.mark.parametrize(("dataset", "symbol", "form", "path"), NAMES)
def test_files_are_named_as_the_engine_looks_for_them(
    lake: ExportLake, dataset: str, symbol: str, form: str, path: str
) -> None:
    lake.publish(dataset, symbol)
    [told] = export(dataset, symbol, None, None, out=lake.out, form=form, **lake.where)  # type: ignore[arg-type]
    assert [*lake.files()] == [path]
    assert (told.symbol, told.path, told.files) == (symbol, str(lake.out / path), 1)
    assert told.bytes == Path(str(told.path)).stat().st_size


def test_lean_has_a_file_a_day_with_milliseconds_since_midnight_and_no_exponents(lake: ExportLake) -> None:
    lake.publish("spot_klines_1m", closes=[5e-7, 1.5], start=START + timedelta(hours=23, minutes=58), volume=1e20)
    lake.publish("spot_klines_1m", closes=[2.0], start=START + timedelta(days=1))
    [told] = export("spot_klines_1m", "BTCUSDT", None, None, out=lake.out, form="lean", **lake.where)  # type: ignore[arg-type]
    folder = lake.out / "crypto/binance/minute/btcusdt"
    assert (told.path, told.files, told.rows) == (str(folder), 2, 3)
    volume = "1" + "0" * 20
    assert unzipped(folder / "20230101_trade.zip") == {
        "20230101_btcusdt_minute_trade.csv": [
            ["86280000", "-0.4999995", "1.0000005", "-0.9999995", "0.0000005", volume],
            ["86340000", "1", "2.5", "0.5", "1.5", volume],
        ]
    }
    second = unzipped(folder / "20230102_trade.zip")["20230102_btcusdt_minute_trade.csv"]
    assert [line[0] for line in second] == ["0"]


def test_times_of_a_csv_all_have_microseconds_where_one_does(lake: ExportLake) -> None:
    """pandas and backtrader read all lines by one format."""
    lake.publish(HOURS, late=[timedelta(), timedelta(milliseconds=789)])
    for form in ("backtesting", "backtrader"):
        list(export(HOURS, "BTCUSDT", None, None, out=lake.out / form, form=form, **lake.where))  # type: ignore[arg-type]
        lines = (lake.out / form / f"{HOURS}-BTCUSDT.csv").read_text().splitlines()[1:]
        zone = "+00:00" if form == "backtesting" else ""
        ends = ("01:00:00.000000", "02:00:00.789000", "03:00:00.000000")
        assert [line.partition(",")[0] for line in lines] == [f"2023-01-01 {end}{zone}" for end in ends]


@pytest.mark.parametrize("late", [[], [789, 0, 0], [0, 789, 0], [0, 0, 1000]])
def test_pandas_reads_the_instants_of_a_csv_whichever_row_has_a_fraction(lake: ExportLake, late: list[int]) -> None:
    bars = lake.publish(HOURS, late=[timedelta(milliseconds=one) for one in late])
    list(export(HOURS, "BTCUSDT", None, None, out=lake.out, form="csv", **lake.where))  # type: ignore[arg-type]
    read = pd.read_csv(lake.out / f"{HOURS}-BTCUSDT.csv", parse_dates=["open_time", "known_at"])
    for name in ("open_time", "known_at"):
        assert read[name].tolist() == bars[name].to_list(), "instants, and not text"


def test_wide_files_have_a_column_a_symbol_and_no_value_where_there_is_no_bar(lake: ExportLake) -> None:
    lake.publish(HOURS, closes=[1.0, 2.0])
    lake.publish(HOURS, "ETHUSDT", closes=[3.0, 4.0], start=START + HOUR, volume=None)
    [told] = export(HOURS, ["ETHUSDT", "BTCUSDT"], None, None, out=lake.out, form="vectorbt", **lake.where)  # type: ignore[arg-type]
    assert (told.symbol, told.path, told.files) == (None, str(lake.out), 5)
    close = pl.read_parquet(lake.out / f"{HOURS}-close.parquet")
    assert close.columns == ["known_at", "ETHUSDT", "BTCUSDT"]
    assert close.drop("known_at").rows() == [(None, 1.0), (3.0, 2.0), (4.0, None)]


def test_features_stand_beside_bars_and_may_make_them_known_later(lake: ExportLake) -> None:
    bars = lake.publish(HOURS)
    known = pl.col("known_at") + pl.Series([0, 60, 0]).cast(pl.Int64) * SECOND
    features = bars.select("open_time", known, pl.Series("log_ret_1", [None, 0.5, 0.25]))
    lake.put(Partition("features", HOURS, "BTCUSDT", "2023-01"), features)
    named = {"features": ["log_ret_1"], **lake.where}
    list(export(HOURS, "BTCUSDT", None, None, out=lake.out, form="backtesting", **named))  # type: ignore[arg-type]
    header, *lines = (lake.out / f"{HOURS}-BTCUSDT.csv").read_text().splitlines()
    assert header == "known_at,Open,High,Low,Close,Volume,log_ret_1"
    assert [line.split(",")[0][11:19] + " " + line.split(",")[-1] for line in lines] == [
        "01:00:00 ", "02:01:00 0.5", "03:00:00 0.25"
    ]  # fmt: skip
    wide = lake.out / "wide"
    list(export(HOURS, "BTCUSDT", None, None, out=wide, form="vectorbt", **named))  # type: ignore[arg-type]
    assert pl.read_parquet(wide / f"{HOURS}-log_ret_1.parquet")["BTCUSDT"].to_list() == [None, 0.5, 0.25]


@pytest.mark.parametrize("form", [*READ])
def test_coarser_bars_are_computed(lake: ExportLake, form: str) -> None:
    lake.publish("spot_klines_15m", closes=[float(n) for n in range(1, 25)])
    [told] = export(
        "spot_klines_15m",
        "BTCUSDT",
        None,
        None,
        out=lake.out,
        form=form,
        interval="1h",
        **lake.where,  # type: ignore[arg-type]
    )
    ends = [START + n * HOUR for n in range(1, 7)]
    assert READ[form](lake.out) == list(zip(ends, [4.0, 8.0, 12.0, 16.0, 20.0, 24.0], strict=True))
    assert told.left_out == 0


@pytest.mark.parametrize("form", READ)
def test_where_no_bar_is_in_the_range_an_engine_gets_no_file(lake: ExportLake, form: str) -> None:
    lake.publish(HOURS)
    span = (START + 10 * HOUR, START + 11 * HOUR)
    [told] = export(HOURS, "BTCUSDT", *span, out=lake.out, form=form, **lake.where)  # type: ignore[arg-type]
    assert (told.path, told.files, told.rows) == (None, 0, 0)


def test_engines_are_not_imported() -> None:
    for path in (Path(__file__).parents[2] / "bcdata/exports").rglob("*.py"):
        text = path.read_text()
        assert not [name for name in READ if f"import {name}\n" in text or f"from {name}" in text], path
