"""Local times and labels, on both sides of a change of the clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.interval import Interval
from bcdata.providers.capabilities import Plan
from bcdata.providers.stocks.local_time import NEW_YORK, closed_until, day, instant, labelled, local, midnight, zone

ZONES = st.sampled_from(["America/New_York", "Europe/London", "Asia/Tokyo", "Australia/Lord_Howe", "UTC"]).map(ZoneInfo)
MINUTES = st.integers(0, 60 * 24 * 365 * 30)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-08 09:30:00", "2024-03-08 14:30"),
        ("2024-03-11 09:30:00", "2024-03-11 13:30"),
        ("2024-11-01 16:00", "2024-11-01 20:00"),
        ("2024-11-04T09:30:00", "2024-11-04 14:30"),
    ],
)
def test_times_of_new_york(text: str, expected: str) -> None:
    assert local(text, NEW_YORK) == utc(expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2024-11-03 01:30:00", "show this time twice"),
        ("2024-03-10 02:30:00", "leave this time out"),
        ("2024-02-30 09:30:00", "no such time"),
        ("2024-02-03 25:30:00", "no such time"),
        ("9999-12-31 23:59:00", "no such time"),
        ("2024-02-03", "no local time"),
        ("2024-02-03 09:30:00Z", "no local time"),
        ("2024-02-03 09:30:00.5", "no local time"),
        (7, "no local time"),
        (None, "no local time"),
    ],
)
def test_what_is_no_time_is_said_in_words(text: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        local(text, NEW_YORK)


@given(ZONES, MINUTES)
def test_a_local_time_is_its_instant_or_there_are_two_of_it(place: ZoneInfo, minutes: int) -> None:
    at = utc("2000-01-01") + timedelta(minutes=minutes)
    shown = at.astimezone(place)
    try:
        assert local(f"{shown:%Y-%m-%d %H:%M:%S}", place) == at
    except ValueError as error:
        assert "twice" in str(error)  # noqa: PT017 (most times are there once)
        assert shown.replace(fold=0).utcoffset() != shown.replace(fold=1).utcoffset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-02-01T05:00:00Z", "2022-02-01 05:00"),
        ("2022-02-01T05:00:00.000Z", "2022-02-01 05:00"),
        ("2022-02-01T00:00:00-05:00", "2022-02-01 05:00"),
        ("2022-02-01T05:00:00.000+00:00", "2022-02-01 05:00"),
        ("2022-02-01T05:00:00", None),
        ("2022-02-01T05:00:00.5Z", None),
        ("2022-02-30T05:00:00Z", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("2022-02-01", None),
        (1_643_691_600, None),
        (None, None),
    ],
)
def test_instants_have_an_offset(text: object, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="no"):
            instant(text)
    else:
        assert instant(text) == utc(expected)


def test_dates_and_zones() -> None:
    assert day("2024-02-29") == date(2024, 2, 29)
    assert midnight(date(2024, 2, 29)) == utc("2024-02-29")
    for wrong in ("2023-02-29", "20240229", "2024-02-29 ", "None", None, 5):
        with pytest.raises(ValueError, match="date"):
            day(wrong)
    assert zone("US/Eastern").utcoffset(datetime(2024, 7, 1)) == timedelta(hours=-4)  # noqa: DTZ001 (of a zone)
    for odd in ("Mars/Olympus", "../etc/passwd", "", None, 5, "America"):
        with pytest.raises(ValueError, match="no time zone"):
            zone(odd)


@pytest.mark.parametrize(
    ("name", "at", "label"),
    [
        ("1d", "2024-03-08 05:00", "2024-03-08"),
        ("1d", "2024-03-11 04:00", "2024-03-11"),
        ("1d", "2024-11-04 05:00", "2024-11-04"),
        ("1w", "2024-03-10 05:00", "2024-03-11"),  # a Sunday, as Polygon has it
        ("1w", "2024-03-11 04:00", "2024-03-11"),
        ("1mo", "2024-12-01 05:00", "2024-12-01"),
        ("1h", "2024-03-10 14:30", "2024-03-10 14:30"),
    ],
)
def test_labels(name: str, at: str, label: str) -> None:
    assert labelled(utc(at), Interval.parse(name), NEW_YORK) == utc(label)


@pytest.mark.parametrize("at", ["2024-03-08 04:00", "2024-03-08 14:30", "2024-03-11 05:00", "2024-03-08 00:00"])
def test_a_day_that_begins_at_no_midnight_is_none(at: str) -> None:
    for name in ("1d", "1w", "1mo"):
        with pytest.raises(ValueError, match="no midnight of America/New_York"):
            labelled(utc(at), Interval.parse(name), NEW_YORK)


@pytest.mark.parametrize(
    ("name", "delay", "now", "expected"),
    [
        ("1m", timedelta(), "2024-03-08 15:00:30", "2024-03-08 15:00"),
        ("1m", timedelta(minutes=16), "2024-03-08 15:00:30", "2024-03-08 14:44"),
        ("1h", timedelta(minutes=16), "2024-03-08 15:00:30", "2024-03-08 14:00"),
        ("1m", timedelta(days=1), "2024-03-08 15:00:30", "2024-03-08 05:00"),
        ("1m", timedelta(days=1), "2024-03-08 08:59:00", "2024-03-07 05:00"),  # before four in the morning
        ("1m", timedelta(days=1), "2024-03-11 15:00:30", "2024-03-11 04:00"),
        ("1d", timedelta(), "2024-03-08 22:00", "2024-03-08"),
        ("1d", timedelta(), "2024-03-09 04:59", "2024-03-08"),
        ("1d", timedelta(), "2024-03-09 05:00", "2024-03-09"),
        ("1d", timedelta(days=1), "2024-03-08 08:59", "2024-03-07"),
        ("1d", timedelta(days=1), "2024-03-08 09:00", "2024-03-08"),
        ("1w", timedelta(), "2024-03-08 22:00", "2024-03-04"),
        ("1mo", timedelta(), "2024-03-08 22:00", "2024-03-01"),
    ],
)
def test_up_to_which_bars_can_be_had(name: str, delay: timedelta, now: str, expected: str) -> None:
    assert closed_until(Interval.parse(name), Plan("some", delay=delay), utc(now)) == utc(expected)
