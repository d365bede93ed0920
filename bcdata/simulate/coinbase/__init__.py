"""Coinbase's exchange on the loopback."""

from bcdata.simulate.coinbase.loopback import LoopbackCoinbase
from bcdata.simulate.venues import Venue

__all__ = ["LoopbackCoinbase"]

VENUE = Venue(LoopbackCoinbase.demo)
