"""Binance on the loopback: archive, listing and REST out of a generated market or a folder."""

from bcdata.simulate.binance.exchange import LoopbackExchange
from bcdata.simulate.binance.limits import RateLimits
from bcdata.simulate.binance.market.folder import FolderMarket
from bcdata.simulate.binance.market.generated import GeneratedMarket
from bcdata.simulate.binance.market.market import Instrument, Market
from bcdata.simulate.binance.market.symbols import GeneratedSymbol, Outage
from bcdata.simulate.venues import Venue

__all__ = [
    "FolderMarket",
    "GeneratedMarket",
    "GeneratedSymbol",
    "Instrument",
    "LoopbackExchange",
    "Market",
    "Outage",
    "RateLimits",
]

VENUE = Venue(LoopbackExchange.demo, LoopbackExchange.of_folder)
