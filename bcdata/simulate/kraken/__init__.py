"""Kraken's public server on the loopback."""

from bcdata.simulate.kraken.loopback import LoopbackKraken
from bcdata.simulate.venues import Venue

__all__ = ["LoopbackKraken"]

VENUE = Venue(LoopbackKraken.demo)
