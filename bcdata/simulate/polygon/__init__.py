"""Polygon on the loopback."""

from bcdata.simulate.polygon.loopback import LoopbackPolygon
from bcdata.simulate.venues import Venue

__all__ = ["LoopbackPolygon"]

VENUE = Venue(LoopbackPolygon.demo)
