"""Alpaca's market data on the loopback."""

from bcdata.simulate.alpaca.loopback import LoopbackAlpaca
from bcdata.simulate.venues import Venue

__all__ = ["LoopbackAlpaca"]

VENUE = Venue(LoopbackAlpaca.demo)
