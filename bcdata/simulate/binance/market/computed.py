"""Prices that are computed and not traded: marks, indices and the premium of one over the other, minute by minute."""

import numpy as np
import polars as pl

from bcdata.simulate.binance.market.names import INDEX_PRICE, MARK_PRICE, PREMIUM_INDEX
from bcdata.simulate.binance.market.walk import stream

DECIMALS = 8
"""Of all computed prices."""
_UNIT = 10**DECIMALS
_APART = {MARK_PRICE: 2e-5, INDEX_PRICE: 1e-5}
"""How far from the traded price these are, as a share."""
_PREMIUM = 3e-4
_A_SECOND_EACH = 60
"""Values that a minute is made of; they stand in the place of the number of trades."""
_PRICES = ("open", "high", "low", "close")


def computed(kind: str, minutes: pl.DataFrame, price_decimals: int, seed: int, whose: tuple[str, str]) -> pl.DataFrame:
    """The minutes of a computed price beside those of trades (columns as of `generate_day`), prices in 1e-8.

    Args:
        kind: the archive's word for it.
        minutes: a whole day of trades.
        price_decimals: of their prices.
        seed: of the market.
        whose: venue and symbol.
    """
    day = int(minutes["open_time"][0]) // 86_400_000
    random = stream(seed, kind, *whose, day=day)
    prices = (
        _premium(random, minutes.height) if kind == PREMIUM_INDEX else _beside(random, minutes, price_decimals, kind)
    )
    nothing = np.zeros(minutes.height, dtype=np.int64)
    flows = dict.fromkeys(("volume", "quote_volume", "taker_volume", "taker_quote_volume"), nothing)
    made = pl.DataFrame({**prices, **flows, "trades": np.full(minutes.height, _A_SECOND_EACH)})
    return minutes.select("open_time").hstack(made).select(minutes.columns)


def _beside(random: np.random.Generator, minutes: pl.DataFrame, decimals: int, kind: str) -> dict[str, np.ndarray]:
    """All four prices of a minute moved by the same: they keep their order."""
    scaled = {name: minutes[name].to_numpy() * 10 ** (DECIMALS - decimals) for name in _PRICES}
    moved = np.rint(random.standard_normal(minutes.height) * _APART[kind] * scaled["low"]).astype(np.int64)
    return {name: values + moved for name, values in scaled.items()}


def _premium(random: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """A share that wanders around zero, on both sides of it."""
    close = np.rint(random.standard_normal(count) * _PREMIUM * _UNIT).astype(np.int64)
    first = np.concatenate(([0], close[:-1]))
    reach = np.rint(random.exponential(_PREMIUM / 4, (2, count)) * _UNIT).astype(np.int64)
    return {
        "open": first,
        "high": np.maximum(first, close) + reach[0],
        "low": np.minimum(first, close) - reach[1],
        "close": close,
    }
