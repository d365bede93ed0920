"""Labels against brute force: what lies ahead, and nothing where it is missing."""

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bcdata.features.labels import label_schema, label_window, labels
from bcdata.features.proofs.bars import ONE_MINUTE, START, at, complete, hostile, whole_window
from bcdata.interval import Interval
from bcdata.windows import Window

DAY = timedelta(days=1)
HORIZONS = (1, 5, 60)


def test_a_label_is_the_close_so_many_bars_later_over_this_one() -> None:
    bars = hostile(3)
    table = labels(bars, window=whole_window(bars), interval=ONE_MINUTE, horizons=HORIZONS)
    assert table.schema == label_schema(HORIZONS)
    closes = dict(bars.select("open_time", "close").iter_rows())
    for row in table.iter_rows(named=True):
        now = row["open_time"]
        assert row["known_at"] == now + timedelta(minutes=61)
        for horizon in HORIZONS:
            later = closes.get(now + timedelta(minutes=horizon))
            expected = None if later is None else math.log(later / closes[now])
            assert row[f"fwd_ret_{horizon}"] == expected
    assert 0 < table["fwd_ret_60"].null_count() < table.height / 2


def test_a_partition_with_the_bars_after_it_has_the_labels_of_the_whole() -> None:
    bars = hostile(4)
    whole = labels(bars, window=whole_window(bars), interval=ONE_MINUTE, horizons=HORIZONS)
    window = Window(START + DAY, START + 2 * DAY)
    reach = label_window(window, ONE_MINUTE, HORIZONS)
    assert reach == Window(window.start, window.end + timedelta(minutes=60))
    own = bars[at(bars, reach.start) : at(bars, reach.end)]
    alone = labels(own, window=window, interval=ONE_MINUTE, horizons=HORIZONS)
    assert_frame_equal(alone, whole[at(bars, window.start) : at(bars, window.end)], check_exact=True)
    short = labels(own[:-1], window=window, interval=ONE_MINUTE, horizons=HORIZONS)
    assert short["fwd_ret_60"].null_count() > alone["fwd_ret_60"].null_count()


def test_what_has_not_come_yet_is_null() -> None:
    bars = complete(1)
    table = labels(bars, window=whole_window(bars), interval=ONE_MINUTE, horizons=HORIZONS)
    assert [table[name].null_count() for name in label_schema(HORIZONS).names()[2:]] == [1, 5, 60]


def test_prices_that_are_not_positive_have_no_return() -> None:
    bars = complete(1).with_columns(
        close=pl.when(pl.int_range(pl.len()) % 2 == 0).then(-1.0).otherwise(pl.col("close"))
    )
    table = labels(bars, window=whole_window(bars), interval=ONE_MINUTE, horizons=(1,))
    assert table["fwd_ret_1"].count() == 0


@pytest.mark.parametrize("name", ["1mo", "1w"])
def test_bars_of_any_length_count_in_bars(name: str) -> None:
    interval = Interval.parse(name)
    opens = [interval.ceil(datetime(2020, 1, 1, tzinfo=UTC))]
    while len(opens) < 20:
        opens.append(interval.next(opens[-1]))
    bars = complete(1)[:20].with_columns(open_time=pl.Series(opens, dtype=pl.Datetime("us", "UTC")))
    window = Window(opens[0], opens[10])
    table = labels(bars, window=window, interval=interval, horizons=(3,))
    assert table["known_at"].to_list() == opens[4:14]
    expected = [math.log(bars["close"][row + 3] / bars["close"][row]) for row in range(10)]
    assert table["fwd_ret_3"].to_list() == expected
    assert label_window(window, interval, (3,)).end == opens[13]
