"""Kraken's spot market. Symbols are its "altnames": `XBTUSD`, `ETHEUR`."""

from bcdata.venues.market import Market

INTERVALS = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")
"""Its bars of a week and of 15 days count from 1970-01-01, a Thursday: they are on no grid of ours."""

MARKETS = (Market("kraken", "2013-09", ("klines",), INTERVALS, foreign="", reference="XBTUSD"),)
