"""Splits inside what features read: no jump, no look ahead, and a partition alone has the bits of the whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from bcdata.features.labels import labels
from bcdata.features.proofs.world import REFERENCE, SYMBOL, World
from bcdata.features.session_profile import session_profile
from bcdata.features.table.compute import compute
from bcdata.features.table.context import FeatureContext, Panel, SplitAt
from bcdata.features.table.reach import warm_up_window
from bcdata.windows import Window
from bcdata_tests.features.test_sessions import FIRST, ONE_MINUTE, calm_sessions, wild_sessions

PRICES = ["open", "high", "low", "close", "vwap"]
VOLUMES = ["volume", "taker_buy_volume"]
SPLITS = (
    SplitAt(datetime(2024, 11, 12, 14, 30, tzinfo=UTC), 4.0),
    SplitAt(datetime(2024, 11, 18, 14, 30, tzinfo=UTC), 0.5),
)
OF_REFERENCE = (SplitAt(datetime(2024, 11, 14, 14, 30, tzinfo=UTC), 2.0),)
WHOLE = Window(FIRST, datetime(2024, 11, 23, tzinfo=UTC))


def traded(bars: pl.DataFrame, splits: tuple[SplitAt, ...]) -> pl.DataFrame:
    """The bars as they were traded on the day, where these are in the shares of the end."""
    for one in splits:
        old = pl.col("open_time") < one.at
        bars = bars.with_columns(
            *(pl.when(old).then(pl.col(name) * one.ratio).otherwise(name).alias(name) for name in PRICES),
            *(
                pl.when(old).then(pl.col(name) / one.ratio).otherwise(name).alias(name)
                for name in ("volume", "taker_buy_volume")
            ),
        )
    return bars


def split_world(world: World) -> tuple[pl.DataFrame, FeatureContext]:
    """The symbol and its reference as traded, the first split twice and the reference once."""
    around = world.around
    assert around.reference is not None
    assert around.universe is not None
    closes = around.universe.closes.copy()
    for row, name in enumerate(around.universe.symbols):
        for one in {SYMBOL: SPLITS, REFERENCE: OF_REFERENCE}.get(name, ()):
            closes[
                row, around.universe.opens < (one.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
            ] *= one.ratio
    members = Panel(
        around.universe.opens, around.universe.symbols, closes, around.universe.explained, around.universe.known
    )
    told = replace(
        around,
        reference=traded(around.reference, OF_REFERENCE),
        universe=members,
        reference_symbol=REFERENCE,
        splits={SYMBOL: SPLITS, REFERENCE: OF_REFERENCE},
    )
    return traded(world.bars, SPLITS), told


@pytest.mark.parametrize("world", [calm_sessions, wild_sessions], ids=["calm", "wild"])
def test_after_the_last_split_features_are_those_of_bars_without_any(world: object) -> None:
    made = world()  # type: ignore[operator]
    bars, around = split_world(made)
    found = compute(bars, window=WHOLE, interval=ONE_MINUTE, around=around)
    expected = compute(made.bars, window=WHOLE, interval=ONE_MINUTE, around=made.around)
    later = pl.col("open_time") >= SPLITS[-1].at
    assert found.filter(later).height > 1000
    assert found.filter(later).equals(expected.filter(later), null_equal=True)  # powers of two leave bits as they are


def test_between_splits_what_does_not_depend_on_the_unit_is_the_same() -> None:
    made = calm_sessions()
    bars, around = split_world(made)
    names = ["log_ret_1", "log_ret_60", "rsi_14", "bb_z_20", "rv_60", "drawdown_1440", "beta_btc_240", "rel_volume"]
    found = compute(bars, window=WHOLE, interval=ONE_MINUTE, around=around).select(names)
    expected = compute(made.bars, window=WHOLE, interval=ONE_MINUTE, around=made.around).select(names)
    for name in names:
        assert found[name].null_count() == expected[name].null_count()
        apart = (found[name] - expected[name]).abs().max()
        assert apart is not None
        assert float(apart) < 1e-9  # type: ignore[arg-type]


@pytest.mark.parametrize("ratio", [3.0, 7.0, 0.1])
def test_a_partition_alone_has_the_bits_of_all(ratio: float) -> None:
    made = wild_sessions()
    splits = (replace(SPLITS[0], ratio=ratio), replace(SPLITS[1], ratio=1.1))
    bars = traded(made.bars, splits)
    around = replace(made.around, splits={SYMBOL: splits})
    expected = compute(bars, window=WHOLE, interval=ONE_MINUTE, around=around)
    for start, days in ((datetime(2024, 11, 11, tzinfo=UTC), 5), (datetime(2024, 11, 13, tzinfo=UTC), 9)):
        part = Window(start, start + timedelta(days=days))
        reach = warm_up_window(part, ONE_MINUTE)
        near = bars.filter(pl.col("open_time") >= reach.start)
        known = tuple(one for one in splits if reach.start <= one.at < part.end)
        found = compute(near, window=part, interval=ONE_MINUTE, around=replace(around, splits={SYMBOL: known}))
        inside = expected.filter(pl.col("open_time").is_between(part.start, part.end, closed="left"))
        assert found.equals(inside, null_equal=True)


PAID = (
    SplitAt(datetime(2024, 11, 13, 14, 30, tzinfo=UTC), 1 / (1 - 0.03)),
    SplitAt(datetime(2024, 11, 19, 14, 30, tzinfo=UTC), 1 / (1 - 0.01)),
)
PAID_BY_REFERENCE = (SplitAt(datetime(2024, 11, 20, 14, 30, tzinfo=UTC), 1 / (1 - 0.02)),)
OVER_SESSIONS = ["log_ret_1440", "rel_strength_btc_1440"]


def paying(made: World) -> FeatureContext:
    """What surrounds the symbol where it and its reference pay, and are split as well."""
    _, around = split_world(made)
    return replace(around, reinvested={SYMBOL: PAID, REFERENCE: PAID_BY_REFERENCE})


def test_returns_over_more_than_a_session_count_payments_and_no_others_do() -> None:
    made = calm_sessions()
    bars, around = split_world(made)
    names = [*OVER_SESSIONS, "log_ret_1", "log_ret_240", "rsi_14", "rv_60", "tsmom_1440"]
    plain = compute(bars, window=WHOLE, interval=ONE_MINUTE, around=around).select("open_time", *names)
    found = compute(bars, window=WHOLE, interval=ONE_MINUTE, around=paying(made)).select("open_time", *names)
    assert found.select("log_ret_1", "log_ret_240", "rsi_14", "rv_60").equals(
        plain.select("log_ret_1", "log_ret_240", "rsi_14", "rv_60"), null_equal=True
    )
    opens, back = plain["open_time"], ONE_MINUTE.later(plain["open_time"].to_physical().to_numpy(), -1440)
    before = pl.Series(back).cast(pl.Datetime("us", "UTC"))
    own = sum(((opens >= one.at) & (before < one.at)).cast(pl.Float64) * np.log(one.ratio) for one in PAID)
    other = sum(
        ((opens >= one.at) & (before < one.at)).cast(pl.Float64) * np.log(one.ratio) for one in PAID_BY_REFERENCE
    )
    for name, paid in (("log_ret_1440", own), ("rel_strength_btc_1440", own - other)):
        apart = (found[name] - plain[name] - paid).abs().max()
        assert found[name].null_count() == plain[name].null_count()
        assert float(apart) < 1e-12  # type: ignore[arg-type]
    assert not found["tsmom_1440"].equals(plain["tsmom_1440"])


def test_a_partition_alone_has_the_bits_of_all_with_payments() -> None:
    made = wild_sessions()
    bars, _ = split_world(made)
    around = paying(made)
    expected = compute(bars, window=WHOLE, interval=ONE_MINUTE, around=around)
    for start, days in ((datetime(2024, 11, 14, tzinfo=UTC), 2), (datetime(2024, 11, 19, tzinfo=UTC), 3)):
        part = Window(start, start + timedelta(days=days))
        reach = warm_up_window(part, ONE_MINUTE)
        known = {
            symbol: tuple(one for one in paid if reach.start <= one.at < part.end)
            for symbol, paid in around.reinvested.items()
        }
        near = bars.filter(pl.col("open_time") >= reach.start)
        found = compute(near, window=part, interval=ONE_MINUTE, around=replace(around, reinvested=known))
        inside = expected.filter(pl.col("open_time").is_between(part.start, part.end, closed="left"))
        assert found.equals(inside, null_equal=True)


def test_forward_returns_over_more_than_a_session_count_payments() -> None:
    made = calm_sessions()
    window = Window(FIRST, datetime(2024, 11, 21, tzinfo=UTC))
    members = {"window": window, "interval": ONE_MINUTE, "horizons": [390, 400]}
    found = labels(made.bars, reinvested=PAID, **members)  # type: ignore[arg-type]
    plain = labels(made.bars, **members)  # type: ignore[arg-type]
    assert found["fwd_ret_390"].equals(plain["fwd_ret_390"], null_equal=True)
    added = (found["fwd_ret_400"] - plain["fwd_ret_400"]).drop_nulls().round(12).unique().sort()
    assert added.to_list() == pytest.approx([0.0, -np.log(1 - 0.01), -np.log(1 - 0.03)])


def test_what_is_split_later_changes_nothing_before() -> None:
    made = calm_sessions()
    bars, around = split_world(made)
    whole = compute(bars, window=WHOLE, interval=ONE_MINUTE, around=around)
    until = SPLITS[1].at
    early = replace(around, splits={SYMBOL: SPLITS[:1], REFERENCE: OF_REFERENCE})
    past = compute(
        bars.filter(pl.col("open_time") < until), window=WHOLE.until(until), interval=ONE_MINUTE, around=early
    )
    assert past.equals(whole.filter(pl.col("open_time") < until), null_equal=True)


def test_forward_returns_over_a_split_are_those_of_what_a_share_has_become() -> None:
    made = calm_sessions()
    bars = traded(made.bars, SPLITS)
    window = Window(FIRST, datetime(2024, 11, 21, tzinfo=UTC))
    found = labels(bars, window=window, interval=ONE_MINUTE, horizons=[1, 390], splits=SPLITS)
    expected = labels(made.bars, window=window, interval=ONE_MINUTE, horizons=[1, 390])
    assert found.equals(expected, null_equal=True)
    raw = labels(bars, window=window, interval=ONE_MINUTE, horizons=[1])
    assert raw["fwd_ret_1"].min() < -1.3  # type: ignore[operator]


def test_a_profile_has_no_jump() -> None:
    made = calm_sessions()
    bars = traded(made.bars, SPLITS)
    window = Window(datetime(2024, 11, 26, tzinfo=UTC), datetime(2024, 11, 27, tzinfo=UTC))
    members = {"window": window, "interval": ONE_MINUTE}
    found = session_profile(bars, splits=SPLITS, **members)  # type: ignore[arg-type]
    expected = session_profile(made.bars, **members)  # type: ignore[arg-type]
    assert found.height == expected.height
    np.testing.assert_allclose(found["sigma"].fill_null(0), expected["sigma"].fill_null(0), rtol=1e-12)
