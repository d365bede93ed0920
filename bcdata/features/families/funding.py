"""Regime, continued: what holding a perpetual costs. Definitions 67 to 69; null where the market has no funding.

Settlements are read as a step: at a bar, the last one at or before its open counts, unless it is older than twice its
interval, since then the next one is missing. Intervals are taken to be a day at most.
"""

import math

import numpy as np

from bcdata.features.families.regime import FAMILY
from bcdata.features.rolling import EPS
from bcdata.features.table.context import Settlements
from bcdata.features.table.grid import DAY, FloatArray, Grid

_YEARLY = "share of the position a year of 365 days, paid by longs"
_LAST = 2
"""Days before a bar's own in which the last settlement can lie: twice an interval of a day."""
_LARGEST = 1e150
"""Sums of squares of what is below are finite."""


@FAMILY.feature(
    inputs=("funding",),
    warm_up=0,
    settlement_days=_LAST,
    formula="rate * 8760 / hours of the last settlement at or before the open, hours = the interval in force",
    source="Funding rate histories of exchanges: the rate is per interval, and intervals differ by symbol and time",
    unit=_YEARLY,
    distinct=15,
)
def funding_ann(bars: Grid) -> FloatArray:
    """Funding rate, annualised without compounding."""
    return bars.funding.step(bars.funding.annual, bars.opens)


@FAMILY.feature(
    inputs=("funding",),
    warm_up=0,
    settlement_days=30 + 2 * _LAST,
    parameters={"days": 30},
    formula="(x - m) / d, x = annualised rate of the last settlement, m = mean and d = deviation (ddof 1) of those of "
    "the last `days` days, this one included",
    source="standard score of the annualised funding rate",
    unit="standard deviations",
    distinct=15,
)
def funding_z_30d(bars: Grid, *, days: int) -> FloatArray:
    """Funding rate against the settlements of 30 days (90 of eight hours, and the one before them).

    Null where one had to stand at the beginning of these days and does not, where the intervals of those that are
    there make up less than nine tenths of the time, and where the rate did not change.
    """
    funding = bars.funding
    row = funding.last(bars.opens)
    scores = np.full(funding.times.size + 1, np.nan)  # the last one is for rows without a settlement
    for settlement in np.unique(row[row >= 0]):
        scores[settlement] = _score(funding, int(settlement), days)
    return scores[row]


@FAMILY.feature(
    inputs=("funding", "funding@reference"),
    warm_up=0,
    settlement_days=_LAST,
    formula="funding_ann - funding_ann of the reference symbol",
    source="difference of annualised rates: rates change sign, so their ratio says nothing",
    unit=_YEARLY,
    distinct=15,
)
def funding_vs_btc(bars: Grid) -> FloatArray:
    """What holding costs beyond what holding the reference costs; 0 for the reference itself."""
    reference = bars.reference_funding
    return funding_ann(bars) - reference.step(reference.annual, bars.opens)


def _score(funding: Settlements, newest: int, days: int) -> float:
    """One settlement's annualised rate against those in the `days` days up to it."""
    begin = funding.times[newest : newest + 1] - days * DAY
    oldest = int(np.searchsorted(funding.times, begin[0], side="right"))
    hours, rates = funding.hours[oldest : newest + 1], funding.rates[oldest : newest + 1]
    if funding.last(begin)[0] < 0 or hours.sum() < 0.9 * 24 * days:
        return math.nan
    annual = (rates / hours).tolist()  # a constant factor would cancel
    if len(annual) < 2 or not all(abs(one) < _LARGEST for one in annual):  # noqa: PLR2004 - a deviation needs two
        return math.nan
    mean = math.fsum(annual) / len(annual)
    deviation = math.sqrt(math.fsum((one - mean) ** 2 for one in annual) / (len(annual) - 1))
    return (annual[-1] - mean) / deviation if deviation > 8 * EPS * abs(mean) else math.nan
