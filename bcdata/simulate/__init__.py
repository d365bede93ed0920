"""A loopback exchange for the demo, for tests, and for trying bcdata out without a network."""

from bcdata.simulate.exchange import LoopbackExchange
from bcdata.simulate.faults import Fault
from bcdata.simulate.folder import FolderMarket
from bcdata.simulate.generated import GeneratedMarket
from bcdata.simulate.limits import RateLimits
from bcdata.simulate.market import Instrument, Market
from bcdata.simulate.serve import serve
from bcdata.simulate.server import LoggedRequest
from bcdata.simulate.symbols import GeneratedSymbol, Outage

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
