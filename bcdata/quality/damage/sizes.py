"""Payments a hundred times too large or too small, by the price and by the other payments. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bcdata.quality.damage.history import Floats, History
from bcdata.quality.damage.jumps import Jump
from bcdata.quality.damage.payments import DIVIDEND_SIZE, Payment, Told
from bcdata.quality.damage.reactions import WHOLE, Misses, Reactions

_CLEAR_LARGE, _CLEAR_SMALL, _CLEAR_ALL = 4.0, 5.5, 4.5
"""Log likelihood ratios from which prices speak for themselves: of a payment that is too large, of one that is too
small (small moves have many causes), of several of one size together."""
_CONTRADICTED = -2.0
"""Down to this one the price does not deny what the other payments say."""
_ALIKE = 7.0
"""Payments further apart than this factor are not of one unit."""
_REGULAR, _WITHIN = 2 / 3, 0.5
"""Payments are regular where two of three are within a half of the middle one."""
_LEAST_PEERS = 2
_AROUND_UNIT = (70.0, 143.0)


def odd_sizes(history: History, levels: Floats, leaps: Sequence[Jump], paid: list[Payment]) -> Iterator[Told]:
    """The payments whose hundredth, or hundredfold, is likelier."""
    broken = {one.row for one in leaps}
    for one in paid:
        if one.share >= WHOLE:
            yield Told(one.row, DIVIDEND_SIZE, f"{one.amount:g} is {one.share:.0%} of the price before")
    judged = [one for one in paid if one.share < WHOLE and one.row not in broken and not _is_still(history, one.row)]
    prices, (least, most) = Reactions(history, levels), _AROUND_UNIT
    for words, clear, missed, times in (
        ("large", _CLEAR_LARGE, prices.to_hundredth, 1.0),
        ("small", _CLEAR_SMALL, prices.to_hundredfold, -1.0),
    ):
        misses = {one.row: found for one in judged if (found := missed(one))}
        by_price = [row for group in _alike(judged) for row in _likelier(group, misses, clear)]
        for one in judged:
            is_odd = one.row in misses and least <= _times_the_others(one, paid) ** times <= most
            if one.row in by_price or (is_odd and misses[one.row].alone > _CONTRADICTED):
                yield Told(one.row, DIVIDEND_SIZE, f"{one.amount:g}, {one.share:.3%} of the price, is too {words}")


def _likelier(group: list[Payment], misses: Mapping[int, Misses], clear: float) -> Iterator[int]:
    """The rows of payments of one size whose other unit is likelier by the price: each alone, or all together."""
    found = [misses[one.row] for one in group if one.row in misses]
    together = len(found) == len(group) and sum(one.beside_others for one in found) > _CLEAR_ALL
    yield from (one.row for one in group if one.row in misses and (together or misses[one.row].alone > clear))


def _times_the_others(one: Payment, paid: list[Payment]) -> float:
    """How many times the usual payment this one is; 1 where the others are not alike."""
    others = np.array([other.amount for other in paid if other is not one])
    if others.size < _LEAST_PEERS:
        return 1.0
    middle = float(np.median(others))
    is_regular = np.mean(np.abs(others / middle - 1) <= _WITHIN) >= _REGULAR
    return one.amount / middle if is_regular else 1.0


def _alike(paid: list[Payment]) -> Iterator[list[Payment]]:
    """Payments in groups of like shares of the price."""
    group: list[Payment] = []
    for one in sorted(paid, key=lambda each: each.share):
        if group and one.share > _ALIKE * np.mean([each.share for each in group]):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _is_still(history: History, row: int) -> bool:
    """Whether nothing was traded, and the price carried on says nothing."""
    return not history.is_traded[row] and bool(history.close[row] == history.close[row - 1])
