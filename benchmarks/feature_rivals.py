"""The features as one would write them with what is at hand: TA-Lib calls in a loop, polars expressions.

No gaps, no borders, no bit for bit: bars are complete, and a window that is not full is null.
"""

from collections.abc import Callable
from math import log, log10, pi, sqrt

import numpy as np
import numpy.typing as npt
import polars as pl
import talib
from talib import MA_Type  # type: ignore[attr-defined]  # its stub does not list what it exports

Array = npt.NDArray[np.float64]
Columns = dict[str, Array]
MINUTES_A_YEAR = 525_600


def _returns(close: Array) -> Array:
    found = np.empty_like(close)
    found[0], found[1:] = 0.0, np.log(close[1:] / close[:-1])
    return found


TALIB: dict[str, Callable[[Columns], object]] = {
    "sma_ratio_60": lambda b: b["close"] / talib.SMA(b["close"], 60) - 1,
    "ppo_12_26": lambda b: talib.PPO(b["close"], 12, 26, matype=MA_Type.EMA),
    "macd_hist": lambda b: talib.MACD(b["close"], 12, 26, 9)[2] / b["close"],
    "adx_14": lambda b: talib.ADX(b["high"], b["low"], b["close"], 14),
    "di_diff_14": lambda b: (
        talib.PLUS_DI(b["high"], b["low"], b["close"], 14) - talib.MINUS_DI(b["high"], b["low"], b["close"], 14)
    ),
    "aroon_osc_25": lambda b: talib.AROONOSC(b["high"], b["low"], 25),
    "slope_60": lambda b: talib.LINEARREG_SLOPE(np.log(b["close"]), 60),
    "bb_z_20": lambda b: (b["close"] - talib.SMA(b["close"], 20)) / talib.STDDEV(b["close"], 20),
    "rsi_14": lambda b: talib.RSI(b["close"], 14),
    "stoch_k_14_3": lambda b: talib.STOCH(b["high"], b["low"], b["close"], 14, 3, MA_Type.SMA, 3, MA_Type.SMA)[0],
    "cci_20": lambda b: talib.CCI(b["high"], b["low"], b["close"], 20),
    "natr_14": lambda b: talib.NATR(b["high"], b["low"], b["close"], 14),
    "mfi_14": lambda b: talib.MFI(b["high"], b["low"], b["close"], b["volume"], 14),
    "donchian_pos_240": lambda b: (b["close"] - (low := talib.MIN(b["low"], 240))) / (talib.MAX(b["high"], 240) - low),
    "rv_60": lambda b: np.sqrt(talib.SUM((r := _returns(b["close"])) * r, 60) / 60 * MINUTES_A_YEAR),
    "choppiness_14": lambda b: (
        talib.SUM(talib.TRANGE(b["high"], b["low"], b["close"]), 14)
        / (talib.MAX(b["high"], 14) - talib.MIN(b["low"], 14))
    ),
}
"""A call or two for each feature that TA-Lib has."""

_c, _o, _h, _l = pl.col("close"), pl.col("open"), pl.col("high"), pl.col("low")
_v, _qv, _tb, _n = pl.col("volume"), pl.col("quote_volume"), pl.col("taker_buy_volume"), pl.col("trades")
_A = sqrt(MINUTES_A_YEAR)
_r = (_c / _c.shift(1)).log()
_hl, _co = (_h / _l).log(), (_c / _o).log()
_loc = (2 * _c - _h - _l) / (_h - _l)
_s = 2 * _tb - _v
_range = pl.max_horizontal(_h - _l, (_h - _c.shift(1)).abs(), (_l - _c.shift(1)).abs())
_typical = (_h + _l + _c) / 3
_rv60 = ((_r * _r).rolling_mean(60)).sqrt() * _A
_lnqv = pl.when(_qv > 0).then(_qv.log())


def _z(values: pl.Expr, n: int) -> pl.Expr:
    return (values - values.rolling_mean(n)) / values.rolling_std(n)


def _wilder(values: pl.Expr, n: int) -> pl.Expr:
    return values.ewm_mean(alpha=1 / n, adjust=False)


def _corr(x: pl.Expr, y: pl.Expr, n: int) -> pl.Expr:
    return pl.rolling_corr(x, y, window_size=n)


