"""`bcdata sessions`: values worked out by people and by the calendars' library, through the command."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bcdata.errors import UsageError
from bcdata_tests.cli.markets.conftest import Ask

pytest.importorskip("exchange_calendars", reason="calendars of exchanges need the extra stocks")
NEVER_BUILT = ("ASEX", "XBEL", "XBSE", "XCYS")
MONTH_OF_ALL = ("us_equity", "XNYS", "CMES", "us_futures", "fx_ny", "24/5", "24/7", "spot")


def rows(ask: Ask, calendar: str, first: str, last: str, interval: str | None = None) -> dict[str, dict[str, Any]]:
    """The sessions by their labels, times as in tables of people: `03-08 14:30`."""
    more = ["--interval", interval] if interval else []
    found = ask("sessions", calendar, "--from", first, "--to", last, *more)["sessions"]
    return {one["session"]: {key: _short(value) for key, value in one.items()} for one in found}


def _short(value: Any) -> Any:
    return f"{datetime.fromisoformat(value):%m-%d %H:%M}" if isinstance(value, str) and " " in value else value


def test_a_holiday_and_a_half_day(ask: Ask) -> None:
    found = rows(ask, "XNYS", "2023-11-22", "2023-11-24", "1m")
    assert list(found) == ["2023-11-22", "2023-11-24"]
    whole, half = found.values()
    assert (whole["bars"], whole["first_open"], whole["last_open"]) == (390, "11-22 14:30", "11-22 20:59")
    assert (half["bars"], half["first_open"], half["last_open"]) == (210, "11-24 14:30", "11-24 17:59")
    assert half["close"] == half["last_end"] == "11-24 18:00"


@pytest.mark.parametrize(("year", "sessions", "bars"), [(2023, 250, 97_140), (2024, 252, 97_740), (2025, 250, 96_960)])
def test_years(ask: Ask, year: int, sessions: int, bars: int) -> None:
    found = ask("sessions", "us_equity", "--from", str(year), "--to", str(year), "--interval", "1m")
    assert found["count"] == len(found["sessions"]) == sessions
    assert found["bars"] == sum(one["bars"] for one in found["sessions"]) == bars
    assert found["a_year"] == (98_100 + 97_710 + 97_140 + 97_740 + 96_960) / 5


def test_a_day_of_mourning(ask: Ask) -> None:
    assert list(rows(ask, "XNYS", "2025-01-08", "2025-01-10")) == ["2025-01-08", "2025-01-10"]


def test_hours_count_from_the_open_and_the_last_one_is_short(ask: Ask) -> None:
    [day] = rows(ask, "XNYS", "2024-11-29", "2024-11-29", "1h").values()
    assert day["bars"] == 4
    assert [day[key] for key in ("first_open", "last_open", "last_end")] == [
        "11-29 14:30",
        "11-29 17:30",
        "11-29 18:00",
    ]


def test_clocks_change(ask: Ask) -> None:
    new_york = rows(ask, "XNYS", "2024-03-08", "2024-03-11")
    assert [one["open"] for one in new_york.values()] == ["03-08 14:30", "03-11 13:30"]
    london = rows(ask, "XLON", "2023-03-24", "2023-03-27")
    assert [(one["open"], one["close"]) for one in london.values()] == [
        ("03-24 08:00", "03-24 16:30"), ("03-27 07:00", "03-27 15:30"),
    ]  # fmt: skip
    assert "2023-05-08" not in rows(ask, "XLON", "2023-05", "2023-05")
    [day] = rows(ask, "CMES", "2023-03-13", "2023-03-13", "1d").values()
    assert (day["open"], day["close"], day["bars"]) == ("03-12 22:00", "03-13 22:00", 1)


def test_a_break(ask: Ask) -> None:
    found = ask("sessions", "XHKG", "--from", "2023-01-19", "--to", "2023-01-25", "--interval", "1m")["sessions"]
    assert [one["session"] for one in found] == ["2023-01-19", "2023-01-20"]
    assert [[one[end][11:16] for end in ("start", "end")] for one in found[0]["parts"]] == [
        ["01:30", "04:00"], ["05:00", "08:00"],
    ]  # fmt: skip
    assert (found[0]["bars"], found[0]["last_open"][11:16]) == (330, "07:59")
    assert "01:30-04:00, 05:00-08:00" in ask("sessions", "XHKG", "--from", "2023-01-19", as_json=False)


def test_an_exchange_that_came_to_close_later(ask: Ask) -> None:
    found = rows(ask, "XTKS", "2024-11-01", "2024-11-05", "1m")
    assert {label: one["bars"] for label, one in found.items()} == {"2024-11-01": 300, "2024-11-05": 330}


def test_futures_close_early_and_pause(ask: Ask) -> None:
    early = rows(ask, "CMES", "2023-11-23", "2023-11-24", "1d")
    assert [(one["open"], one["close"]) for one in early.values()] == [
        ("11-22 23:00", "11-23 18:00"), ("11-23 23:00", "11-24 18:00"),
    ]  # fmt: skip
    [whole] = rows(ask, "CMES", "2023-03-08", "2023-03-08", "1m").values()
    [paused] = rows(ask, "us_futures", "2023-03-08", "2023-03-08", "1m").values()
    assert (whole["bars"], paused["bars"]) == (24 * 60, 23 * 60)
    assert paused["last_end"] == "03-08 22:00"


def test_currencies_and_markets_that_never_close(ask: Ask) -> None:
    week = rows(ask, "fx_ny", "2023-03-10", "2023-03-14", "1h")
    assert [(label, one["open"], one["bars"]) for label, one in week.items()] == [
        ("2023-03-10", "03-09 22:00", 24), ("2023-03-13", "03-12 21:00", 24), ("2023-03-14", "03-13 21:00", 24),
    ]  # fmt: skip
    always = rows(ask, "24/7", "2024-02-28", "2024-03-01", "1m")
    assert [(label, one["open"], one["bars"]) for label, one in always.items()] == [
        ("2024-02-28", "02-28 00:00", 1440), ("2024-02-29", "02-29 00:00", 1440), ("2024-03-01", "03-01 00:00", 1440),
    ]  # fmt: skip
    assert ask("sessions", "spot", "--interval", "1m")["a_year"] == 525_600


def test_the_cases_that_were_computed(ask: Ask, shared_data: Path) -> None:
    """Whole windows: what is absent from them is closed."""
    windows: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for case in json.loads((shared_data / "sessions/sessions.json").read_text()):
        windows.setdefault((case["calendar"], *case["window"]), []).append(case)
    for (calendar, first, last), cases in windows.items():
        for interval in ("1m", "5m", "15m", "1h"):
            words = ("sessions", calendar, "--from", first, "--to", last, "--interval", interval)
            found = ask(*words)["sessions"]
            assert [_told(one) for one in found] == [_computed(case, interval) for case in cases]
            assert [one["last_end"] for one in found] == [one["close"] for one in found]


def _told(row: dict[str, Any]) -> tuple[Any, ...]:
    parts = [one[end] for one in row["parts"] for end in ("start", "end")]
    times = (row["open"], row["close"], row["last_open"], *parts)
    return row["session"], row["bars"], *map(datetime.fromisoformat, times)


def _computed(case: dict[str, Any], interval: str) -> tuple[Any, ...]:
    pause = [case["break_start"], case["break_end"]] if case["break_start"] else []
    times = (case["open"], case["close"], case["last_open"][interval], case["open"], *pause, case["close"])
    return case["session"], case["bars"][interval], *map(datetime.fromisoformat, times)


def test_whole_years_that_were_computed(ask: Ask, shared_data: Path) -> None:
    for case in json.loads((shared_data / "sessions/years.json").read_text()):
        year = str(case["year"])
        found = ask("sessions", case["calendar"], "--from", year, "--to", year, "--interval", "1m")
        assert (found["count"], found["bars"]) == (case["sessions"], case["minutes"]), case


def test_without_a_range_it_is_this_month(ask: Ask) -> None:
    for calendar in MONTH_OF_ALL:
        assert {one["session"][:7] for one in ask("sessions", calendar)["sessions"]} == {"2026-01"}


def test_the_summary_and_what_a_table_leaves_out(ask: Ask) -> None:
    said = ask("sessions", "XNYS", "--from", "2023", "--to", "2023", "--interval", "1m", "--limit", "5", as_json=False)
    assert "245 more; --json has all" in said
    assert "250 sessions, 97,140 bars of 1m; 97,530 bars a year" in said
    assert "23 sessions; 251 a year" in ask("sessions", "XNYS", "--from", "2024-10", "--to", "2024-10", as_json=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["XNYX"], "there is no calendar or market 'XNYX'; did you mean 'XNYS'"),
        (["us_equty"], "did you mean 'us_equity'"),
        (["XTAE"], "cannot build the calendar XTAE: ValueError"),
        *(([name], f"cannot build the calendar {name}: NotImplementedError") for name in NEVER_BUILT),
        (["XNYS", "--from", "2023", "--to", "2099"], "XNYS is known from 1970-01-01 to 2027-01-01"),
        (["XNYS", "--from", "1960", "--to", "2020"], "nothing is said of 1960-01-01"),
        (["24/7", "--from", "2023", "--to", "2099"], "24/7 is known from 1970-01-01 to 2027-01-15"),
        (["XNYS", "--interval", "1x"], "'1x' is not an interval"),
        (["XNYS", "--interval", "3d"], "of 1d, 1w and 1mo; not of 3d"),
        (["XNYS", "--from", "2023-02", "--to", "2023-01"], "is reversed"),
        (["XNYS", "--from", "2023-02-30"], "is not a date"),
    ],
)  # fmt: skip
def test_mistakes(ask: Ask, words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as told:
        ask("sessions", *words)
    assert "\n" not in str(told.value)
