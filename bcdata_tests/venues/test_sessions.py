"""Sessions and the bars they expect, against values that the library's own tables and people have worked out."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import UsageError
from bcdata.interval import EPOCH, Interval
from bcdata.venues.exchange_sessions import exchange_sessions, week_in_new_york
from bcdata.venues.hours import Hours
from bcdata.venues.pauses import Pause
from bcdata.venues.session_calendar import SessionCalendar
from bcdata.venues.session_interval import SessionInterval
from bcdata.venues.sessions import Sessions
from bcdata.windows import Window

NOW = datetime(2026, 1, 15, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("exchange_calendars", reason="calendars of exchanges need the extra stocks")
    folder = tmp_path_factory.mktemp("calendars")
    return lambda name: SessionCalendar(exchange_sessions(name, NOW, folder))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(first: str, last: str) -> Window:
    return Window(utc(first), utc(last))


def opens(calendar: SessionCalendar, interval: str, first: str, last: str) -> list[str]:
    found = calendar.opens(Interval.parse(interval), window(first, last))
    return found.dt.strftime("%m-%d %H:%M").to_list()


def test_the_cases_that_were_computed(tables: Any, shared_data: Path) -> None:
    cases = json.loads((shared_data / "sessions/sessions.json").read_text())
    for case in cases:
        table = tables(case["calendar"]).sessions
        at = int(np.searchsorted(table.labels, np.datetime64(case["session"])))
        assert str(table.labels[at]) == case["session"]
        first, last = datetime.fromisoformat(case["open"]), datetime.fromisoformat(case["close"])
        assert [table.opens[at], table.closes[at]] == [(one - EPOCH) // MICROSECOND for one in (first, last)]
        for name, count in case["bars"].items():
            bars = tables(case["calendar"]).bars(Interval.parse(name), Window(first, last))
            assert len(bars.opens) == count, (case["calendar"], case["session"], name)
            assert EPOCH + timedelta(microseconds=int(bars.opens[-1])) == datetime.fromisoformat(
                case["last_open"][name]
            )
            assert EPOCH + timedelta(microseconds=int(bars.ends[-1])) == last
            assert {str(one) for one in bars.sessions} == {case["session"]}


def test_whole_years(tables: Any, shared_data: Path) -> None:
    for case in json.loads((shared_data / "sessions/years.json").read_text()):
        year = Window(datetime(case["year"], 1, 1, tzinfo=UTC), datetime(case["year"] + 1, 1, 1, tzinfo=UTC))
        calendar = tables(case["calendar"])
        labels = calendar.sessions.labels.astype("datetime64[Y]").astype(int) + 1970
        assert int((labels == case["year"]).sum()) == case["sessions"]
        if case["calendar"] != "CMES":  # its first session of a year opens in the one before
            assert len(calendar.bars(Interval.parse("1m"), year).opens) == case["minutes"]
            assert len(calendar.bars(Interval.parse("1d"), year).opens) == case["sessions"]


def test_hours_count_from_the_open_and_the_last_one_is_short(tables: Any) -> None:
    bars = tables("XNYS").bars(Interval.parse("1h"), window("2024-11-29", "2024-11-30"))
    minutes = [(int(end) - int(start)) // 60_000_000 for start, end in zip(bars.opens, bars.ends, strict=True)]
    assert opens(tables("XNYS"), "1h", "2024-11-29", "2024-11-30") == [
        "11-29 14:30", "11-29 15:30", "11-29 16:30", "11-29 17:30",
    ]  # fmt: skip
    assert minutes == [60, 60, 60, 30]


def test_a_break_begins_a_new_grid(tables: Any) -> None:
    found = opens(tables("XHKG"), "1h", "2023-01-19", "2023-01-20")
    assert found == ["01-19 01:30", "01-19 02:30", "01-19 03:30", "01-19 05:00", "01-19 06:00", "01-19 07:00"]
    assert len(opens(tables("XHKG"), "1m", "2023-01-19", "2023-01-20")) == 330
    assert opens(tables("XHKG"), "1d", "2023-01-23", "2023-01-26") == []


def test_days_of_futures_open_the_evening_before(tables: Any) -> None:
    table = tables("CMES")
    assert opens(table, "1d", "2023-03-12", "2023-03-13") == ["03-12 22:00"]
    bars = table.bars(Interval.parse("1d"), window("2023-11-22T12:00", "2023-11-24"))
    assert [str(one) for one in bars.sessions] == ["2023-11-23", "2023-11-24"]
    assert [EPOCH + timedelta(microseconds=int(end)) for end in bars.ends] == [
        utc("2023-11-23T18:00"), utc("2023-11-24T18:00"),
    ]  # fmt: skip


def test_weeks_and_months_begin_with_their_first_session(tables: Any) -> None:
    table = tables("XNYS")
    weeks = table.bars(Interval.parse("1w"), window("2024-12-30", "2025-01-25"))
    assert [str(one) for one in weeks.sessions] == ["2024-12-30", "2025-01-06", "2025-01-13", "2025-01-21"]
    months = table.bars(Interval.parse("1mo"), window("2024-11-01", "2025-02-01"))
    assert [str(one) for one in months.sessions] == ["2024-11-01", "2024-12-02", "2025-01-02"]
    assert EPOCH + timedelta(microseconds=int(months.ends[0])) == utc("2024-11-29T18:00")


def test_a_day_of_mourning_has_no_session_and_a_year_is_the_mean_of_five(tables: Any) -> None:
    table = tables("XNYS")
    assert opens(table, "1d", "2025-01-09", "2025-01-10") == []
    assert table.bars_per_year(Interval.parse("1d"), 2025) == (253 + 252 + 251 + 250 + 252) / 5
    assert table.bars_per_year(Interval.parse("1m"), 2025) == (98_310 + 98_100 + 97_710 + 97_140 + 97_740) / 5


def test_bars_of_other_lengths_are_told(tables: Any) -> None:
    with pytest.raises(UsageError, match="of 1d, 1w and 1mo; not of 3d"):
        opens(tables("XNYS"), "3d", "2025-01-01", "2025-02-01")


def test_beyond_its_ends_nothing_is_said(tables: Any) -> None:
    with pytest.raises(UsageError, match="XNYS is known from 1970-01-01"):
        opens(tables("XNYS"), "1d", "1969-12-01", "1970-02-01")
    with pytest.raises(UsageError, match="nothing is said of 2026-01-01 to 2099-01-01"):
        opens(tables("XNYS"), "1m", "2026-01-01", "2099-01-01")


def test_an_unknown_calendar_has_near_names_and_one_that_cannot_be_built_its_cause(tables: Any) -> None:
    with pytest.raises(UsageError, match="there is no calendar 'XNYSE'; did you mean 'XNYS'"):
        tables("XNYSE")
    with pytest.raises(UsageError, match="cannot build the calendar XTAE: ValueError"):
        tables("XTAE")
    with pytest.raises(UsageError, match="cannot build the calendar ASEX: NotImplementedError"):
        tables("ASEX")


def test_tables_are_kept_as_values_and_damaged_ones_made_anew(tmp_path: Path) -> None:
    pytest.importorskip("exchange_calendars")
    made = exchange_sessions("XLON", NOW, tmp_path)
    (path,) = tmp_path.iterdir()
    kept = exchange_sessions("XLON", NOW, tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    again = exchange_sessions("XLON", NOW, tmp_path)
    whole = made.known
    assert kept.digest(whole) == again.digest(whole) == made.digest(whole)
    assert kept.source == made.source


def test_pauses_take_their_time_away(tables: Any) -> None:
    paused = SessionCalendar(tables("CMES").sessions.paused([Pause.parse("16:00-17:00 America/Chicago")]))
    day = opens(paused, "1h", "2023-03-08T22:00", "2023-03-09T23:00")
    assert day[0] == "03-08 23:00"
    assert day[-1] == "03-09 21:00"  # 22:00 is in the pause
    assert len(day) == 23
    over_dst = opens(paused, "1h", "2023-03-13T20:00", "2023-03-14T00:00")
    assert over_dst == ["03-13 20:00", "03-13 22:00", "03-13 23:00"]


@pytest.mark.parametrize(
    "text", ["16-17 America/Chicago", "16:00-17:00", "25:00-26:00 UTC", "16:00-17:00 Mars/North", "16:00-17:00 ../UTC"]
)
def test_what_is_no_pause_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="is no pause"):
        Pause.parse(text)


def test_closures_and_sessions_of_ones_own(tables: Any) -> None:
    changed = tables("XNYS").sessions.changed(
        [date(2025, 1, 10)], {date(2025, 1, 9): (utc("2025-01-09T15:00"), utc("2025-01-09T16:00"))}
    )
    assert opens(SessionCalendar(changed), "1d", "2025-01-09", "2025-01-13") == ["01-09 15:00"]
    january, february = window("2025-01-01", "2025-02-01"), window("2025-02-01", "2025-03-01")
    before = tables("XNYS").sessions
    assert changed.digest(january) != before.digest(january)
    assert changed.digest(february) == before.digest(february)


def test_a_closure_of_ones_own_leaves_the_breaks_of_other_days(tables: Any) -> None:
    changed = tables("XHKG").sessions.changed([date(2023, 1, 18)], {})
    found = SessionCalendar(changed).bars(Interval.parse("1m"), window("2023-01-18", "2023-01-20"))
    assert len(found.opens) == 330  # of the 19th, with its break
    assert {str(one) for one in found.sessions} == {"2023-01-19"}


@pytest.mark.parametrize("name", ["1m", "1h", "1d", "1w", "1mo"])
@pytest.mark.parametrize("exchange", ["XNYS", "XHKG", "CMES"])
def test_an_interval_counts_by_sessions(tables: Any, exchange: str, name: str) -> None:
    whole = tables(exchange)
    interval = SessionInterval(name, *_parsed(name), Hours(exchange), lambda _: whole)
    bars = whole.bars(interval, window("2023-02-20", "2023-04-10"))
    instants = [EPOCH + timedelta(microseconds=int(one)) for one in bars.opens]
    ends = [EPOCH + timedelta(microseconds=int(one)) for one in bars.ends]
    for at in range(0, len(instants) - 1, max(len(instants) // 50, 1)):
        opened, following = instants[at], instants[at + 1]
        assert interval.next(opened) == following
        assert interval.end(opened) == ends[at] <= following
        assert interval.floor(opened) == interval.ceil(opened) == interval.floor(following - MICROSECOND) == opened
        assert interval.ceil(opened + MICROSECOND) == following
        closed = whole.closed(interval, Window(instants[0], following), ends[at] - MICROSECOND)
        assert len(whole.bars(interval, closed).opens) == at
        assert whole.closed(interval, Window(instants[0], following), following) == Window(instants[0], following)


def _parsed(name: str) -> tuple[timedelta | None, datetime]:
    plain = Interval.parse(name)
    return plain.length, plain.anchor


def test_the_week_of_currencies_is_new_yorks() -> None:
    week = SessionCalendar(week_in_new_york(NOW))
    assert opens(week, "1d", "2023-03-10", "2023-03-15") == ["03-12 21:00", "03-13 21:00", "03-14 21:00"]
    assert len(opens(week, "1h", "2023-03-05", "2023-03-12")) == 5 * 24


spans = st.lists(st.integers(1, 500), min_size=2, max_size=40)


@given(spans, st.sampled_from([1, 5, 7, 60]), st.integers(-100, 30_000))
def test_positions_count_the_opens(lengths: list[int], minutes: int, asked: int) -> None:
    """Sessions and the time between them are drawn in turn; so many bars open before an instant as are listed."""
    edges = np.cumsum(lengths)
    rows = [
        (
            date(2020, 1, 1) + timedelta(days=at),
            utc("2020-01-01") + timedelta(minutes=int(a)),
            utc("2020-01-01") + timedelta(minutes=int(b)),
        )
        for at, (a, b) in enumerate(zip(edges[::2], edges[1::2], strict=False))
    ]
    table = Sessions.of_rows("drawn", "a test", rows)
    calendar, interval = SessionCalendar(table), Interval.parse(f"{minutes}m")
    listed = calendar.bars(interval, table.known).opens
    instant = int((utc("2020-01-01") + timedelta(minutes=asked) - EPOCH) // MICROSECOND)
    assert calendar.positions(interval, np.array([instant]))[0] == int((listed < instant).sum())
    brute = [
        int((start - EPOCH) // MICROSECOND) + step * minutes * 60_000_000
        for _, start, end in rows
        for step in range(-(-int((end - start).total_seconds()) // (minutes * 60)))
    ]
    assert listed.tolist() == brute


def test_sessions_that_overlap_are_told() -> None:
    first, last = utc("2020-01-01"), utc("2020-01-02")
    with pytest.raises(UsageError, match="overlap"):
        Sessions.of_rows("x", "y", [(date(2020, 1, 1), first, last), (date(2020, 1, 2), first, last)])
