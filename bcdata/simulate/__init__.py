"""A loopback exchange for the demo, for tests, and for trying bcdata out without a network."""

from bcdata.simulate.binance.exchange import LoopbackExchange
from bcdata.simulate.binance.limits import RateLimits
from bcdata.simulate.binance.market.folder import FolderMarket
from bcdata.simulate.binance.market.generated import GeneratedMarket
from bcdata.simulate.binance.market.market import Instrument, Market
from bcdata.simulate.binance.market.symbols import GeneratedSymbol, Outage
from bcdata.simulate.binance.server import LoggedRequest
from bcdata.simulate.faults import Fault
from bcdata.simulate.serve import serve

__all__ = [
    "Fault",
    "FolderMarket",
    "GeneratedMarket",
    "GeneratedSymbol",
    "Instrument",
    "LoggedRequest",
    "LoopbackExchange",
    "Market",
    "Outage",
    "RateLimits",
    "serve",
]
