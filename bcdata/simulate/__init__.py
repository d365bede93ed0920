"""Loopback venues for the demo, for tests, and for trying bcdata out without a network."""

from bcdata.simulate.binance.exchange import LoopbackExchange
from bcdata.simulate.binance.limits import RateLimits
from bcdata.simulate.binance.market.folder import FolderMarket
from bcdata.simulate.binance.market.generated import GeneratedMarket
from bcdata.simulate.binance.market.market import Instrument, Market
from bcdata.simulate.binance.market.symbols import GeneratedSymbol, Outage
from bcdata.simulate.coinbase.loopback import LoopbackCoinbase
from bcdata.simulate.faults import Fault
from bcdata.simulate.kraken.loopback import LoopbackKraken
from bcdata.simulate.serve import serve
from bcdata.simulate.trade_market import TradedSymbol, TradeMarket
from bcdata.simulate.web_server import LoggedRequest

__all__ = [
    "Fault",
    "FolderMarket",
    "GeneratedMarket",
    "GeneratedSymbol",
    "Instrument",
    "LoggedRequest",
    "LoopbackCoinbase",
    "LoopbackExchange",
    "LoopbackKraken",
    "Market",
    "Outage",
    "RateLimits",
    "TradeMarket",
    "TradedSymbol",
    "serve",
]
