"""Binance: spot, USD-M (`um`) and COIN-M (`cm`)."""

from bcdata.venues.market import Market

_INTERVALS = (
    *("1m", "3m", "5m", "15m", "30m"),
    *("1h", "2h", "4h", "6h", "8h", "12h"),
    *("1d", "3d", "1w", "1mo"),
)

MARKETS = (
    Market("spot", "2017-07", ("klines",), ("1s", *_INTERVALS)),
    Market("um", "2019-09", ("klines", "funding"), _INTERVALS),
    Market("cm", "2020-06", ("klines", "funding"), _INTERVALS, reference="BTCUSD_PERP"),
)
