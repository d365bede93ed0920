"""The generated minutes of one symbol and day, as whole numbers of ticks and lot steps, so that sums are exact.

Every day is drawn alone from (seed, what, day). Days join because the price at each midnight is a function of
the day, and the minutes between two midnights are a bridge.
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bcdata.simulate.binance.market.symbols import BASE_DECIMALS, GeneratedSymbol, to_ms
from bcdata.simulate.binance.market.symbols import START as ORIGIN

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MINUTES = 1440
MINUTE_MS = 60_000
DAY_MS = MINUTES * MINUTE_MS
_ORIGIN_DAY = to_ms(ORIGIN) // DAY_MS
_FIRST_DAY = 14_610  # 2010-01-01
_DAYS = 1 << 14
_DAY_SIGMA = 0.022
_MINUTE_SIGMA = 0.0006
_AGGRESSION = (0.05, 0.95)
"""Where between low and high the mean price of a minute may lie; off the edges, so that rounding stays inside."""


def stream(*words: str | int, day: int = 0) -> np.random.Generator:
    """Random numbers that depend on the words and the day alone."""
    digest = blake2b("/".join(map(str, words)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest), counter=[0, 0, day, 0]))


@lru_cache(maxsize=64)
def _midnights(seed: int, base: str) -> Floats:
    """Log prices at the midnights from 2010 on, relative to 2023-01-01."""
    steps = stream(seed, "midnights", base).standard_normal(_DAYS) * _DAY_SIGMA
    # A pull towards zero keeps forty years of prices within reason.
    path = np.empty(_DAYS)
    level = 0.0
    for at, step in enumerate(steps):
        level = level * 0.999 + step
        path[at] = level
    relative: Floats = path - path[_ORIGIN_DAY - _FIRST_DAY]
    return relative


def _closes(seed: int, symbol: GeneratedSymbol, day: int) -> tuple[int, Ints]:
    """The price at the day's first instant and at the end of each minute, in ticks."""
    start, end = _midnights(seed, symbol.base)[day - _FIRST_DAY : day - _FIRST_DAY + 2]
    steps = stream(seed, "minutes", symbol.base, day=day).standard_normal(MINUTES) * _MINUTE_SIGMA
    free = np.cumsum(steps)
    share = np.arange(1, MINUTES + 1) / MINUTES
    path = start + free + share * (end - start - free[-1])
    path[-1] = end
    unit = symbol.price * 10**symbol.price_decimals
    ticks = np.maximum(np.rint(np.exp(np.concatenate(([start], path))) * unit), 2).astype(np.int64)
    return int(ticks[0]), ticks[1:]


def generate_day(seed: int, symbol: GeneratedSymbol, day: int, must_trade: Ints) -> pl.DataFrame:
    """All 1440 minutes of a day (days since the epoch), as if nothing were listed, delisted or out.

    Minutes in `must_trade` have a trade, and so has the last one: it closes at the midnight price where the
    next day begins.

    Returns:
        Int64 columns `open_time` (ms), `open high low close` (ticks), `volume` (lot steps; cm: contracts),
        `quote_volume` (ticks x steps; cm: 1e-8 base units), `trades`, `taker_volume`, `taker_quote_volume`.
    """
    random = stream(seed, symbol.venue, symbol.symbol, day=day)
    opening, walk = _closes(seed, symbol, day)
    traded = random.random(MINUTES) >= symbol.quiet  # nosec B311 # a made market, not a secret
    traded[must_trade] = True
    traded[-1] = True
    prices = _prices(random, opening, walk, traded)
    flows = _flows(random, symbol, prices, traded)
    return pl.DataFrame({"open_time": day * DAY_MS + np.arange(MINUTES) * MINUTE_MS, **prices, **flows})


def _prices(random: np.random.Generator, opening: int, walk: Ints, traded: NDArray[np.bool_]) -> dict[str, Ints]:
    """Open, high, low and close; a minute without a trade is flat at the close before it."""
    at = np.maximum.accumulate(np.where(traded, np.arange(1, MINUTES + 1), 0))
    close = np.concatenate(([opening], walk))[at]
    before = np.concatenate(([opening], close[:-1]))
    jump = random.integers(-1, 2, MINUTES)
    reach = np.floor(random.exponential(_MINUTE_SIGMA / 2, (2, MINUTES)) * close).astype(np.int64)
    first = np.where(traded, np.maximum(before + jump, 1), before)
    high = np.maximum(first, close) + np.where(traded, reach[0], 0)
    low = np.maximum(np.minimum(first, close) - np.where(traded, reach[1], 0), 1)
    return {"open": first, "high": high, "low": low, "close": close}


def _flows(
    random: np.random.Generator, symbol: GeneratedSymbol, prices: dict[str, Ints], traded: NDArray[np.bool_]
) -> dict[str, Ints]:
    """Volumes and counts. The mean prices of all trades and of the takers' lie within low and high."""
    busy = random.lognormal(-0.5, 1.0, MINUTES)
    mean = symbol.volume * 10**symbol.volume_decimals
    volume = np.where(traded, np.maximum(np.rint(busy * mean), 1), 0).astype(np.int64)
    taker = np.floor(volume * random.random(MINUTES)).astype(np.int64)  # nosec B311 # a made market, not a secret
    spread = (prices["high"] - prices["low"]) * random.uniform(*_AGGRESSION, MINUTES)  # nosec B311 # a made market, not a secret
    quote = prices["low"] * volume + np.floor(spread * volume).astype(np.int64)
    taker_quote = prices["low"] * taker + np.floor(spread * taker).astype(np.int64)
    trades = np.where(traded, 1 + np.floor(busy * 200 * random.random(MINUTES)), 0).astype(np.int64)  # nosec B311 # a made market, not a secret
    trades = np.minimum(trades, volume)
    if symbol.contract_size:
        quote, taker_quote = _base(symbol, volume, quote), _base(symbol, taker, taker_quote)
    return {
        "volume": volume,
        "quote_volume": quote,
        "trades": trades,
        "taker_volume": taker,
        "taker_quote_volume": taker_quote,
    }


def _base(symbol: GeneratedSymbol, contracts: Ints, quote: Ints) -> Ints:
    """The base volume that so many contracts are at their mean price, in units of 1e-8."""
    unit = (symbol.contract_size or 0) * 10.0 ** (symbol.price_decimals + BASE_DECIMALS)
    mean = np.divide(quote, contracts, out=np.ones(len(quote)), where=contracts > 0)
    return np.rint(contracts * unit / mean).astype(np.int64)
