"""Bitstamp on the loopback."""

from bcdata.simulate.bitstamp.loopback import LoopbackBitstamp
from bcdata.simulate.venues import Venue

__all__ = ["LoopbackBitstamp"]

VENUE = Venue(LoopbackBitstamp.demo)
