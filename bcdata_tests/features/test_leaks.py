"""Look-aheads that hide: each waits for something, and is found out where the future is cut or changed."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from bcdata.features.feature import Feature
from bcdata.features.proofs.check import PROOFS
from bcdata.features.proofs.refuted import RefutedError
from bcdata.features.proofs.subject import ProofRunner, Subject
from bcdata.features.rolling import rolling_mean, rolling_std
from bcdata.features.table.context import BoolArray
from bcdata.features.table.grid import DAY, FloatArray, Grid, IntArray, lag, log_ratio

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def ahead(values: FloatArray) -> FloatArray:
    """The next bar's value; at the end the bar's own, so that no null tells."""
    following = np.append(values[1:], np.nan)
    return np.where(np.isfinite(following), following, values)


def centred_by_a_bar(bars: Grid) -> FloatArray:
    return (lag(bars.returns, 1) + bars.returns + ahead(bars.returns)) / 3


def deviation_of_all(bars: Grid) -> FloatArray:
    return bars.returns / float(np.nanstd(bars.returns))


def clipped_at_quantiles_of_all(bars: Grid) -> FloatArray:
    mean = rolling_mean(bars.returns, 60, first=bars.first)
    low, high = np.nanquantile(mean, (0.001, 0.999))
    return np.clip(mean, low, high)


def fitted_over_all(bars: Grid) -> FloatArray:
    now, before = bars.returns, lag(bars.returns, 1)
    both = np.isfinite(now) & np.isfinite(before)
    slope = float(np.polyfit(before[both], now[both], 1)[0]) if both.sum() > 2 else 0.0
    return now - slope * before


def rank_by_sorting(bars: Grid) -> FloatArray:
    order = np.argsort(np.argsort(bars["close"], kind="stable"), kind="stable")
    return order / order.size + 0 * bars["close"]


def hour_by_its_label(bars: Grid) -> FloatArray:
    """The close of the hour that is not closed yet."""
    row = np.minimum(np.searchsorted(bars.opens, bars.opens - bars.opens % HOUR + HOUR), bars.opens.size) - 1
    return log_ratio(bars["close"], bars["close"][row])


def range_of_the_whole_day(bars: Grid) -> FloatArray:
    frame = pl.DataFrame({"day": bars.opens // DAY, "close": bars["close"]}).fill_nan(None)
    return frame.select(pl.col("close") / pl.col("close").max().over("day")).to_series().to_numpy()


def filled_from_the_future(bars: Grid) -> FloatArray:
    """Holes of the reference, with what came after them."""
    filled = pl.Series(bars["close@reference"]).fill_nan(None).fill_null(strategy="backward")
    return log_ratio(bars["close"], filled.fill_null(np.nan).to_numpy())


def settled_in_a_minute(bars: Grid) -> FloatArray:
    """Takes `known_at` for the time at which a rate is known."""
    row = np.searchsorted(bars.funding.times, bars.opens + MINUTE, side="right") - 1
    return np.append(bars.funding.rates, np.nan)[row]


def annualised_by_the_next(bars: Grid) -> FloatArray:
    """The interval of a settlement as the smaller of the spacings before it and after it."""
    apart = np.diff(bars.funding.times) / HOUR
    hours = np.minimum(np.append(np.nan, apart), np.append(apart, np.inf))
    return bars.funding.step(bars.funding.rates * 8760 / hours, bars.opens)


def eight_hours_until_told(bars: Grid) -> FloatArray:
    """The interval of a settlement as the spacing to the next one, and eight hours where there is none yet."""
    hours = np.append(np.diff(bars.funding.times) / HOUR, 8.0)
    return bars.funding.step(bars.funding.rates * 8760 / hours[: bars.funding.rates.size], bars.opens)


def waiting_for(event: Callable[[Grid], BoolArray]) -> Callable[[Grid], FloatArray]:
    """The next return where the event is, the bar's own elsewhere."""

    def function(bars: Grid) -> FloatArray:
        return np.where(event(bars), ahead(bars.returns), bars.returns)

    function.__name__ = f"ahead_{event.__name__}"
    return function


def at_the_end_of_a_day(bars: Grid) -> BoolArray:
    return np.equal((bars.opens + MINUTE) % DAY, 0)


def at_the_end_of_a_month(bars: Grid) -> BoolArray:
    return np.not_equal(months(bars.opens + MINUTE), months(bars.opens))


def after_four_deviations(bars: Grid) -> BoolArray:
    return np.greater(np.abs(bars.returns), 4 * lag(rolling_std(bars.returns, 60, first=bars.first), 1))


def after_a_spike(bars: Grid) -> BoolArray:
    return np.greater(np.abs(bars.returns), 0.1)


def where_nothing_is_traded(bars: Grid) -> BoolArray:
    return np.equal(bars["volume"], 0)


def months(times: IntArray) -> IntArray:
    return times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)


EVENTS = (
    at_the_end_of_a_day,
    at_the_end_of_a_month,
    after_four_deviations,
    after_a_spike,
    where_nothing_is_traded,
)
LEAKS = (
    centred_by_a_bar,
    deviation_of_all,
    clipped_at_quantiles_of_all,
    fitted_over_all,
    rank_by_sorting,
    hour_by_its_label,
    range_of_the_whole_day,
    filled_from_the_future,
    settled_in_a_minute,
    annualised_by_the_next,
    eight_hours_until_told,
    *(waiting_for(event) for event in EVENTS),
)


def own_return(bars: Grid) -> FloatArray:
    return bars.returns


def failures(function: Callable[[Grid], FloatArray]) -> list[str]:
    feature = Feature(
        name="mine",
        family="mine",
        description="Mine.",
        inputs=("close", "volume", "close@reference", "funding"),
        warm_up=1,
        settlement_days=2,
        formula="f",
        source="own",
        unit="1",
        function=function,
    )
    subject, failed = Subject(feature, ProofRunner([feature])), []
    for name in (one for one in PROOFS if one.startswith("future")):
        try:
            PROOFS[name].run(subject)
        except RefutedError:
            failed.append(name)
    return failed


@pytest.mark.one_in(3)
@pytest.mark.parametrize("function", LEAKS, ids=lambda function: function.__name__)
def test_a_look_ahead_is_called_one(function: Callable[[Grid], FloatArray]) -> None:
    assert failures(function)


@pytest.mark.parametrize("function", [annualised_by_the_next, eight_hours_until_told, settled_in_a_minute])
def test_what_a_later_settlement_changes_shows_where_it_is_not_known_yet(
    function: Callable[[Grid], FloatArray],
) -> None:
    assert {"future unknown", "future unknown, hostile bars"} & set(failures(function))


def test_what_does_not_look_ahead_is_not_accused() -> None:
    assert failures(own_return) == []
