"""Coinbase's spot exchange. Symbols are its product ids: `BTC-USD`."""

from bcdata.venues.market import Market

INTERVALS = ("1m", "5m", "15m", "1h", "6h", "1d")

MARKETS = (Market("coinbase", "2015-01", ("klines",), INTERVALS, reference="BTC-USD"),)
