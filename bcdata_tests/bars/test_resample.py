"""Coarser bars are what a plain loop over the finer ones gives, at every offset, with every hole and at both ends."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.bars.resample import EXPLAINED, Resampling, resample, resampled_bar
from bcdata.errors import UsageError
from bcdata.frames.schema import LEDGER, merged_bar
from bcdata.interval import Interval
from bcdata.ledger.ledger import Status
from bcdata.venues.calendar import calendar
from bcdata.venues.hours import ALWAYS
from bcdata.windows import Grain, Window

MINUTE, ALWAYS = Interval.parse("1m"), calendar(ALWAYS)
STEP = timedelta(minutes=1)
JANUARY = Grain.MONTH.window("2023-01")


def bar(open_time: datetime, **changes: Any) -> dict[str, Any]:
    n = int(open_time.timestamp() // 60)
    price = 100 + n % 7 + (n % 11) / 10
    return {
        "open_time": open_time, "open": price, "high": price + n % 3, "low": price - n % 5, "close": price + 0.1,
        "volume": 1 + n % 13, "quote_volume": (1 + n % 13) * price, "trades": n % 17,
        "taker_buy_volume": 0.5, "taker_buy_quote_volume": 0.5 * price, "vwap": price, "source": "made up",
        "funding_rate": 0.0001 if n % 480 == 0 else None,
        "known_at": open_time + STEP * (1 + n % 23 / 20),
    } | changes  # fmt: skip


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=merged_bar(funding=True))


DAYS = frame([bar(JANUARY.start + k * STEP) for k in range(3 * 1440)])
"""Three days without a hole."""


def runs(*rows: tuple[datetime, datetime, Status]) -> pl.DataFrame:
    return pl.DataFrame(
        [(start, end, (end - start) // STEP + 1, status.value, "") for start, end, status in rows],
        schema=LEDGER,
        orient="row",
    )


def plain(
    bars: pl.DataFrame, missing: dict[datetime, Status], grid: Resampling, window: Window
) -> list[dict[str, Any]]:
    """The slow and obvious way: every minute put into its window by hand."""
    grouped: dict[datetime, list[dict[str, Any]]] = {}
    for row in bars.iter_rows(named=True):
        opened = grid.origin + (row["open_time"] - grid.origin) // grid.length * grid.length
        grouped.setdefault(opened, []).append(row)
    found = []
    for opened, rows in sorted(grouped.items()):
        if opened not in window:
            continue
        volume, quote = math.fsum(row["volume"] for row in rows), math.fsum(row["quote_volume"] for row in rows)
        rates = [row["funding_rate"] for row in rows if row["funding_rate"] is not None]
        own = [status for at, status in missing.items() if opened <= at < opened + grid.length]
        found.append({
            "open_time": opened, "open": rows[0]["open"], "high": max(row["high"] for row in rows),
            "low": min(row["low"] for row in rows), "close": rows[-1]["close"], "volume": volume, "quote_volume": quote,
            "trades": sum(row["trades"] for row in rows),
            "taker_buy_volume": math.fsum(row["taker_buy_volume"] for row in rows),
            "taker_buy_quote_volume": math.fsum(row["taker_buy_quote_volume"] for row in rows),
            "known_at": max(opened + grid.length, *(row["known_at"] for row in rows)),
            "vwap": quote / volume, "funding_rate": math.fsum(rates) if rates else None, "settlements": len(rates),
            "bars": len(rows), "expected": grid.length // STEP, "explained": sum(status in EXPLAINED for status in own),
        })  # fmt: skip
    return found


def assert_alike(actual: pl.DataFrame, expected: list[dict[str, Any]]) -> None:
    assert actual.schema == resampled_bar(funding=True)
    rows = actual.to_dicts()
    assert [row["open_time"] for row in rows] == [row["open_time"] for row in expected]
    for row, wanted in zip(rows, expected, strict=True):
        for name, value in wanted.items():
            if isinstance(value, float):
                assert math.isclose(row[name], value, rel_tol=1e-12), (name, row, wanted)
            else:
                assert row[name] == value, (name, row, wanted)


@st.composite
def holes(draw: st.DrawFn) -> dict[datetime, Status]:
    """Missing minutes of the first days of the year, each with its reason."""
    missing: dict[datetime, Status] = {}
    for _ in range(draw(st.integers(0, 5))):
        start, length = draw(st.integers(0, 2 * 1440)), draw(st.integers(1, 400))
        status = draw(st.sampled_from([one for one in Status if one is not Status.REFILLED]))
        missing |= {JANUARY.start + (start + k) * STEP: status for k in range(length)}
    return missing


GRIDS = st.sampled_from(["3m", "5m", "7m", "15m", "1h", "90m", "4h", "12h", "1d"])


@settings(max_examples=40)
@given(holes(), GRIDS, st.integers(0, 10_000))
def test_resampled_bars_are_those_of_a_plain_loop(missing: dict[datetime, Status], name: str, shift: int) -> None:
    interval = Interval.parse(name)
    assert interval.length is not None
    grid = Resampling(interval, shift % (interval.length // STEP) * STEP)
    gone = pl.Series(list(missing), dtype=DAYS["open_time"].dtype)
    bars = DAYS.filter(~pl.col("open_time").is_in(gone.implode()))
    ledger = runs(*((at, at, status) for at, status in missing.items()))
    window = Window(JANUARY.start, JANUARY.start + timedelta(days=1))
    whole = resample(bars, ledger, grid, window=window, finer=MINUTE, calendar=ALWAYS)
    assert_alike(whole, plain(bars, missing, grid, window))


@settings(max_examples=25)
@given(GRIDS, st.integers(0, 10_000), st.integers(1, 1440))
def test_where_the_border_lies_does_not_matter(name: str, shift: int, border: int) -> None:
    interval = Interval.parse(name)
    assert interval.length is not None
    grid = Resampling(interval, shift % (interval.length // STEP) * STEP)
    bars = DAYS.filter(pl.int_range(pl.len()) % 50 != 0)
    cut = JANUARY.start + border * STEP
    day = Window(JANUARY.start, JANUARY.start + timedelta(days=1))
    parts = []
    for window in (Window(day.start, cut), Window(cut, day.end)):
        reach = grid.reach(window)
        own = bars.filter(pl.col("open_time").is_between(reach.start, reach.end, closed="left"))
        parts.append(resample(own, runs(), grid, window=window, finer=MINUTE, calendar=ALWAYS))
    whole = resample(bars, runs(), grid, window=day, finer=MINUTE, calendar=ALWAYS)
    assert pl.concat(parts).equals(whole)


def test_weeks_begin_on_monday_and_belong_to_the_month_in_which_they_open() -> None:
    grid = Resampling(Interval.parse("1w"))
    reach = grid.reach(JANUARY)
    assert reach == Window(datetime(2023, 1, 2, tzinfo=UTC), datetime(2023, 2, 6, tzinfo=UTC))
    bars = frame([bar(datetime(2023, 1, 30, tzinfo=UTC)), bar(datetime(2023, 2, 5, 23, 59, tzinfo=UTC))])
    (week,) = resample(bars, runs(), grid, window=JANUARY, finer=MINUTE, calendar=ALWAYS).to_dicts()
    assert (week["open_time"].day, week["bars"], week["expected"]) == (30, 2, 7 * 1440)


def test_a_partition_in_which_no_window_opens_is_empty() -> None:
    day = Grain.DAY.window("2023-01-03")
    grid = Resampling(Interval.parse("1w"))
    assert grid.reach(day).is_empty
    bars = frame([bar(day.start)])
    assert resample(bars, runs(), grid, window=day, finer=MINUTE, calendar=ALWAYS).is_empty()


def test_what_a_provider_does_not_have_stays_null() -> None:
    rows = [bar(JANUARY.start + k * STEP, trades=None, taker_buy_volume=None) for k in range(10)]
    (five, _) = resample(
        frame(rows), runs(), Resampling(Interval.parse("5m")), window=JANUARY, finer=MINUTE, calendar=ALWAYS
    ).to_dicts()
    assert five["trades"] is five["taker_buy_volume"] is None
    assert five["volume"] > 0


LACKS = st.sampled_from(["quote_volume", "trades", "taker_buy_volume", "vwap", "volume"])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 14), LACKS), max_size=12), st.sets(st.integers(0, 14), max_size=6))
def test_a_sum_of_which_a_part_is_not_known_is_null(lacks: list[tuple[int, str]], idle: set[int]) -> None:
    """Bars of several sources in one window: each column of each bar may be null, and bars may be without trades."""
    rows = [bar(JANUARY.start + k * STEP) for k in range(15)]
    for k in idle:
        rows[k] |= {"volume": 0.0, "quote_volume": 0.0, "trades": 0, "vwap": None}
    for k, name in lacks:
        rows[k][name] = None
    made = resample(
        frame(rows), runs(), Resampling(Interval.parse("5m")), window=JANUARY, finer=MINUTE, calendar=ALWAYS
    ).to_dicts()
    for number, five in enumerate(made):
        own = rows[5 * number : 5 * number + 5]
        for name in ("volume", "quote_volume", "trades", "taker_buy_volume"):
            values = [row[name] for row in own]
            assert five[name] == (None if None in values else pytest.approx(sum(values))), name
        assert five["vwap"] == pytest.approx(mean_price(own))


def mean_price(rows: list[dict[str, Any]]) -> float | None:
    """The VWAP of a window as the words have it."""
    volumes = [row["volume"] for row in rows]
    if None in volumes or sum(volumes) == 0:
        return None
    quotes = [row["quote_volume"] for row in rows]
    if None not in quotes:
        return float(sum(quotes) / sum(volumes))
    traded = [row for row in rows if row["volume"]]
    if any(row["vwap"] is None for row in traded):
        return None
    return float(sum(row["vwap"] * row["volume"] for row in traded) / sum(volumes))


def test_a_window_without_volume_has_no_vwap() -> None:
    rows = [bar(JANUARY.start + k * STEP, volume=0.0, quote_volume=0.0) for k in range(5)]
    (five,) = resample(
        frame(rows), runs(), Resampling(Interval.parse("5m")), window=JANUARY, finer=MINUTE, calendar=ALWAYS
    ).to_dicts()
    assert five["vwap"] is None
    assert five["volume"] == 0


@pytest.mark.parametrize(("name", "minutes"), [("1mo", 0), ("1h", 60), ("5m", -1)])
def test_impossible_grids_are_refused(name: str, minutes: int) -> None:
    with pytest.raises(UsageError):
        Resampling(Interval.parse(name), timedelta(minutes=minutes))
