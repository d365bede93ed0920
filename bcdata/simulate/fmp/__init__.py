"""FMP on the loopback."""

from bcdata.simulate.fmp.loopback import LoopbackFmp
from bcdata.simulate.venues import Venue

__all__ = ["LoopbackFmp"]

VENUE = Venue(LoopbackFmp.demo)
