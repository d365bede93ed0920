"""Features of a market that opens and closes: every promise holds there, and days are its sessions."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bcdata.features.feature import Feature
from bcdata.features.labels import label_window, labels
from bcdata.features.proofs import promises
from bcdata.features.proofs.bars import START
from bcdata.features.proofs.subject import ProofRunner, Subject
from bcdata.features.proofs.world import World, calm, wild
from bcdata.features.registry import all_features
from bcdata.features.session_profile import session_profile, session_window
from bcdata.features.table.compute import compute
from bcdata.features.table.reach import warm_up_window
from bcdata.interval import EPOCH, Interval
from bcdata.venues.exchange_sessions import exchange_sessions
from bcdata.venues.hours import Hours
from bcdata.venues.session_calendar import SessionCalendar
from bcdata.venues.session_interval import SessionInterval
from bcdata.venues.sessions import Sessions
from bcdata.windows import Window

MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
FEATURES = all_features()
LAB = ProofRunner(FEATURES)
FIRST = datetime(2024, 10, 30, tzinfo=UTC)
"""Clocks change on 3 November, 28 November is a holiday, and on the 29th trading ends early."""


@cache
def new_york() -> SessionCalendar:
    """Its sessions as people know them, without the library: from 09:30 to 16:00, to 13:00 on three days."""
    from zoneinfo import ZoneInfo

    place, rows = ZoneInfo("America/New_York"), list[tuple[date, datetime, datetime]]()
    closed = {date(2024, 11, 28), date(2024, 12, 25), date(2025, 1, 1), date(2025, 1, 9), date(2025, 1, 20)}
    early = {date(2024, 7, 3), date(2024, 11, 29), date(2024, 12, 24)}
    day = date(2018, 1, 1)
    while day < date(2025, 3, 1):
        if day.weekday() < 5 and day not in closed:
            at = [datetime(day.year, day.month, day.day, *one, tzinfo=place) for one in ((9, 30), (13, 0), (16, 0))]
            first, last = at[0].astimezone(UTC), at[1 if day in early else 2].astimezone(UTC)
            rows.append((day, first, last))
        day += timedelta(days=1)
    known = Window(datetime(2018, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC))
    return SessionCalendar(Sessions.of_rows("XNYS", "the test", rows, known))


def length(name: str) -> SessionInterval:
    plain = Interval.parse(name)
    return SessionInterval(plain.name, plain.length, plain.anchor, Hours("XNYS"), lambda _: new_york())


ONE_MINUTE = length("1m")


def moved(frame: pl.DataFrame) -> pl.DataFrame:
    """Bars of a market that never closes, one after the other on the minutes of sessions."""
    numbers = ((frame["open_time"] - START).dt.total_minutes()).to_numpy()
    first = ONE_MINUTE.number(ONE_MINUTE.ceil(FIRST))
    opens = pl.Series(new_york().nth(ONE_MINUTE, first + numbers)).cast(pl.Datetime("us", "UTC"))
    late = {"known_at": opens + (frame["known_at"] - frame["open_time"])} if "known_at" in frame.columns else {}
    return frame.with_columns(open_time=opens, **late)


def on_sessions(name: str, world: World) -> World:
    members = {symbol: moved(frame) for symbol, frame in world.members.items()}
    return replace(world, name=(name, "on sessions"), members=members, interval=ONE_MINUTE)


@cache
def calm_sessions() -> World:
    return on_sessions("calm", calm())


@cache
def wild_sessions() -> World:
    return on_sessions("wild", wild())


CUTS = [
    datetime(2024, 11, 7, 14, 30, tzinfo=UTC),  # an open
    datetime(2024, 11, 11, 21, 0, tzinfo=UTC),  # a close
    datetime(2024, 11, 16, 12, 0, tzinfo=UTC),  # a Saturday
    datetime(2024, 11, 14, 17, 13, tzinfo=UTC),
]
WEEK = Window(datetime(2024, 11, 11, tzinfo=UTC), datetime(2024, 11, 16, tzinfo=UTC))
INSIDE = Window(datetime(2024, 11, 8, 16, 7, tzinfo=UTC), datetime(2024, 11, 15, 19, 31, tzinfo=UTC))
PROMISES: dict[str, Callable[[Subject, World], None]] = {
    **{f"future cut {at:%a %H:%M}": lambda one, world, at=at: promises.future_cut(one, world, at) for at in CUTS},  # type: ignore[misc]
    **{f"future changed {at:%a}": lambda one, world, at=at: promises.future_changed(one, world, at) for at in CUTS[:2]},  # type: ignore[misc]
    "future unknown": lambda one, world: promises.future_unknown(one, world, CUTS[3] + timedelta(seconds=30)),
    "partition alone": lambda one, world: promises.partition_alone(one, world, WEEK),
    "partition that begins and ends within sessions": lambda one, world: promises.partition_alone(one, world, INSIDE),
    "bounded": promises.bounded,
    "scaled": promises.scaled,
    "null by nature": promises.null_by_nature,
    "inputs": promises.inputs_matter,
}


@pytest.mark.one_in(10, slow=4)
@pytest.mark.parametrize("promise", PROMISES)
@pytest.mark.parametrize("world", [calm_sessions, wild_sessions], ids=["calm", "wild"])
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_keeps_every_promise(feature: Feature, world: Callable[[], World], promise: str) -> None:
    if promise == "inputs" and (world is wild_sessions or {"funding", "funding@reference"} & set(feature.inputs)):
        pytest.skip("whether inputs matter is asked of complete bars; settlements are of markets that never close")
    PROMISES[promise](Subject(feature, LAB), world())


@pytest.mark.parametrize("world", [calm_sessions, wild_sessions], ids=["calm", "wild"])
def test_a_table_of_weeks_is_that_of_all(world: Callable[[], World]) -> None:
    bars = world().bars
    whole = Window(FIRST, datetime(2024, 11, 23, tzinfo=UTC))
    expected = compute(bars, window=whole, interval=ONE_MINUTE, around=world().around)
    for start in (datetime(2024, 11, 4, tzinfo=UTC), datetime(2024, 11, 18, tzinfo=UTC)):
        week = Window(start, start + timedelta(days=5))
        near = bars.filter(pl.col("open_time") >= warm_up_window(week, ONE_MINUTE).start)
        found = compute(near, window=week, interval=ONE_MINUTE, around=world().around)
        inside = expected.filter(pl.col("open_time").is_between(week.start, week.end, closed="left"))
        assert found.height > 1000
        assert found.equals(inside, null_equal=True)


def test_bars_back_are_those_that_are_expected_and_days_are_sessions() -> None:
    bars = calm_sessions().bars
    window = Window(datetime(2024, 11, 6, tzinfo=UTC), datetime(2024, 11, 8, tzinfo=UTC))
    table = compute(bars, window=window, interval=ONE_MINUTE)
    rows = table.join(bars, on="open_time", how="left", maintain_order="left")
    first = rows.filter(pl.col("open_time") == datetime(2024, 11, 7, 14, 30, tzinfo=UTC)).row(0, named=True)
    close_before = bars.filter(pl.col("open_time") == datetime(2024, 11, 6, 20, 59, tzinfo=UTC))["close"][0]
    assert first["log_ret_1"] == math.log(first["close"] / close_before)
    assert first["known_at"] == datetime(2024, 11, 7, 14, 31, tzinfo=UTC)
    session = rows.filter(pl.col("open_time") >= datetime(2024, 11, 7, tzinfo=UTC))
    expected = (session["close"] / first["open"]).log()
    assert (session["intraday_ret"] - expected).abs().max() < 1e-15  # type: ignore[operator]


def test_volatility_is_scaled_by_the_bars_of_the_years_before() -> None:
    per_year = ONE_MINUTE.bars_a_year(2024)
    assert 95_000 < per_year < 102_000
    window = Window(datetime(2024, 11, 6, tzinfo=UTC), datetime(2024, 11, 7, tzinfo=UTC))
    bars = calm_sessions().bars
    table = compute(bars, window=window, interval=ONE_MINUTE)
    last = (
        bars.filter(pl.col("open_time") < datetime(2024, 11, 6, 21, tzinfo=UTC))["close"]
        .tail(61)
        .log()
        .diff()
        .drop_nulls()
    )
    assert table["rv_60"][-1] == pytest.approx(math.sqrt((last**2).mean() * per_year), rel=1e-9)  # type: ignore[operator]


def test_the_last_hour_of_a_session_is_known_at_its_close() -> None:
    hour = length("1h")
    opens = hour.opens(Window(datetime(2024, 11, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC)))
    close = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, opens.size)))
    times = pl.Series(opens).cast(pl.Datetime("us", "UTC"))
    names = (
        "open",
        "high",
        "low",
        "close",
        "volume",
        "quote_volume",
        "taker_buy_volume",
        "taker_buy_quote_volume",
        "vwap",
    )
    bars = pl.DataFrame({"open_time": times, **dict.fromkeys(names, close), "trades": 1.0}).cast({"trades": pl.Int64})
    window = Window(datetime(2024, 11, 29, tzinfo=UTC), datetime(2024, 11, 30, tzinfo=UTC))
    table = compute(bars, window=window, interval=hour)
    assert table["known_at"].dt.strftime("%H:%M").to_list() == ["15:30", "16:30", "17:30", "18:00"]
    ahead = labels(bars, window=window, interval=hour, horizons=[1, 2])
    assert ahead["fwd_ret_1"][2] == math.log(bars["close"][-1] / bars["close"][-2])
    reach = label_window(window, hour, [1, 2])
    assert reach.end == datetime(2024, 12, 2, 16, 30, tzinfo=UTC)  # two bars of the next session, on Monday


def test_a_profile_is_of_the_same_time_after_the_open_in_the_twenty_sessions_before() -> None:
    bars = wild_sessions().bars
    window = Window(datetime(2024, 11, 27, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC))
    table = session_profile(bars, window=window, interval=ONE_MINUTE)
    by_day = table.group_by(pl.col("open_time").dt.date(), maintain_order=True).len()
    assert by_day.rows() == [(date(2024, 11, 27), 26), (date(2024, 11, 29), 14)]
    close = dict(bars.select("open_time", "close").iter_rows())
    opens = [EPOCH + int(one) * MICROSECOND for one in length("1d").opens(Window(FIRST, window.end))]
    checked = 0
    for row in table.gather_every(3).iter_rows(named=True):
        session = max(one for one in opens if one <= row["open_time"])
        assert row["known_at"] == session
        after = row["open_time"] - session
        before = [one for one in opens if one < session][-20:]
        minutes = [one + after + number * MINUTE for one in before for number in range(15)]
        squares = [
            math.log(close[at] / close[back]) ** 2
            for at in minutes
            if at in close and (back := ONE_MINUTE.floor(at - MICROSECOND)) in close
        ]
        if len(before) < 20 or len(squares) < 270:
            assert row["sigma"] is None
        else:
            checked += 1
            assert row["sigma"] == pytest.approx(math.sqrt(sum(squares) / len(squares)), rel=1e-12)
    assert checked > 3


def test_profiles_of_sessions_alone_are_those_of_all() -> None:
    bars = wild_sessions().bars
    whole = Window(datetime(2024, 11, 25, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC))
    expected = session_profile(bars, window=whole, interval=ONE_MINUTE)
    for number in (25, 29):
        day = Window(datetime(2024, 11, number, tzinfo=UTC), datetime(2024, 11, number + 1, tzinfo=UTC))
        reach = session_window(day, ONE_MINUTE)
        own = bars.filter(pl.col("open_time").is_between(reach.start, reach.end, closed="left"))
        found = session_profile(own, window=day, interval=ONE_MINUTE)
        assert found.equals(expected.filter(pl.col("open_time").dt.date() == date(2024, 11, number)), null_equal=True)


def test_the_calendar_of_the_test_is_that_of_the_library(tmp_path: Path) -> None:
    pytest.importorskip("exchange_calendars", reason="calendars of exchanges need the extra stocks")
    library = exchange_sessions("XNYS", datetime(2025, 1, 1, tzinfo=UTC), tmp_path)
    window = Window(datetime(2024, 10, 30, tzinfo=UTC), datetime(2025, 1, 25, tzinfo=UTC))
    assert library.digest(window) == new_york().sessions.digest(window)
