"""Windows of budgets: calendar periods of a zone, and what a share leaves of a limit."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.net.budgets import Budget

ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo", "America/Sao_Paulo")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(
    instant=st.integers(1_420_156_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    zone=st.sampled_from(ZONES),
    period=st.sampled_from(("hour", "day", "month")),
)
def test_periods_tile_time(instant: datetime, zone: str, period: str) -> None:
    budget = Budget("b", 1, period=period, zone=zone)  # type: ignore[arg-type]
    start, end = budget.period_at(instant)
    assert start <= instant < end
    assert budget.period_at(start) == (start, end)
    assert budget.period_at(end)[0] == end
    local = start.astimezone(ZoneInfo(zone))
    assert period == "hour" or local.hour <= 1  # a midnight that there is not is one o'clock
    assert period != "month" or local.day == 1


@pytest.mark.parametrize(
    ("period", "instant", "start", "end"),
    [
        ("day", "2025-03-09T12:00", "2025-03-09T05:00", "2025-03-10T04:00"),
        ("day", "2025-11-02T04:30", "2025-11-02T04:00", "2025-11-03T05:00"),
        ("month", "2025-03-01T04:59", "2025-02-01T05:00", "2025-03-01T05:00"),
        ("hour", "2025-11-02T06:10", "2025-11-02T06:00", "2025-11-02T07:00"),
    ],
)
def test_days_of_new_york(period: str, instant: str, start: str, end: str) -> None:
    budget = Budget("b", 1, period=period, zone="America/New_York")  # type: ignore[arg-type]
    assert budget.period_at(utc(instant)) == (utc(start), utc(end))


@pytest.mark.parametrize(
    ("budget", "allowed", "seconds"),
    [
        (Budget("b", 2400, 60), 1920, 60),
        (Budget("b", 1, 1), 1, 1.25),
        (Budget("b", 5, 60), 5, 75),
        (Budget("b", 25, period="day"), 25, 0),
        (Budget("b", 50, 3600), 50, 3600),
    ],
)
def test_a_share_cuts_many_stretches_few_and_leaves_quotas(budget: Budget, allowed: int, seconds: float) -> None:
    assert budget.allowed(budget.limit, 0.8) == (allowed, seconds)


@pytest.mark.parametrize(
    "wrong",
    [{}, {"seconds": 1, "period": "day"}, {"seconds": -1}, {"seconds": 1, "limit": 0}]
    + [{"period": "day", "zone": zone} for zone in ("Mars/Olympus", "../etc", "")],
)
def test_a_budget_that_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="'b'"):
        Budget(**({"name": "b", "limit": 1} | wrong))  # type: ignore[arg-type]
