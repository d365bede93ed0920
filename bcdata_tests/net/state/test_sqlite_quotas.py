"""Several budgets of one request, and those of a calendar day."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bcdata.net.state.sqlite as room
from bcdata.errors import UsageError
from bcdata.net.budgets import Budget
from bcdata.net.state.sqlite import SqliteState
from bcdata_tests.net.state.clocks import BUDGET, DAY, Clock, book_all, worst_window


def test_all_budgets_of_a_request_are_spent_or_none(tmp_path: Path) -> None:
    async def run() -> None:
        budgets = SqliteState(tmp_path / "b.sqlite")
        few = Budget("few", 1, period="month", zone="America/New_York")
        assert await budgets.try_acquire([(BUDGET, 20), (few, 1)], patience=0) is None
        until = await budgets.try_acquire([(BUDGET, 20), (few, 1)], patience=0)
        assert until == few.period_at(datetime.now(UTC))[1]
        assert book_all(budgets, [20, 1])[0] == 0
        with pytest.raises(UsageError):
            await budgets.try_acquire([(DAY, 1), (BUDGET, 41)], patience=0)
        assert await budgets.try_acquire([(DAY, DAY.limit - 1)], patience=0) is None
        await budgets.observe(DAY, DAY.limit)
        assert await budgets.try_acquire([(DAY, 1)], patience=0) is not None
        budgets.close()

    asyncio.run(run())


def test_who_waits_for_a_pace_has_its_place_in_the_quota_and_gives_it_back(tmp_path: Path) -> None:
    async def run() -> None:
        budgets = SqliteState(tmp_path / "b.sqlite")
        pace, quota = Budget("pace", 1, 60), Budget("quota", 2, period="day")
        both = [(pace, 1), (quota, 1)]
        assert await budgets.try_acquire(both, patience=0) is None
        waiting = asyncio.create_task(budgets.try_acquire(both, patience=0))
        await asyncio.sleep(0.2)
        assert await asyncio.wait_for(budgets.try_acquire(both, patience=0), 5) is not None
        waiting.cancel()
        await asyncio.wait([waiting])
        assert await budgets.try_acquire([(quota, 1)], patience=0) is None
        budgets.close()

    asyncio.run(run())


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.integers(1, 4), min_size=1, max_size=30),
    late=st.lists(st.integers(0, 30_000_000), min_size=30, max_size=30),
    skew=st.integers(-8_000_000, 8_000_000),
    died=st.sets(st.integers(0, 60)),
)
def test_a_calendar_period_is_never_exceeded_by_a_clock_that_differs(
    weights: list[int], late: list[int], skew: int, died: set[int]
) -> None:
    """Requests around a full hour; the provider's clock differs by some seconds, and some processes die waiting."""
    clock = Clock()
    hour = 3_600_000_000
    clock.now = clock.now // hour * hour + hour - 20_000_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_now", clock)
        budgets = SqliteState(Path(":memory:"))
        both = (Budget("simulated", 4, seconds=2.0), Budget("hourly", 20, period="hour"))
        counted: Counter[int] = Counter()
        granted: list[tuple[float, int]] = []
        waiting: list[tuple[int, int, tuple[int, ...]]] = [(clock.now, weight, ()) for weight in weights]
        for turn in range(1000):
            if not waiting:
                break
            waiting.sort(key=lambda one: one[0])
            due, weight, places = waiting.pop(0)
            clock.now = max(clock.now, due)
            booked = budgets._book([(one, weight) for one in both], places)
            if booked.wait == 0:
                counted[(clock.now + skew) // hour] += weight
                granted.append((clock.now / 1_000_000, weight))
            elif turn not in died:
                waiting.append((clock.now + booked.wait + late[turn % 30], weight, booked.tickets))
        budgets.close()
    assert not waiting
    assert max(counted.values()) <= 20
    assert worst_window(granted, 2.0) <= 4
