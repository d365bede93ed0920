"""Cross-Asset: what moves with the reference symbol, what moves alone, and who moves most. Definitions 49 to 55.

The reference is BTC unless the catalog names another one; `r` is the symbol's log return, `m` the reference's. A bar
that either lacks is missing in both. For the reference itself 49 to 53 are null: it would be compared with itself.
"""

import numpy as np

from bcdata.features.parameters import at_least
from bcdata.features.registry import Family
from bcdata.features.rolling import Comoments, correlation, rolling_comoments, rolling_std, slope
from bcdata.features.table.grid import RETURN_NOISE, FloatArray, Grid, lag, log_ratio, plain

FAMILY = Family("Cross-Asset", rank=6)

_BOTH = ("close", "close@reference")
_NOISE = (RETURN_NOISE, RETURN_NOISE)


def reference_returns(bars: Grid) -> FloatArray:
    """Log return of the reference symbol; NaN on every bar of the reference itself."""

    def make() -> FloatArray:
        close = bars["close@reference"]
        return np.full_like(close, np.nan) if bars.is_reference else log_ratio(close, lag(close, 1))

    return bars.shared("reference returns", make)


def joint(bars: Grid, n: int) -> Comoments:
    """Joint moments of the last n pairs of returns: x is the reference's, y the symbol's."""
    return bars.shared(
        ("reference moments", n),
        lambda: rolling_comoments(reference_returns(bars), bars.returns, n, first=bars.first),
    )


def residual(bars: Grid, n: int) -> FloatArray:
    """Return beyond what the reference explains: r - β·m, β over the n bars before."""

    def make() -> FloatArray:
        beta = lag(slope(joint(bars, n), RETURN_NOISE), 1)
        return bars.returns - beta * reference_returns(bars)

    return bars.shared(("residual", n), make)


@FAMILY.feature(
    inputs=_BOTH,
    warm_up=lambda n: n,
    parameters={"n": 240},
    limits={"n": at_least(3)},
    formula="cov(r, m) / var(m) over the last n bars",
    source="Sharpe 1963, market model; least squares with an intercept",
    unit="return per return of the reference",
)
def beta_btc_240(bars: Grid, *, n: int) -> FloatArray:
    """Slope of the symbol's returns on the reference's; null where the reference did not move."""
    return slope(joint(bars, n), RETURN_NOISE)


@FAMILY.feature(
    inputs=_BOTH,
    warm_up=lambda n: n,
    parameters={"n": 240},
    limits={"n": at_least(3)},
    formula="cov(r, m) / sqrt(var(r) var(m)) over the last n bars",
    source="Pearson 1895",
    unit="correlation",
    range=(-1.0, 1.0),
)
def corr_btc_240(bars: Grid, *, n: int) -> FloatArray:
    """Correlation of the symbol's returns with the reference's; null where either did not move."""
    return correlation(joint(bars, n), _NOISE)


@FAMILY.feature(
    inputs=_BOTH,
    warm_up=lambda n: n + 1,
    parameters={"n": 240},
    limits={"n": at_least(3)},
    formula="r - b[-1] m, b = cov(r, m) / var(m) over the last n bars",
    source="Sharpe 1963, market model; beta as of the bar before, without the intercept",
    unit="ln of price ratio",
)
def resid_ret(bars: Grid, *, n: int) -> FloatArray:
    """Return beyond what the reference explains, with the beta of the bar before."""
    return residual(bars, n)


@FAMILY.feature(
    inputs=_BOTH,
    warm_up=lambda n: 2 * n,
    parameters={"n": 240},
    limits={"n": at_least(3)},
    formula="deviation (ddof 1) of the last n r - b[-1] m, not annualised",
    source="Ang, Hodrick, Xing, Zhang 2006, on the market model with a trailing beta",
    unit="ln of price ratio, per bar",
    range=(0.0, np.inf),
)
def idio_vol_240(bars: Grid, *, n: int) -> FloatArray:
    """Deviation of the returns beyond what the reference explains."""
    return rolling_std(residual(bars, n), n, first=bars.first)


@FAMILY.feature(
    inputs=_BOTH,
    warm_up=lambda n: n + 1,
    parameters={"n": 240},
    limits={"n": at_least(3)},
    formula="corr(r, m[-1]) over the last n bars",
    source="Lo, MacKinlay 1990, lead-lag",
    unit="correlation",
    range=(-1.0, 1.0),
)
def btc_lead_corr_240(bars: Grid, *, n: int) -> FloatArray:
    """Correlation of the symbol's returns with the reference's of the bar before; null where either did not move."""
    before = lag(reference_returns(bars), 1)
    return correlation(rolling_comoments(before, bars.returns, n, first=bars.first), _NOISE)


@FAMILY.feature(
    inputs=_BOTH,
    warm_up=lambda n: n,
    parameters={"n": 1440},
    formula="ln(c / c[-n]) - ln(C / C[-n]), C = close of the reference",
    source="Levy 1967, relative strength",
    unit="ln of price ratio",
    adjusted="all",
)
def rel_strength_btc_1440(bars: Grid, *, n: int) -> FloatArray:
    """Log return over n bars beyond the reference's; 0 for the reference itself."""
    reference = bars["close@reference"]
    others = bars.with_payments(log_ratio(reference, lag(reference, n)), n, bars.reference_symbol)
    return bars.total_returns_over(n) - others


@FAMILY.feature(
    inputs=("close", "close@universe"),
    warm_up=lambda n: n,
    parameters={"n": 60},
    formula="share of the universe's other members whose ln(c / c[-n]) is smaller, equal ones counted half",
    source="Jegadeesh, Titman 1993, cross-sectional rank, over minutes",
    unit="share of the universe",
    range=(0.0, 1.0),
    distinct=5,
    adjusted="all",
)
def xs_rank_60(bars: Grid, *, n: int) -> FloatArray:
    """Rank of the return over n bars in the declared universe; null without one, or where a member lacks a bar.

    A member counts if it had both bars. One that lacks a bar for a reason that the ledger knows (not listed yet,
    delisted, never published) is left out; one that lacks it without a reason makes the rank null.
    """
    from bcdata.features.kernels.ranks import rank_among

    universe = bars.universe
    if universe is None:
        return np.full_like(bars["close"], np.nan)
    returns = universe.shared(
        ("returns", n),
        lambda: np.array([log_ratio(c, lag(c, n)) for c in universe.closes]).reshape(universe.closes.shape),
    )
    if any(bars.reinvested.values()):
        paid = zip(universe.symbols, returns, strict=True)
        returns = np.array([bars.with_payments(one, n, symbol) for symbol, one in paid]).reshape(returns.shape)
    own = bars.total_returns_over(n)
    others = np.array([symbol != bars.symbol for symbol in universe.symbols])
    known = (
        universe.explained & np.append(np.zeros(min(n, own.size), dtype=np.bool_), universe.explained[:-n])[: own.size]
    )
    return np.where(known, rank_among(plain(own), returns, others), np.nan)
