"""Candles without a trade at the end of a frame."""

from datetime import timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from bcdata.bars.tail import quiet_since, without_idle_tail
from bcdata_tests.make import MINUTE, START, bars, opens


def frame(trades: list[int]) -> pl.DataFrame:
    """Bars that trade where told, and stand at the last close where not."""
    rows, price = [], 100.0
    for row, count in zip(bars(opens(len(trades))).iter_rows(named=True), trades, strict=True):
        if count:
            price = row["close"]
            rows.append({**row, "trades": count})
        else:
            idle = dict.fromkeys(("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume"), 0.0)
            rows.append({**row, **dict.fromkeys(("open", "high", "low", "close"), price), **idle, "trades": 0})
    return pl.DataFrame(rows, schema=bars(opens(1)).schema)


@given(st.lists(st.integers(0, 1), max_size=40), st.integers(-5, 45))
def test_what_is_left_out_is_idle_after_the_last_trade_and_not_before_the_delisting(
    trades: list[int], delisted: int
) -> None:
    whole, since = frame(trades), START + delisted * MINUTE
    kept, dropped = without_idle_tail(whole, since)
    last = max((at for at, count in enumerate(trades) if count), default=-1)
    expected = [at for at in range(len(trades)) if at <= last or at < delisted]
    assert kept["open_time"].to_list() == [START + at * MINUTE for at in expected]
    assert dropped == len(trades) - len(expected)


def test_quiet_since_the_candle_after_the_last_trade() -> None:
    assert quiet_since(frame([1, 0, 1, 0, 0])) == START + 3 * MINUTE
    assert quiet_since(frame([0, 0])) == START
    assert quiet_since(frame([0, 1])) is None
    assert quiet_since(frame([])) is None


def test_a_price_that_moves_is_no_idle_candle_whatever_the_count_says() -> None:
    moved = frame([1, 0, 0, 0]).with_columns(
        low=pl.when(pl.col("open_time") == START + 2 * MINUTE).then(1.0).otherwise("low")
    )
    assert quiet_since(moved) == START + 3 * MINUTE


def test_the_settlement_may_carry_volume() -> None:
    settled = frame([1, 1, 0, 0, 1, 0, 0])
    kept, dropped = without_idle_tail(settled, START + 2 * MINUTE)
    assert (kept.height, dropped) == (5, 2)
    assert kept["open_time"].max() == START + timedelta(minutes=4)