_up, _down = _h.diff(), -_l.diff()
_plus = pl.when((_up > _down) & (_up > 0)).then(_up).otherwise(0.0)
_minus = pl.when((_down > _up) & (_down > 0)).then(_down).otherwise(0.0)
_dip, _dim = 100 * _wilder(_plus, 14) / _wilder(_range, 14), 100 * _wilder(_minus, 14) / _wilder(_range, 14)
_flow = _typical * _v
_gain, _loss = _c.diff().clip(lower_bound=0), (-_c.diff()).clip(lower_bound=0)
_macd = _c.ewm_mean(span=12, adjust=False) - _c.ewm_mean(span=26, adjust=False)
_u, _d, _k = (_h / _o).log(), (_l / _o).log(), _co
_rs = (_u * (_u - _k) + _d * (_d - _k)).rolling_mean(60)
_K = 0.34 / (1.34 + 61 / 59)
_two_high, _two_low = pl.max_horizontal(_h, _h.shift(1)), pl.min_horizontal(_l, _l.shift(1))

_x = _c.log()
_t = pl.int_range(pl.len()).cast(pl.Float64)
_adx = _wilder(100 * (_dip - _dim).abs() / (_dip + _dim), 14)
_slope = pl.rolling_cov(_x, _t, window_size=60) / _t.rolling_var(60)
_net = 2 * pl.col("taker_buy_quote_volume") - _qv
_pull = pl.rolling_cov(_r, _x.shift(1), window_size=240) / _x.shift(1).rolling_var(240)
_alpha = (1 + sqrt(2)) * ((_hl * _hl + (_hl * _hl).shift(1)).sqrt() - (_two_high / _two_low).log())
_corwin_schultz = (2 * (_alpha / 2).tanh()).clip(lower_bound=0).rolling_mean(60)
_e = (_h.log() + _l.log()) / 2
_hurst_steps = [log(k) for k in range(1, 33)]
_hurst_centre = sum(_hurst_steps) / 32
_hurst_spread = sum((step - _hurst_centre) ** 2 for step in _hurst_steps)

