"""Payments that are told of twice, on two days. Pure."""

from collections.abc import Iterator

import numpy as np

from bcdata.quality.damage.history import Floats, History
from bcdata.quality.damage.payments import DIVIDEND_SIZE, Payment, Told
from bcdata.quality.damage.reactions import UNIT, Reactions

_NEAR = np.timedelta64(17, "D")
_SAME, _SIMILAR = 0.02, 0.08
"""Amounts that differ by less, or by a factor of a hundred, may be one: currencies are converted on other days."""
_RARE = 2.5
"""So many times further from each other payments usually are."""
_POSSIBLE, _LIKELY = -1.5, -0.5
"""What the price has to say of one of the two: that it does not speak for it, or that it speaks against it."""


def told_twice(history: History, levels: Floats) -> Iterator[Told]:
    """Payments of one amount that are much closer to each other than all others are, and not both seen in the price."""
    rows = np.flatnonzero(history.cash > 0)
    rows = rows[rows > 0]
    days, gaps = history.days[rows], np.diff(history.days[rows])
    prices = Reactions(history, levels)
    for at, gap in enumerate(gaps):
        others = np.delete(gaps, at)
        usual = np.median(others) if others.size else max(days[at] - history.days[0], history.days[-1] - days[at + 1])
        if gap > _NEAR or gap * _RARE > usual:
            continue
        first, second = (_paid(history, levels, row) for row in (int(rows[at]), int(rows[at + 1])))
        ratio = max(first.amount, second.amount) / min(first.amount, second.amount)
        differ = min(abs(ratio / factor - 1) for factor in (1, UNIT))
        doubted = [max((first, second), key=lambda one: one.amount)] if ratio > UNIT / 2 else [first, second]
        unseen = max(prices.to_nothing(one).alone for one in doubted)
        if (differ <= _SAME and unseen > _POSSIBLE) or (differ <= _SIMILAR and unseen > _LIKELY):
            words = (
                f"{second.amount:g} was paid {gap.astype(int)} days after {first.amount:g}: one payment, told of twice"
            )
            yield Told(second.row, DIVIDEND_SIZE, words)


def _paid(history: History, levels: Floats, row: int) -> Payment:
    amount, before = float(history.cash[row]), float(history.close[row - 1] / levels[row - 1])
    return Payment(row, amount, amount / before)
