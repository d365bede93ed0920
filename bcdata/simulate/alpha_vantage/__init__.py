"""Alpha Vantage on the loopback."""

from bcdata.simulate.alpha_vantage.loopback import LoopbackAlphaVantage
from bcdata.simulate.venues import Venue

__all__ = ["LoopbackAlphaVantage"]

VENUE = Venue(LoopbackAlphaVantage.demo)
