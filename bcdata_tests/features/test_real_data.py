"""Half a year of real minutes: the same bits by month, agreement with brute force, the outage of March."""

import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bcdata.features.proofs.bars import ONE_MINUTE, at
from bcdata.features.proofs.refuted import same_bits
from bcdata.features.registry import all_features
from bcdata.features.schema import table_columns
from bcdata.features.table.compute import compute
from bcdata.features.table.reach import warm_up_window
from bcdata.windows import Grain, Window
from bcdata_tests.features.oracles import History
from bcdata_tests.features.test_oracles import assert_agrees

COLUMNS = [
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "trades"),
    *("taker_buy_volume", "taker_buy_quote_volume"),
]
HALF_YEAR = Window(datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 7, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def bars(shared_data: Path) -> pl.DataFrame:
    folder = shared_data / "binance_vision/data/spot/daily/klines/BTCUSDT/1m"
    files = [path for day in HALF_YEAR.days() if (path := folder / f"BTCUSDT-1m-{day}.zip").exists()]
    text = b"".join(zipfile.ZipFile(path).read(f"{path.stem}.csv") for path in files)
    frame = pl.read_csv(BytesIO(text), has_header=False).select(pl.nth(range(11)))
    frame.columns = COLUMNS
    opened = pl.from_epoch("open_time", time_unit="ms").dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    vwap = (pl.col("quote_volume") / pl.col("volume")).fill_nan(None)
    return frame.with_columns(opened, vwap=vwap)


@pytest.fixture(scope="module")
def table(bars: pl.DataFrame) -> pl.DataFrame:
    return compute(bars, window=HALF_YEAR, interval=ONE_MINUTE)


def test_every_month_alone_has_the_bits_of_the_half_year(bars: pl.DataFrame, table: pl.DataFrame) -> None:
    for key in Grain.MONTH.keys("2023-01", "2023-06"):
        window = Grain.MONTH.window(key)
        reach = warm_up_window(window, ONE_MINUTE)
        own = bars[at(bars, reach.start) : at(bars, reach.end)]
        alone = compute(own, window=window, interval=ONE_MINUTE)
        whole = table[at(bars, window.start) : at(bars, window.end)]
        assert alone.height > 40_000
        for feature in all_features():
            same_bits(alone[feature.name].to_numpy(), whole[feature.name].to_numpy())


@pytest.mark.slow
def test_agrees_with_brute_force(bars: pl.DataFrame, table: pl.DataFrame) -> None:
    rows = np.random.default_rng(0).integers(0, bars.height, 60)
    outage = at(bars, datetime(2023, 3, 24, 11, tzinfo=UTC))
    assert_agrees(History.of(bars, 60_000_000), table, sorted({*map(int, rows), *range(outage, outage + 400, 11)}))


def test_the_outage_is_not_bridged(table: pl.DataFrame) -> None:
    resumed = datetime(2023, 3, 24, 14, tzinfo=UTC)
    after = table.filter(pl.col("open_time").is_between(resumed, resumed + timedelta(hours=6)))
    assert after["open_time"][0] - table["open_time"][at(table, resumed) - 1] == timedelta(minutes=81)
    nulls = {name: after[name].is_null().arg_true().to_list() for name in after.columns}
    assert nulls["log_ret_1"] == nulls["gap"] == [0]
    assert nulls["log_ret_60"] == list(range(60))
    assert nulls["ret_vol_z"] == list(range(61))
    assert nulls["donchian_pos_240"] == list(range(239))


def test_values_are_many_and_within_bounds(table: pl.DataFrame) -> None:
    alone = [one for one in all_features() if not any("@" in name or name == "funding" for name in one.inputs)]
    least = {one.name: (0.2 if one.partial else 0.95, one.distinct) for one in alone}
    for column in table_columns(alone):
        values = table[column.name].drop_nulls()
        share, distinct = least.get(column.name, (1.0, 1000))
        assert values.len() > share * (table.height - 1)
        assert values.n_unique() >= distinct
        if column.range is not None:
            assert values.is_between(*column.range).all()
