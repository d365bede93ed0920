"""When rows are known: against a plain loop, and a partition alone as the whole history."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.features.proofs.bars import MINUTE, ONE_MINUTE, START, complete, whole_window
from bcdata.features.registry import all_features
from bcdata.features.seasonality import volatility_profile
from bcdata.features.table.compute import compute
from bcdata.features.table.context import FeatureContext, panel
from bcdata.interval import Interval
from bcdata.windows import Window

DAY = timedelta(days=1)
BY_NAME = {one.name: one for one in all_features()}
HOUR = Interval.parse("1h")
HOURS = complete(4, interval="1h")
lateness = st.dictionaries(st.integers(0, 95), st.integers(1, 3_599), max_size=12)


def late(seconds: dict[int, int]) -> pl.DataFrame:
    """Four days of hours, some of which are known so many seconds after their end."""
    extra = pl.Series([timedelta(seconds=seconds.get(row, 0)) for row in range(HOURS.height)], dtype=pl.Duration("us"))
    return HOURS.with_columns(known_at=pl.col("open_time") + timedelta(hours=1) + extra)


def table(own: pl.DataFrame, other: pl.DataFrame, names: Sequence[str], window: Window) -> dict[datetime, datetime]:
    opens = HOUR.opens(whole_window(HOURS))
    known = other["known_at"].to_physical().to_numpy()
    closes = {name: HOURS["close"].to_numpy() for name in ("A", "B")}
    around = FeatureContext(symbol="A", reference=other, universe=panel(closes, opens, known=known))
    features = [BY_NAME[name] for name in names]
    found = compute(own, window=window, interval=HOUR, features=features, around=around)
    return dict(found.select("open_time", "known_at").iter_rows())


@settings(max_examples=40)
@given(lateness, lateness, st.sampled_from(["log_ret_1", "corr_btc_240", "xs_rank_60"]))
def test_a_row_is_known_when_all_is_that_it_is_computed_from(
    own: dict[int, int], other: dict[int, int], name: str
) -> None:
    bars, others = late(own), late(other)
    joined = [bars] if name == "log_ret_1" else [bars, others]
    whole = table(bars, others, [name], whole_window(HOURS))
    for at, then in whole.items():
        read = [frame.filter(pl.col("open_time") <= at)["known_at"].max() for frame in joined]
        assert then == max(at + timedelta(hours=1), *read)  # type: ignore[type-var]
    third = Window(START + 2 * DAY, START + 3 * DAY)
    assert table(bars, others, [name], third) == {at: then for at, then in whole.items() if at in third}


def test_a_table_is_known_when_the_columns_are_that_stand_in_it() -> None:
    bars, others = late({}), late({50: 600})
    at = START + timedelta(hours=50)
    for names, extra in ((["log_ret_1"], 0), (["log_ret_1", "corr_btc_240"], 600)):
        assert table(bars, others, names, whole_window(HOURS))[at] == at + timedelta(hours=1, seconds=extra)


def test_bars_shorter_than_a_minute_wait_for_the_settlement() -> None:
    second = Interval.parse("1s")
    bars = complete(1, interval="1s")[:180]
    funding = pl.DataFrame({"time": [START + MINUTE], "funding_rate": [1e-4], "interval_hours": [8]}).cast(
        {"time": pl.Datetime("us", "UTC")}
    )
    found = compute(
        bars,
        window=Window(START, START + 3 * MINUTE),
        interval=second,
        features=[BY_NAME["funding_ann"]],
        around=FeatureContext(funding=funding),
    )
    ages = (found["known_at"] - found["open_time"]).dt.total_seconds().to_list()
    assert ages == [1] * 60 + [*range(60, 0, -1)] + [1] * 60


def test_a_profile_is_known_when_all_bars_of_its_days_are() -> None:
    bars = complete(23, interval="15m")
    extra = pl.when(pl.col("open_time") == START + 22 * DAY - timedelta(minutes=15)).then(timedelta(seconds=90))
    bars = bars.with_columns(known_at=pl.col("open_time") + timedelta(minutes=15) + extra.otherwise(timedelta()))
    window = Window(START + 20 * DAY, START + 23 * DAY)
    found = volatility_profile(bars, window=window, interval=Interval.parse("15m"))
    assert np.unique((found["known_at"] - found["open_time"].dt.truncate("1d")).dt.total_seconds()).tolist() == [0, 90]
    assert found.filter(pl.col("known_at").dt.second() != 0)["open_time"].dt.truncate("1d").unique().to_list() == [
        START + 22 * DAY
    ]
    alone = volatility_profile(bars, window=Window(START + 22 * DAY, START + 23 * DAY), interval=Interval.parse("15m"))
    assert alone.equals(found.filter(pl.col("open_time") >= START + 22 * DAY))
    assert ONE_MINUTE.length == MINUTE
