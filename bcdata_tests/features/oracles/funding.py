"""Funding, by brute force: the list of settlements from its end."""

import statistics
from collections.abc import Sequence

from bcdata_tests.features.oracles.history import DAY, History, Settlement

HOUR = DAY // 24


def standing(settlements: Sequence[Settlement], t: int) -> Settlement | None:
    """The last settlement at or before t; None where the next one ought to have come two intervals after it."""
    for one in reversed(settlements):
        if one.at <= t:
            return one if t - one.at < 2 * one.hours * HOUR else None
    return None


def annual(settlement: Settlement) -> float:
    return settlement.rate * (24 / settlement.hours) * 365


def funding_ann(h: History, t: int) -> float | None:
    last = standing(h.funding, t)
    return None if last is None else annual(last)


def funding_z_30d(h: History, t: int) -> float | None:
    last = standing(h.funding, t)
    if last is None or standing(h.funding, last.at - 30 * DAY) is None:
        return None
    month = [one for one in h.funding if last.at - 30 * DAY < one.at <= last.at]
    if sum(one.hours for one in month) < 27 * 24:
        return None
    rates = [annual(one) for one in month]
    sigma = statistics.stdev(rates)
    mean = statistics.fmean(rates)
    return (rates[-1] - mean) / sigma if sigma > 1e-14 * abs(mean) else None


def funding_vs_btc(h: History, t: int) -> float | None:
    own, reference = standing(h.funding, t), standing(h.reference_funding, t)
    return None if own is None or reference is None else annual(own) - annual(reference)


ORACLES = {oracle.__name__: oracle for oracle in (funding_ann, funding_z_30d, funding_vs_btc)}
