"""Payments that are told of twice, on two days. Pure."""

from collections.abc import Iterator

import numpy as np

from bcdata.quality.damage.history import History
from bcdata.quality.damage.payments import DIVIDEND_SIZE, Told
from bcdata.quality.damage.reactions import UNIT

_NEAR = np.timedelta64(17, "D")
_SAME = 0.08
"""Amounts that differ by less, or by a factor of a hundred, may be one: currencies are converted on other days."""
_RARE = 3
"""So many times further from each other payments usually are."""


def told_twice(history: History) -> Iterator[Told]:
    """Payments of one amount that are much closer to each other than all others are."""
    rows = np.flatnonzero(history.cash > 0)
    days, gaps = history.days[rows], np.diff(history.days[rows])
    for at, gap in enumerate(gaps):
        first, second = history.cash[rows[at]], history.cash[rows[at + 1]]
        ratio = max(first, second) / min(first, second)
        is_same = any(abs(ratio / factor - 1) <= _SAME for factor in (1, UNIT))
        others = np.delete(gaps, at)
        usual = np.median(others) if others.size else max(days[at] - history.days[0], history.days[-1] - days[at + 1])
        if gap <= _NEAR and is_same and gap * _RARE <= usual:
            words = f"{second:g} was paid {gap.astype(int)} days after {first:g}: one payment, told of twice"
            yield Told(int(rows[at + 1]), DIVIDEND_SIZE, words)
