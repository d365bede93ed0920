"""A clock that tests move, and how much was granted in a window."""

import bisect

from bcdata.net.budgets import Budget
from bcdata.net.state.sqlite import SqliteState

BUDGET = Budget("test", limit=50, seconds=0.5)
DAY = Budget("day", limit=5, period="day")


def worst_window(granted: list[tuple[float, int]], seconds: float) -> int:
    """The largest weight in any half-open window of that length."""
    granted = sorted(granted)
    times = [at for at, _ in granted]
    ends = (bisect.bisect_left(times, at + seconds) for at in times)
    return max(sum(weight for _, weight in granted[i:end]) for i, end in enumerate(ends))


class Clock:
    """Stands for the wall clock, so that minutes pass at once."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000_000

    def __call__(self) -> int:
        return self.now


def book_all(budgets: SqliteState, weights: list[int]) -> list[int]:
    return [budgets._book([(BUDGET, weight)], ()).wait for weight in weights]