POLARS: dict[str, pl.Expr] = {
    **{f"log_ret_{k}": (_c / _c.shift(k)).log() for k in (1, 5, 15, 60, 240, 1440)},
    "ret_vol_z": _r / _r.rolling_std(60).shift(1),
    "close_loc": _loc,
    "body": (_c - _o) / (_h - _l),
    "upper_wick": (_h - pl.max_horizontal(_o, _c)) / (_h - _l),
    "lower_wick": (pl.min_horizontal(_o, _c) - _l) / (_h - _l),
    "gap": (_o / _c.shift(1)).log(),
    "donchian_pos_240": (_c - _l.rolling_min(240)) / (_h.rolling_max(240) - _l.rolling_min(240)),
    "sma_ratio_60": _c / _c.rolling_mean(60) - 1,
    "ppo_12_26": 100 * _macd / _c.ewm_mean(span=26, adjust=False),
    "macd_hist": (_macd - _macd.ewm_mean(span=9, adjust=False)) / _c,
    "adx_14": _adx,
    "di_diff_14": _dip - _dim,
    "tsmom_1440": (_c / _c.shift(1440)).log() / (_r.rolling_std(1440) * sqrt(1440)),
    "efficiency_60": (_c - _c.shift(60)).abs() / _c.diff().abs().rolling_sum(60),
    "bb_z_20": (_c - _c.rolling_mean(20)) / _c.rolling_std(20, ddof=0),
    "rsi_14": 100 * _wilder(_gain, 14) / (_wilder(_gain, 14) + _wilder(_loss, 14)),
    "stoch_k_14_3": (100 * (_c - _l.rolling_min(14)) / (_h.rolling_max(14) - _l.rolling_min(14))).rolling_mean(3),
    "vwap_dev_240": _c / (_qv.rolling_sum(240) / _v.rolling_sum(240)) - 1,
    "autocorr1_240": _corr(_r, _r.shift(1), 240),
    "rv_60": _rv60,
    "parkinson_60": ((_hl * _hl).rolling_mean(60) / (4 * log(2))).sqrt() * _A,
    "garman_klass_60": (0.5 * _hl * _hl - (2 * log(2) - 1) * _co * _co).rolling_mean(60).sqrt() * _A,
    "rogers_satchell_60": _rs.sqrt() * _A,
    "yang_zhang_60": ((_o / _c.shift(1)).log().rolling_var(60) + _K * _co.rolling_var(60) + (1 - _K) * _rs).sqrt() * _A,
    "natr_14": 100 * _wilder(_range, 14) / _c,
    "ewma_vol": (_r * _r).ewm_mean(alpha=0.06, adjust=False).sqrt() * _A,
    "jump_share_60": (1 - pi / 2 * (_r.abs() * _r.shift(1).abs()).rolling_sum(60) / (_r * _r).rolling_sum(60)).clip(
        lower_bound=0
    ),
    "semivar_ratio_240": (pl.when(_r < 0).then(_r * _r).otherwise(0.0).rolling_sum(240) / (_r * _r).rolling_sum(240)),
    "skew_240": _r.rolling_skew(240),
    "kurt_240": _r.rolling_kurtosis(240),
    "vol_of_vol": _rv60.log().rolling_std(240),
    "rel_volume": _v / _v.rolling_mean(1440).shift(1),
    "volume_z": _z(_lnqv, 1440),
    "trade_size_z": _z(_qv / _n, 1440),
    "amihud_60": pl.when(_qv > 0).then(_r.abs() / _qv).rolling_mean(60) * 1e6,
    "mfi_14": 100
    * pl.when(_typical.diff() > 0).then(_flow).otherwise(0.0).rolling_sum(14)
    / pl.when(_typical.diff() != 0).then(_flow).otherwise(0.0).rolling_sum(14),
    "cmf_20": (_loc * _v).rolling_sum(20) / _v.rolling_sum(20),
    "signed_vol_60": (_r.sign() * _v).rolling_sum(60) / _v.rolling_sum(60),
    "price_vol_corr_240": _corr(_r, _lnqv.diff(), 240),
    "taker_imbalance": _s / _v,
    "taker_imbalance_z_60": _z(_s / _v, 60),
    "vpin_like_60": _s.abs().rolling_sum(60) / _v.rolling_sum(60),
    "roll_240": 2
    * (-pl.rolling_cov(_c.log().diff(), _c.log().diff().shift(1), window_size=240)).clip(lower_bound=0).sqrt(),
    "vol_pctile_1440": _rv60.rolling_rank(1440),
    "vol_term": _rv60 / (((_r * _r).rolling_mean(1440)).sqrt() * _A),
    "choppiness_14": 100 * (_range.rolling_sum(14) / (_h.rolling_max(14) - _l.rolling_min(14))).log(10) / log10(14),
    "drawdown_1440": _c / _c.rolling_max(1440) - 1,
    "var5_1440": _r.rolling_quantile(0.05, window_size=1440),
    "tstat_1440": _r.rolling_mean(1440) * sqrt(1440) / _r.rolling_std(1440),
    "vol_target_w": (0.4 / _rv60).clip(upper_bound=2),
    "intraday_ret": (_c / _o.first().over(pl.col("open_time").dt.date())).log(),
    "slope_60": _slope,
    "r2_60": _corr(_x, _t, 60) ** 2,
    "trend_state": pl.when(_adx > 25).then(_slope.sign()).otherwise(0.0),
    "ou_halflife_240": pl.when(_pull < 0).then(-log(2) / (1 + _pull).log()),
    "variance_ratio_5_240": (_c / _c.shift(5)).log().rolling_var(236) / (5 * (1 - 5 / 240)) / _r.rolling_var(240),
    "hurst_1440": pl.sum_horizontal(
        (_x - _x.shift(k)).rolling_std(1440).log() * ((log(k) - _hurst_centre) / _hurst_spread) for k in range(1, 33)
    ),
    "kyle_lambda_240": pl.rolling_cov(_r, _net, window_size=240) / _net.rolling_var(240),
    "corwin_schultz_60": _corwin_schultz,
    "half_spread_bp": 5000 * _corwin_schultz,
    "abdi_ranaldo_240": 2 * ((_x - _e).shift(1) * (_x.shift(1) - _e)).rolling_mean(240).clip(lower_bound=0).sqrt(),
    "atr_units": 100 / (2 * _wilder(_range, 14)),
    "impact_bp": 1e4 * (1e5 * (_r * _r).rolling_mean(1440) / _qv.rolling_mean(1440)).sqrt(),
}
"""Expressions over one symbol's frame, for the features that have a natural one."""
