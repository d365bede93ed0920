"""What servers say of the time, and what of it counts."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bcdata.net.skew import ClockSkews

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def date(at: datetime) -> dict[str, str]:
    return {"Date": format_datetime(at, usegmt=True)}


def test_the_answer_counts_by_which_the_clock_is_ahead_the_least() -> None:
    skews = ClockSkews()
    assert skews.nearest() is None
    skews.observe("a", date(NOW - 3 * HOUR), NOW)
    skews.observe("a", date(NOW - HOUR), NOW + timedelta(seconds=2))
    found = skews.nearest()
    assert found is not None
    assert found.ahead == HOUR + timedelta(seconds=2)


def test_an_answer_out_of_a_cache_tells_its_age() -> None:
    skews = ClockSkews()
    skews.observe("a", {**date(NOW - 3 * HOUR), "Age": "10800"}, NOW)
    found = skews.nearest()
    assert found is not None
    assert found.ahead == timedelta()


@pytest.mark.parametrize(
    ("sent", "age"),
    [("Sat, 01 Mar 2025 12:00:00 GMT", "9" * 5000), ("Sat, 01 Mar 2025 12:00:00 GMT", "9" * 15),
     ("Fri, 31 Dec 9999 23:59:59 GMT", "60"), ("Mon, 01 Jan 0001 00:00:00 GMT", "60")],
)  # fmt: skip
def test_what_no_clock_says_is_no_error(sent: str, age: str) -> None:
    skews = ClockSkews()
    skews.observe("a", {"Date": sent, "Age": age}, NOW)
    assert skews.nearest() is not None


def test_one_provider_that_agrees_is_enough() -> None:
    skews = ClockSkews()
    skews.observe("a", date(NOW - 3 * HOUR), NOW)
    skews.observe("b", date(NOW + timedelta(seconds=1)), NOW)
    found = skews.nearest()
    assert found is not None
    assert (found.provider, found.ahead) == ("b", -timedelta(seconds=1))


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}, {"Date": ""}])
def test_what_is_no_date_says_nothing(headers: dict[str, str]) -> None:
    skews = ClockSkews()
    skews.observe("a", headers, NOW)
    assert skews.nearest() is None
