"""Windows, warm-up, rows and refusals of the computation, whatever the features are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bcdata.features.proofs.bars import MINUTE, ONE_MINUTE, START, at, complete, hostile, whole_window
from bcdata.features.proofs.refuted import same_bits
from bcdata.features.registry import Feature, all_features
from bcdata.features.schema import table_columns, table_schema
from bcdata.features.table.compute import compute
from bcdata.features.table.context import FeatureContext
from bcdata.features.table.placing import make_grid, opened
from bcdata.features.table.reach import warm_up_window
from bcdata.interval import Interval
from bcdata.windows import Grain, Window

DAY = timedelta(days=1)
FAMILY = [feature for feature in all_features() if feature.family == "Price & Returns"]
BY_NAME = {feature.name: feature for feature in FAMILY}


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_the_table_has_one_row_per_bar_of_the_window_and_the_declared_columns() -> None:
    bars = hostile()
    window = Window(START + DAY, START + 3 * DAY)
    table = compute(bars, window=window, interval=ONE_MINUTE)
    assert table.schema == table_schema()
    assert_frame_equal(
        table.select("open_time"), bars.select("open_time")[at(bars, window.start) : at(bars, window.end)]
    )
    assert (table["known_at"] - table["open_time"]).unique().to_list() == [MINUTE]


@pytest.mark.parametrize("features", [None, [], [BY_NAME["body"], BY_NAME["log_ret_5"]]])
def test_no_bars_is_an_empty_table_of_the_same_columns(features: list[Feature] | None) -> None:
    bars = complete(1)
    for frame, window in ((bars.clear(), whole_window(bars)), (bars, Window(START, START))):
        table = compute(frame, window=window, interval=ONE_MINUTE, features=features)
        assert table.is_empty()
        assert table.schema == table_schema(features)


def test_one_bar_has_its_shape_and_no_past() -> None:
    bars = complete(1)[777:778]
    (row,) = compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=FAMILY).rows(named=True)
    known = {name for name, value in row.items() if value is not None}
    assert known == {"open_time", "known_at", "close_loc", "body", "upper_wick", "lower_wick"}


def test_late_listing_starts_without_a_past_whatever_the_window() -> None:
    listed = START + timedelta(hours=30, minutes=17)
    bars = hostile().filter(pl.col("open_time") >= listed)
    early = compute(bars, window=Window(START - 30 * DAY, START + 6 * DAY), interval=ONE_MINUTE)
    late = compute(bars, window=Window(listed, START + 6 * DAY), interval=ONE_MINUTE)
    assert_frame_equal(early, late, check_exact=True)
    assert early["donchian_pos_240"][:200].count() == 0
    assert early["intraday_ret"][: at(bars, START + 2 * DAY)].count() == 0


def test_one_missing_minute_costs_only_what_looks_at_it() -> None:
    bars = complete(2)
    hole = 2000
    table = compute(bars.filter(pl.int_range(pl.len()) != hole), window=whole_window(bars), interval=ONE_MINUTE)
    nulls = {name: (table[name][1440:].is_null()).arg_true().to_numpy() + 1440 for name in BY_NAME}
    assert list(nulls["log_ret_60"]) == [hole + 60 - 1]  # rows after the hole stand one earlier
    assert list(nulls["gap"]) == [hole]
    assert list(nulls["ret_vol_z"]) == [hole, hole + 60 - 1, hole + 61 - 1]
    assert list(nulls["donchian_pos_240"]) == [hole + 239 - 1]
    assert list(nulls["close_loc"]) == []


@pytest.mark.parametrize(("length", "whole"), [(24, True), (25, False)])
def test_a_window_with_more_than_a_tenth_missing_is_null(length: int, whole: bool) -> None:
    bars = complete(1)
    held = bars.filter(~pl.int_range(pl.len()).is_between(700, 699 + length))
    table = compute(held, window=whole_window(bars), interval=ONE_MINUTE)
    assert (table["donchian_pos_240"][700] is not None) is whole


def test_null_columns_leave_what_reads_them_null_and_the_rest_as_it_is() -> None:
    bars = hostile(3)
    window = whole_window(bars)
    whole = compute(bars, window=window, interval=ONE_MINUTE)
    bare = bars.with_columns(
        pl.lit(None, dtype=bars[name].dtype).alias(name)
        for name in ("quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume", "vwap")
    )
    table = compute(bare, window=window, interval=ONE_MINUTE)
    kept = {"open", "high", "low", "close", "volume"}
    lacking = [one.name for one in all_features() if one.columns - kept]
    assert {"volume_z", "trade_size_z", "vwap_dev_240", "vpin_like_60", "impact_bp"} <= set(lacking)
    assert {name: table[name].null_count() for name in lacking} == dict.fromkeys(lacking, bars.height)
    assert_frame_equal(table.drop(lacking), whole.drop(lacking), check_exact=True)
    assert "rel_volume" not in lacking


def test_days_months_single_bars_and_the_whole_have_the_same_bits() -> None:
    bars = hostile()
    whole = compute(bars, window=whole_window(bars), interval=ONE_MINUTE)
    parts = {
        "days": [Window(START + i * DAY, START + (i + 1) * DAY) for i in range(6)],
        "months": [Grain.MONTH.window("2023-02"), Grain.MONTH.window("2023-03")],
        "hours": [Window(START + timedelta(hours=i), START + timedelta(hours=i + 1)) for i in range(36, 60)],
    }
    for windows in parts.values():
        tables = [compute(bars, window=window, interval=ONE_MINUTE) for window in windows]
        joined = pl.concat(tables)
        expected = whole[at(bars, windows[0].start) : at(bars, windows[-1].end)]
        for name in BY_NAME:
            same_bits(joined[name].to_numpy(), expected[name].to_numpy())
    for row in np.random.default_rng(0).integers(0, bars.height, 20):
        opened = bars["open_time"][int(row)]
        single = compute(bars[: int(row) + 1], window=Window(opened, opened + MINUTE), interval=ONE_MINUTE)
        assert_frame_equal(single, whole[int(row)], check_exact=True)


def test_hours_by_day_have_the_bits_of_all_hours_though_days_do_not_divide_windows() -> None:
    bars, hour = complete(90, interval="1h"), Interval.parse("1h")
    whole = compute(bars, window=whole_window(bars), interval=hour, features=FAMILY)
    for day in range(62, 90, 3):
        window = Window(START + day * DAY, START + (day + 1) * DAY)
        alone = compute(bars, window=window, interval=hour, features=FAMILY)
        assert alone.null_count().sum_horizontal().item() == 0
        assert_frame_equal(alone, whole[day * 24 : (day + 1) * 24], check_exact=True)


def test_no_features_are_times_alone() -> None:
    bars = complete(1)
    table = compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=[])
    assert table.columns == ["open_time", "known_at"]
    assert table.height == bars.height


def test_one_call_and_one_call_per_feature_agree() -> None:
    bars, window = hostile(3), Window(START + DAY, START + 3 * DAY)
    together = compute(bars, window=window, interval=ONE_MINUTE)
    for name, feature in BY_NAME.items():
        alone = compute(bars, window=window, interval=ONE_MINUTE, features=[feature])
        same_bits(alone[name].to_numpy(), together[name].to_numpy())


@pytest.mark.parametrize(
    ("interval", "names", "start", "expected"),
    [
        ("1m", list(BY_NAME), utc(2023, 3, 1), utc(2023, 2, 27, 23, 59)),
        ("1m", ["log_ret_240"], utc(2023, 3, 1), utc(2023, 2, 27, 23, 59)),
        ("1m", ["body"], utc(2023, 3, 1), utc(2023, 2, 28, 23, 59)),
        ("1m", ["body"], utc(2023, 3, 1, 7, 30), utc(2023, 2, 28, 23, 59)),
        ("1m", [], utc(2023, 3, 1), utc(2023, 2, 28, 23, 59)),
        ("1h", list(BY_NAME), utc(2023, 3, 1), utc(2022, 12, 30, 23)),
        ("1d", ["log_ret_60"], utc(2023, 3, 1), utc(2022, 12, 30)),
        ("1w", ["gap"], utc(2023, 3, 1), utc(2023, 2, 15)),
        ("1mo", ["log_ret_5"], utc(2023, 3, 1), utc(2022, 9, 1)),
    ],
)
def test_warm_up_is_whole_days_and_one_bar(
    interval: str, names: list[str], start: datetime, expected: datetime
) -> None:
    chosen = [BY_NAME[name] for name in names]
    window = Window(start, start + DAY)
    assert warm_up_window(window, Interval.parse(interval), chosen) == Window(expected, window.end)


@settings(max_examples=60, deadline=None, database=None)
@given(
    interval=st.sampled_from(["1s", "1m", "7m", "1h", "12h", "1d", "3d", "1w", "1mo"]).map(Interval.parse),
    start=st.datetimes(utc(2015, 1, 1).replace(tzinfo=None), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    feature=st.sampled_from([feature for feature in all_features() if feature.warm_up <= 240]),
)
def test_the_warm_up_window_holds_the_warm_up_of_its_first_bar(
    interval: Interval, start: datetime, feature: Feature
) -> None:
    reach = warm_up_window(Window(start, start + DAY), interval, [feature])
    opened = interval.ceil(start)
    for _ in range(feature.warm_up):
        opened = interval.floor(opened - timedelta(microseconds=1))
    assert reach.start <= opened
    assert reach.start <= start.replace(hour=0, minute=0, second=0, microsecond=0)


def test_months_are_bars_too() -> None:
    opens = pl.datetime_range(utc(2019, 1, 1), utc(2024, 1, 1), "1mo", closed="left", time_zone="UTC", eager=True)
    bars = complete(1)[: len(opens)].with_columns(open_time=opens.dt.cast_time_unit("us"))
    table = compute(
        bars,
        window=Window(utc(2023, 1, 1), utc(2024, 1, 1)),
        interval=Interval.parse("1mo"),
        features=[BY_NAME["log_ret_15"], BY_NAME["intraday_ret"]],
    )
    close = bars["close"].to_numpy()
    np.testing.assert_allclose(table["log_ret_15"].to_numpy(), np.log(close[48:] / close[33:-15]), rtol=1e-12)
    np.testing.assert_allclose(
        table["intraday_ret"].to_numpy(), np.log(close[48:] / bars["open"].to_numpy()[48:]), rtol=1e-9
    )
    assert table["known_at"].to_list() == [*table["open_time"].to_list()[1:], utc(2024, 1, 1)]


def test_a_bar_off_the_grid_has_a_row_of_nulls_and_disturbs_no_other() -> None:
    bars = complete(1)
    stray = bars[500:501].with_columns(pl.col("open_time") + timedelta(milliseconds=789))
    with_stray = pl.concat([bars[:501], stray, bars[501:]])
    table = compute(with_stray, window=whole_window(bars), interval=ONE_MINUTE)
    assert table[501].select(list(BY_NAME)).null_count().row(0) == (1,) * len(BY_NAME)
    assert_frame_equal(
        pl.concat([table[:501], table[502:]]), compute(bars, window=whole_window(bars), interval=ONE_MINUTE)
    )


def test_infinite_and_null_inputs_are_null_in_the_table() -> None:
    bars = complete(1)
    row = pl.int_range(pl.len())
    close = pl.when(row == 500).then(np.inf).when(row == 600).then(None).when(row == 700).then(np.nan)
    table = compute(
        bars.with_columns(close.otherwise(pl.col("close")).alias("close")),
        window=whole_window(bars),
        interval=ONE_MINUTE,
    )
    for name in ("log_ret_1", "body", "close_loc"):
        assert set(table[name].is_null().arg_true()) >= {500, 600, 700}
        assert table[name].drop_nulls().is_finite().all()


def test_a_market_without_funding_has_null_where_funding_is_read() -> None:
    funded = replace(BY_NAME["body"], name="funded", inputs=("funding_rate",), function=lambda b: b["funding_rate"])
    bars = complete(1)
    window = whole_window(bars)
    without = compute(bars, window=window, interval=ONE_MINUTE, features=[funded])
    assert without["funded"].null_count() == bars.height
    settled = pl.when(pl.int_range(pl.len()) % 480 == 0).then(1e-4).alias("funding_rate")
    table = compute(bars.with_columns(settled), window=window, interval=ONE_MINUTE, features=[funded])
    assert table["funded"].drop_nulls().to_list() == [1e-4] * 3


def test_what_cannot_be_right_is_refused() -> None:
    bars, window = complete(1), Window(START, START + DAY)
    for wrong, message in (
        (bars.reverse(), "ascending"),
        (pl.concat([bars[:10], bars[9:]]), "ascending"),
        (bars.drop("high", "low"), "do not have: high, low"),
        (bars.cast({"open_time": pl.Datetime("ms", "UTC")}), "open_time has to be"),
    ):
        with pytest.raises(ValueError, match=message):
            compute(wrong, window=window, interval=ONE_MINUTE)


def test_columns_tell_meaning_unit_and_range() -> None:
    columns = {column.name: column for column in table_columns()}
    assert columns["donchian_pos_240"].range == (0.0, 1.0)
    assert columns["log_ret_5"].range is None
    assert [column.name for column in columns.values() if not column.nullable] == ["open_time", "known_at"]
    assert all(column.description and column.unit for column in columns.values())


def test_a_long_history_is_computed_in_parts_that_nobody_sees() -> None:
    bars = complete(40).filter(pl.int_range(pl.len()) % 1009 != 500)
    names = {"log_ret_1440", "rsi_14", "var5_1440", "vol_pctile_1440", "slope_60", "macd_hist"}
    features = [feature for feature in all_features() if feature.name in names]
    whole = make_grid(bars, window=whole_window(bars), interval=ONE_MINUTE, features=features, around=FeatureContext())
    rows = np.searchsorted(whole.opens, opened(bars))
    table = compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=features)
    assert table.height == bars.height
    for feature in features:
        at_once = feature.values(whole)[rows]
        np.testing.assert_array_equal(table[feature.name].to_numpy(), np.where(np.isfinite(at_once), at_once, np.nan))
