"""Bars beside other bars of the same time: coarser ones, the exchange's day bars, a second source. Pure."""
