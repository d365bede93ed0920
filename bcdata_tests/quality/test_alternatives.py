"""Rows of objects that give way are taken where they fit and those that were preferred do not."""

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bcdata.frames.schema import BAR
from bcdata.quality.audit import Audited, audit_bars
from bcdata_tests.make import MINUTE, START, raw
from bcdata_tests.quality.coarse import ONE, hours_and_days, minutes, scaled

TRUE = minutes(2)
CONTROLS = hours_and_days(TRUE)
ROW = pl.col("open_time") == START + 600 * MINUTE
HOURS = pl.col("open_time").is_between(START + 600 * MINUTE, START + 900 * MINUTE, closed="left")
SHIFTED = pl.concat([TRUE[:1], TRUE[:-1]]).with_columns(TRUE["open_time"])


def audited(daily: pl.DataFrame, monthly: pl.DataFrame, controls: dict[str, pl.DataFrame]) -> Audited:
    """Two objects with the same opens, of which the daily one is preferred."""
    both = [raw(daily).with_columns(rank=pl.lit(0, pl.Int64), object=pl.lit(0, pl.Int64)),
            raw(monthly).with_columns(rank=pl.lit(1, pl.Int64), object=pl.lit(1, pl.Int64))]  # fmt: skip
    return audit_bars(pl.concat(both), interval=ONE, max_bad_share=0.5, controls=controls)


DAILY: dict[str, tuple[pl.DataFrame, dict[str, pl.DataFrame], str]] = {
    "refuted by its hour": (scaled(TRUE, ROW, price=10, quote_volume=10), CONTROLS, "refuted"),
    "a little off its hour": (scaled(TRUE, ROW, volume=1.001, quote_volume=1.001), CONTROLS, "refuted"),
    "shifted by a minute": (SHIFTED, CONTROLS, "refuted"),
    "a jump that comes back": (scaled(TRUE, HOURS, price=1.2, quote_volume=1.2), {}, "step"),
}


@pytest.mark.parametrize("name", DAILY)
def test_the_month_takes_over_where_it_fits(name: str) -> None:
    daily, controls, rule = DAILY[name]
    found = audited(daily, TRUE, controls)
    assert_frame_equal(found.bars.select(BAR.names()), TRUE.select(BAR.names()))
    assert (found.questioned, set(found.rejected["reason"])) == ((), {rule})
    assert found.verdict.counts()[rule] == found.rejected.height
    assert set(found.rejected["object"]) == {0}


@pytest.mark.parametrize("name", DAILY)
def test_a_month_that_fits_no_better_changes_nothing(name: str) -> None:
    daily, controls, _ = DAILY[name]
    other = daily.with_columns(trades=pl.col("trades") + 1)
    alone: Any = audit_bars(raw(daily), interval=ONE, max_bad_share=0.5, controls=controls)
    assert_frame_equal(audited(daily, other, controls).bars, alone.bars)
