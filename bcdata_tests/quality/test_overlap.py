"""What an answer has to have of what is known."""

from datetime import datetime, timedelta

import polars as pl

from bcdata.interval import Interval
from bcdata.quality.compare.overlap import Overlap, overlap
from bcdata_tests.make import MINUTE, START, bars, opens

M1 = Interval.parse("1m")
TRUE = bars(opens(20))
HOLE = TRUE.filter(~pl.col("open_time").is_between(START + 8 * MINUTE, START + 11 * MINUTE))


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def test_an_answer_with_all_that_is_known_agrees() -> None:
    found = overlap(HOLE, TRUE, M1)
    assert found.agrees
    assert all(found.vouched_for([at(8), at(11)]))


def test_an_empty_answer_never_agrees_where_something_is_known() -> None:
    found = overlap(HOLE, TRUE.clear(), M1)
    assert not found.agrees
    assert len(found.lacking) == 16
    assert "lacks 16 bars that other sources have, from 2023-03-01 00:00 on" in found.words()


def test_an_answer_where_nothing_is_known_is_about_nothing_else() -> None:
    assert overlap(TRUE.clear(), TRUE, M1).agrees
    assert overlap(TRUE.clear(), TRUE.clear(), M1).agrees
    assert Overlap().vouched_for([at(3)]) == [True]


def test_other_values_beside_a_hole_cost_its_rows() -> None:
    """Each of the values that are compared; what lies far from the difference is believed still."""
    for name in ("open", "high", "low", "close", "trades", "volume", "quote_volume"):
        changed = TRUE.with_columns(
            pl.when(pl.col("open_time") == at(7)).then(pl.col(name) * 2).otherwise(name).alias(name)
        ).cast({"trades": pl.Int64})
        found = overlap(HOLE, changed, M1)
        assert (found.agrees, found.differing) == (False, [at(7)]), name
        assert found.vouched_for([at(8), at(11)]) == [False, False], name
        assert found.vouched_for([at(25)]) == [True]


def test_spare_bars_that_did_not_come_cost_the_rows_beside_them() -> None:
    inside = TRUE.filter(pl.col("open_time").is_between(at(8), at(11)))
    assert overlap(HOLE, inside, M1).vouched_for([at(8), at(11)]) == [False, False]
    half = TRUE.filter(pl.col("open_time") < at(10))
    found = overlap(HOLE, half, M1)
    assert not found.agrees
    assert found.vouched_for([at(8), at(9)]) == [False, False]


def test_an_answer_that_differs_for_the_most_part_vouches_for_no_row() -> None:
    other = TRUE.with_columns(
        close=pl.when(pl.col("open_time").dt.minute() % 4 == 3).then("close").otherwise(pl.col("close") + 1)
    )
    found = overlap(HOLE, other, M1)
    assert not any(found.vouched_for([at(8), at(30)]))


def test_volumes_may_differ_a_little_and_off_grid_opens_count_for_their_place() -> None:
    late = TRUE.with_columns(pl.col("open_time") + timedelta(seconds=14), volume=pl.col("volume") * 1.01)
    assert overlap(HOLE, late, M1).agrees
