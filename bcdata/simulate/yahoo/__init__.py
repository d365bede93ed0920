"""Yahoo's charts on the loopback."""

from bcdata.simulate.venues import Venue
from bcdata.simulate.yahoo.loopback import LoopbackYahoo

__all__ = ["LoopbackYahoo"]

VENUE = Venue(LoopbackYahoo.demo)
