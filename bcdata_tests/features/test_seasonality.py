"""The profile of a day, against brute force; and that it knows nothing of the day itself."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bcdata.errors import UsageError
from bcdata.features.proofs.bars import ONE_MINUTE, complete, hostile
from bcdata.features.seasonality import SCHEMA, profile_window, volatility_profile
from bcdata.interval import Interval
from bcdata.windows import Window

DAY = timedelta(days=1)
START = datetime(2023, 2, 1, tzinfo=UTC)
WINDOW = Window(START + 21 * DAY, START + 24 * DAY)


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    return hostile(24, start=START)


def test_a_bucket_is_the_root_mean_square_of_the_twenty_days_before(bars: pl.DataFrame) -> None:
    table = volatility_profile(bars, window=WINDOW, interval=ONE_MINUTE)
    assert table.schema == SCHEMA
    assert table.height == 3 * 96
    close = dict(bars.select("open_time", "close").iter_rows())
    checked = 0
    for row in table.gather_every(7).iter_rows(named=True):
        assert row["known_at"] == row["open_time"].replace(hour=0, minute=0)
        opens = [row["open_time"] - back * DAY + m * timedelta(minutes=1) for back in range(1, 21) for m in range(15)]
        pairs = [(close.get(at), close.get(at - timedelta(minutes=1))) for at in opens]
        squares = [math.log(now / before) ** 2 for now, before in pairs if now and before]
        if len(squares) < 270:
            assert row["sigma"] is None
        else:
            checked += 1
            assert row["sigma"] == pytest.approx(math.sqrt(sum(squares) / len(squares)), rel=1e-12)
    assert checked > 20


def test_it_is_relative_to_the_whole_day() -> None:
    table = volatility_profile(complete(24, start=START), window=WINDOW, interval=ONE_MINUTE)
    assert table.null_count().sum_horizontal().item() == 0
    per_day = table.group_by("known_at").agg((pl.col("relative") ** 2).mean())
    np.testing.assert_allclose(per_day["relative"], 1.0, rtol=1e-12)


def test_a_busy_hour_is_seen_from_the_next_day_on() -> None:
    calm = complete(24, start=START)
    busy = (pl.col("open_time").dt.hour() == 14) & (pl.int_range(pl.len()) % 2 == 0)
    loud = calm.with_columns(pl.when(busy).then(pl.col("close") * 1.01).otherwise(pl.col("close")).alias("close"))
    table = volatility_profile(loud, window=WINDOW, interval=ONE_MINUTE)
    by_hour = table.group_by(pl.col("open_time").dt.hour()).agg(pl.col("relative").mean()).sort("open_time")
    assert by_hour["relative"].arg_max() == 14
    assert by_hour["relative"][14] > 3


def test_days_alone_have_the_bits_of_all_and_nothing_of_the_day_itself(bars: pl.DataFrame) -> None:
    whole = volatility_profile(bars, window=WINDOW, interval=ONE_MINUTE)
    for day in range(3):
        window = Window(WINDOW.start + day * DAY, WINDOW.start + (day + 1) * DAY)
        reach = profile_window(window, ONE_MINUTE)
        own = bars.filter(pl.col("open_time").is_between(reach.start, window.start, closed="left"))
        alone = volatility_profile(own, window=window, interval=ONE_MINUTE)
        assert_frame_equal(alone, whole[day * 96 : (day + 1) * 96], check_exact=True)
        fewer = own.filter(pl.col("open_time") >= reach.start + 3 * DAY)
        assert volatility_profile(fewer, window=window, interval=ONE_MINUTE)["sigma"].count() == 0


def test_where_nothing_moves_there_is_no_ratio() -> None:
    flat = complete(24, start=START).with_columns(close=pl.lit(1.0))
    table = volatility_profile(flat, window=WINDOW, interval=ONE_MINUTE)
    assert (table["sigma"] == 0).all()
    assert table["relative"].null_count() == table.height


@pytest.mark.parametrize("name", ["7m", "1h", "1d", "1mo"])
def test_bars_that_do_not_fill_a_bucket_are_refused(name: str, bars: pl.DataFrame) -> None:
    with pytest.raises(UsageError, match=f"which bars of {name} do not fill"):
        volatility_profile(bars, window=WINDOW, interval=Interval.parse(name))


def test_parts_of_a_day_are_refused(bars: pl.DataFrame) -> None:
    with pytest.raises(UsageError, match="whole UTC days"):
        volatility_profile(bars, window=Window(WINDOW.start, WINDOW.end - DAY / 2), interval=ONE_MINUTE)
