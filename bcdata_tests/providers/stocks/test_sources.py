"""Polygon, Alpaca and Alpha Vantage on the loopback: pages are what was traded, whatever happens on the way."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bcdata.errors import (
    NoDataError,
    UsageError,
)
from bcdata.frames.columns import BAR_COLUMNS
from bcdata.interval import Interval
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import PROVIDERS, SOURCES
from bcdata.windows import Window, union
from bcdata_tests.providers.stocks.asking import NAMES, OCTOBER, SHORT, asked, told
from bcdata_tests.providers.stocks.market import (
    APPLE,
    COLUMNS,
    FULL,
    LATE,
    NOW,
    SELDOM,
    VARIABLES,
    action_pages,
    actions_of,
    inside,
    series,
    server,
    truth,
)
from bcdata_tests.providers.venues import assert_same, first_open, us

ALL = [(source, interval) for source in NAMES for interval in SOURCES[source].capabilities.intervals]


@pytest.mark.parametrize(("source", "name"), ALL)
def test_pages_are_what_was_traded_over_a_change_of_the_clocks(source: str, name: str) -> None:
    interval = Interval.parse(name)
    first = datetime(2024, 10, 28 if name == "1m" else 7, tzinfo=UTC) - timedelta(days=30 if name == "1mo" else 0)
    window = Window(interval.ceil(first), interval.ceil(NOW + timedelta(days=40)))
    with server(source) as provider:
        found = asked(source, provider.url, window, interval=name)
    (covered,) = union(one.covers for one in found)
    covered = Window(max(covered.start, window.start), covered.end)
    assert covered.start == window.start
    assert timedelta() <= NOW - covered.end <= timedelta(days=1 if name.endswith(("m", "h", "d")) else 35)
    expected = truth(source, APPLE, name, covered)
    assert_same(inside(told(source, found, interval=name), covered), expected, COLUMNS)
    assert expected.height > (0 if name == "1mo" else 3)
    if name == "1m":
        assert {(at // 3_600_000_000) % 24 for at in expected["open_time"]} == set(range(13, 21))


@pytest.mark.parametrize("source", NAMES)
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    start=st.integers(0, 66 * 1440).map(lambda minutes: datetime(2024, 9, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    length=st.integers(600, 60 * 24 * 12),
    name=st.sampled_from(["1m", "5m", "15m", "1h"]),
    most=st.integers(200, 3000),
)
def test_pages_tile_any_window_and_each_is_the_truth_of_what_it_covers(
    source: str, start: datetime, length: int, name: str, most: int
) -> None:
    interval = Interval.parse(name)
    window = Window(interval.floor(start), interval.floor(start + timedelta(minutes=length)))
    with server(source, **({} if source == "alpha_vantage" else {"most": most})) as provider:
        try:
            found = asked(source, provider.url, window, interval=name)
        except NoDataError:
            assert truth(source, APPLE, name, window).is_empty()
            return
    for one in found:
        alone = inside(told(source, [one], interval=name), one.covers)
        assert_same(alone, truth(source, APPLE, name, one.covers), COLUMNS)
    assert all(one.covers.end == after.covers.start for one, after in pairwise(found))
    assert found[0].covers.start <= window.start
    assert found[-1].covers.end >= min(window.end, interval.floor(NOW - timedelta(hours=15)))


@pytest.mark.parametrize("source", ["polygon", "alpaca"])
@pytest.mark.parametrize("name", ["1m", "15m", "1d"])
def test_many_pages_are_one(source: str, name: str) -> None:
    with server(source) as provider:
        whole = asked(source, provider.url, OCTOBER, interval=name)
    with server(source, most={"1m": 1000, "15m": 150, "1d": 7}[name]) as provider:
        parts = asked(source, provider.url, OCTOBER, interval=name)
    assert len(parts) > 3
    assert len(whole) == 1
    one, other = (inside(told(source, each, interval=name), OCTOBER) for each in (whole, parts))
    assert one.drop("object", "line").equals(other.drop("object", "line"))
    assert union(page.covers for page in parts) == [OCTOBER]


@pytest.mark.parametrize("source", ["polygon", "alpaca"])
@pytest.mark.parametrize(
    ("name", "start", "end", "label"),
    [
        ("1w", "2024-09-10T13:30", "2024-09-13T20:00", "2024-09-09"),  # whose Monday is a holiday
        ("1mo", "2024-06-03T13:30", "2024-06-28T20:00", "2024-06-01"),  # which begins on a Saturday
        ("1d", "2024-09-10T13:30", "2024-09-10T20:00", "2024-09-10"),
    ],
)
def test_windows_may_begin_at_the_open_of_a_session(source: str, name: str, start: str, end: str, label: str) -> None:
    window = Window(*(datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (start, end)))
    with server(source) as provider:
        found = asked(source, provider.url, window, interval=name)
    assert us(datetime.fromisoformat(label).replace(tzinfo=UTC)) in told(source, found, interval=name)["open_time"]
    assert union(one.covers for one in found) == [window]


@pytest.mark.parametrize("source", ["polygon", "alpaca"])
def test_pages_of_one_day_each(source: str) -> None:
    window = Window(datetime(2024, 10, 1, 13, 30, tzinfo=UTC), datetime(2024, 10, 7, 20, tzinfo=UTC))
    with server(source, most=1) as provider:
        found = asked(source, provider.url, window, interval="1d")
    assert [one.rows for one in found] == [1] * 7  # and the days on both sides
    assert union(one.covers for one in found) == [window]
    days = inside(told(source, found, interval="1d"), Window(window.start.replace(hour=0, minute=0), window.end))
    assert days.height == 5


@pytest.mark.parametrize("source", NAMES)
def test_silence_beside_bars_is_covered_and_silence_alone_is_no_data(source: str) -> None:
    idle = Window(datetime(2024, 10, 9, tzinfo=UTC), datetime(2024, 10, 10, tzinfo=UTC))
    beside = Window(datetime(2024, 10, 8, tzinfo=UTC), datetime(2024, 10, 10, tzinfo=UTC))
    with server(source) as provider:
        found = asked(source, provider.url, beside, symbol="BRK.B", interval="1d")
        assert union(one.covers for one in found)[0].end >= beside.end
        assert inside(told(source, found, symbol="BRK.B", interval="1d"), beside).height == 1
        minutes = asked(source, provider.url, beside, symbol="BRK.B")
        assert_same(
            inside(told(source, minutes, symbol="BRK.B"), beside), truth(source, SELDOM, SHORT, beside), COLUMNS
        )
        with pytest.raises(NoDataError, match=source):
            asked(source, provider.url, Window(datetime(2023, 1, 2, tzinfo=UTC), datetime(2023, 1, 5, tzinfo=UTC)))
        if source != "alpha_vantage":  # which answers with a month
            with pytest.raises(NoDataError, match=source):
                asked(source, provider.url, idle, symbol="BRK.B")


@pytest.mark.parametrize("source", NAMES)
def test_the_first_bar(source: str) -> None:
    opened = LATE.hours.sessions[[one.label for one in LATE.hours.sessions].index(LATE.listed)].open
    with server(source) as provider:
        minute = first_open(source, provider.url, series("NEW"), NOW)
        day = first_open(source, provider.url, series("NEW", "1d"), NOW)
        assert len(provider.requests) < 5
    assert minute is not None
    assert us(minute) == truth(source, LATE, "1m", Window(opened, NOW))["open_time"][0]
    assert day == datetime(2024, 10, 16, tzinfo=UTC)


@pytest.mark.parametrize("source", NAMES)
def test_splits_and_dividends(source: str) -> None:
    year = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
    with server(source) as provider:
        found = action_pages(source, provider.url, "AAPL", year)
    assert [one.covers for one in found if not one.covers.is_empty] == [found[-1].covers] == [year]
    actions = actions_of(source, "AAPL", [one.body for one in found])
    assert actions.bad_lines.is_empty()
    first, last = year.start.date(), year.end.date()
    rows = [row for row in actions.rows.iter_rows(named=True) if first <= row["ex_session"] < last]
    splits = {(row["ex_session"], row["ratio"]) for row in rows if row["kind"] == "split"}
    paid = {(row["ex_session"], row["amount"]) for row in rows if row["kind"] == "cash"}
    assert splits == {(one.ex, float(one.ratio)) for one in APPLE.splits if first <= one.ex < last} != set()
    assert paid == {(one.ex, one.amount) for one in APPLE.dividends} != set()


@pytest.mark.parametrize("source", NAMES)
def test_a_symbol_without_actions_has_pages_that_say_so(source: str) -> None:
    with server(source) as provider:
        found = action_pages(source, provider.url, "BRK.B", OCTOBER)
    assert found[-1].covers == OCTOBER
    assert actions_of(source, "BRK.B", [one.body for one in found]).rows.is_empty()


@pytest.mark.parametrize("source", NAMES)
def test_plans(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = SOURCES[source]
    assert one.on_plan is not None
    other = one.on_plan(FULL[source].upper())
    assert other.plan is not None
    assert (other.name, other.plan.name, other.capabilities) == (source, FULL[source], one.capabilities)
    assert other.plan.terms
    with pytest.raises(UsageError, match=f"did you mean '{FULL[source]}'"):
        one.on_plan(FULL[source][:-1])
    monkeypatch.setenv(f"BCDATA_{source.upper()}_PLAN", f"{FULL[source][:-1]}x")
    with pytest.raises(UsageError, match=rf"^BCDATA_{source.upper()}_PLAN: .*did you mean '{FULL[source]}'"):
        one.limits(one.capabilities and {"rest": "http://127.0.0.1"})
    assert PROVIDERS[source].settings is not None


@pytest.mark.parametrize("source", NAMES)
def test_what_a_source_says_of_itself_is_so(source: str) -> None:
    can = SOURCES[source].capabilities
    with server(source) as provider:
        (found,) = asked(source, provider.url, OCTOBER)
        rows = told(source, [found])
    filled = {name for name in (*BAR_COLUMNS, "vwap") if rows[name].null_count() < rows.height}
    assert filled == can.columns
    assert rows["open_time"].is_sorted(descending=can.order == "descending")
    assert can.page_rows is None or found.rows <= can.page_rows
    assert SOURCES[source].role is Role.WINDOW
    assert can.omits_empty
    assert can.tape_of("1m") == "consolidated"
    assert {key.variable for key in can.keys} == set(VARIABLES[source])


def test_to_know_the_providers_needs_nothing_dear() -> None:
    modules = ", ".join(f"bcdata.providers.{one}" for one in NAMES)
    code = f"import sys, {modules}; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"polars", "aiohttp"} & set(loaded)
