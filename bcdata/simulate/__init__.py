"""Loopback venues for the demo, for tests, and for trying bcdata out without a network.

What venues export can be had here, too: `from bcdata.simulate import LoopbackKraken`.
"""

from typing import Any

from bcdata.simulate import venues
from bcdata.simulate.faults import Fault
from bcdata.simulate.serve import serve
from bcdata.simulate.trade_market import TradedSymbol, TradeMarket
from bcdata.simulate.web_server import LoggedRequest

__all__ = ["Fault", "LoggedRequest", "TradeMarket", "TradedSymbol", "serve"]


def __getattr__(name: str) -> Any:
    return venues.exported(name)
