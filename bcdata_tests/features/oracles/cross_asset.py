"""Cross-Asset, by brute force."""

import statistics
from collections.abc import Callable
from functools import partial

import numpy as np

from bcdata_tests.features.oracles.history import History, log_of, log_return

NOISE = 1e-14
Pair = tuple[float, float]


def reference_return(h: History, t: int, k: int = 1) -> float | None:
    now, before = h.reference.get(t), h.reference.get(t - k * h.step)
    return None if now is None or before is None else log_of(now.close, before.close)


def pair(h: History, t: int, behind: int = 0) -> Pair | None:
    """The symbol's return, and the reference's so many bars behind."""
    own, other = log_return(h, t), reference_return(h, t - behind * h.step)
    return None if own is None or other is None or h.reference is h.bars else (own, other)


def pairs(h: History, t: int, behind: int = 0) -> tuple[list[float], list[float]] | None:
    opens = h.opens(t, 240)
    found = [pair(h, at, behind) for at in opens]
    there = [one for one in found if one is not None]
    if found[0] is None or len(found) - len(there) > 24:
        return None
    return [one[0] for one in there], [one[1] for one in there]


def beta_btc_240(h: History, t: int) -> float | None:
    both = pairs(h, t)
    if both is None or statistics.pstdev(both[1]) <= NOISE:
        return None
    matrix = np.cov(*both)
    return float(matrix[0, 1] / matrix[1, 1])


def correlation(h: History, t: int, behind: int) -> float | None:
    both = pairs(h, t, behind)
    if both is None or min(map(statistics.pstdev, both)) <= NOISE:
        return None
    return float(np.corrcoef(*both)[0, 1])


def resid_ret(h: History, t: int) -> float | None:
    now, beta = pair(h, t), beta_btc_240(h, t - h.step)
    return None if now is None or beta is None else now[0] - beta * now[1]


def idio_vol_240(h: History, t: int) -> float | None:
    both = np.array([pair(h, at) or (np.nan, np.nan) for at in h.opens(t, 480)])
    residuals = []
    for row in range(240, 480):
        past = both[row - 240 : row]
        there = past[np.isfinite(past[:, 0])]
        known = np.isfinite(past[0, 0]) and len(there) >= 216 and there[:, 1].std() > NOISE
        beta = np.polyfit(there[:, 1], there[:, 0], 1)[0] if known else np.nan
        residuals.append(both[row, 0] - beta * both[row, 1])
    present = [one for one in residuals if np.isfinite(one)]
    whole = np.isfinite(residuals[0]) and len(present) >= 216
    return statistics.stdev(present) if whole else None


def rel_strength_btc_1440(h: History, t: int) -> float | None:
    own, reference = log_return(h, t, 1440), reference_return(h, t, 1440)
    return None if own is None or reference is None else own - reference


def xs_rank_60(h: History, t: int) -> float | None:
    own = log_return(h, t, 60)
    if own is None or {t, t - 60 * h.step} & h.unexplained:
        return None
    returns = []
    for symbol, closes in h.universe.items():
        now, before = closes.get(t), closes.get(t - 60 * h.step)
        if symbol != h.symbol and now is not None and before is not None:
            returns.append(log_of(now, before))
    known = [one for one in returns if one is not None]
    smaller, equal = sum(one < own for one in known), sum(one == own for one in known)
    return (smaller + equal / 2) / len(known) if known else None


ORACLES: dict[str, Callable[[History, int], float | None]] = {
    "beta_btc_240": beta_btc_240,
    "corr_btc_240": partial(correlation, behind=0),
    "resid_ret": resid_ret,
    "idio_vol_240": idio_vol_240,
    "btc_lead_corr_240": partial(correlation, behind=1),
    "rel_strength_btc_1440": rel_strength_btc_1440,
    "xs_rank_60": xs_rank_60,
}
