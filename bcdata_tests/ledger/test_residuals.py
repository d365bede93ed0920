"""Where coarser bars were traded more than the fine ones in them."""

from datetime import datetime

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.ledger import Reason, Status
from bcdata.ledger.residuals import CoarseBar, coarse_bars, residuals, uncovered
from bcdata_tests.make import MINUTE, START, bars

M1 = Interval.parse("1m")


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def there(*ranges: range) -> pl.DataFrame:
    """Bars of three trades each."""
    return bars([at(n) for one in ranges for n in one]).select("open_time", "trades")


def lacking(*ranges: range) -> pl.Series:
    return pl.Series("open_time", [at(n) for one in ranges for n in one], dtype=TIME)


def minutes(reasons: list[Reason]) -> set[int]:
    return {n for one in reasons for n in range(2 * 1440) if at(n) in one.window}


def test_more_trades_in_the_hour_than_in_its_minutes() -> None:
    """As SOLUSDT 2023-02-14 16:39: one minute is missing, and 162 trades with it."""
    present = there(range(39), range(40, 60))
    (reason,) = residuals([CoarseBar(START, "1h", 59 * 3 + 162)], present, lacking(range(39, 40)), M1)
    assert (reason.status, reason.window.start, reason.window.end) == (Status.OPEN, at(39), at(40))
    assert reason.evidence == "the 1h bar of 2023-03-01 00:00 has 162 trades more than the bars in it"


def test_equal_trades_say_nothing_and_fewer_neither() -> None:
    """As 2023-03-24: the hour has what its minutes have, with eighty of them missing."""
    for trades in (40 * 3, 40 * 3 - 1, 0):
        assert residuals([CoarseBar(START, "1h", trades)], there(range(40)), lacking(range(40, 60)), M1) == []


def test_the_finest_bar_decides_and_the_day_counts_what_its_hours_hold() -> None:
    """Hour 0 holds all its trades, hour 1 lacks some, of hour 2 there is no bar, and the day has 5 more."""
    present = there(range(50), range(60, 110), range(180, 1440))
    missing = lacking(range(50, 60), range(110, 120), range(120, 180))
    hours = [CoarseBar(at(0), "1h", 150), CoarseBar(at(60), "1h", 157)]
    held = 150 + 157 + 3 * (1440 - 180)
    day = CoarseBar(START, "1d", held + 5)
    assert minutes(residuals([day, *hours], present, missing, M1)) == {*range(110, 120), *range(120, 180)}
    equal = CoarseBar(START, "1d", held)
    assert minutes(residuals([equal, *hours], present, missing, M1)) == {*range(110, 120)}
    assert minutes(residuals([day], present, missing, M1)) == {*range(50, 60), *range(110, 180)}


def test_bars_without_counts_of_trades_say_nothing() -> None:
    unknown = there(range(10)).with_columns(trades=pl.lit(None, dtype=pl.Int64))
    assert residuals([CoarseBar(START, "1h", 999)], unknown, lacking(range(10, 60)), M1) == []


def test_what_no_coarse_bar_covers() -> None:
    missing = lacking(range(50, 70), range(1440, 1442))
    assert uncovered(missing, [CoarseBar(at(60), "1h", 0)]).to_list() == [
        *(at(n) for n in range(50, 60)),
        at(1440),
        at(1441),
    ]
    assert uncovered(missing, [CoarseBar(at(0), "1d", 0), CoarseBar(at(1440), "1h", 0)]).is_empty()


def test_the_control_bars_of_days_that_lack_a_bar() -> None:
    frame = pl.DataFrame(
        {"open_time": [at(0), at(60), at(1440)], "trades": [1, None, 3]}, schema={"open_time": TIME, "trades": pl.Int64}
    )
    assert coarse_bars({"1h": frame}, lacking(range(5))) == [CoarseBar(at(0), "1h", 1)]


@given(st.sets(st.integers(0, 239)), st.sets(st.integers(0, 239), max_size=20))
def test_true_hours_call_open_just_the_hours_of_which_traded_bars_are_missing(gone: set[int], idle: set[int]) -> None:
    trades = {n: 0 if n in idle else 1 + n % 5 for n in range(240)}
    present = pl.DataFrame(
        {
            "open_time": [at(n) for n in trades if n not in gone],
            "trades": [t for n, t in trades.items() if n not in gone],
        },
        schema={"open_time": TIME, "trades": pl.Int64},
    )
    hours = [CoarseBar(at(60 * h), "1h", sum(trades[n] for n in range(60 * h, 60 * h + 60))) for h in range(4)]
    found = minutes(residuals(hours, present, lacking(*(range(n, n + 1) for n in sorted(gone))), M1))
    harmed = {n // 60 for n in gone if trades[n]}
    assert found == {n for n in gone if n // 60 in harmed}
