"""Tiingo on the loopback."""

from bcdata.simulate.tiingo.loopback import LoopbackTiingo
from bcdata.simulate.venues import Venue

__all__ = ["LoopbackTiingo"]

VENUE = Venue(LoopbackTiingo.demo)
