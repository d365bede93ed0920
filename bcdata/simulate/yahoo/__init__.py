"""Yahoo's charts on the loopback."""

from bcdata.simulate.venues import Venue
from bcdata.simulate.yahoo.loopback import LoopbackYahoo
from bcdata.simulate.yahoo.written import Day, WrittenDays

__all__ = ["Day", "LoopbackYahoo", "WrittenDays"]

VENUE = Venue(LoopbackYahoo.demo)
