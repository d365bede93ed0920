"""Instants at which the future is taken away: a look ahead may wait for the end of a month, or for a spike."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from bcdata.features.proofs.bars import MINUTE, START
from bcdata.features.proofs.world import World

_DAYS = timedelta(days=3)
"""Of history before any of them, so that most features have values."""

CALM_CUTS = [
    START + timedelta(days=2, minutes=1093),
    START + timedelta(days=3),  # the end of a month, a day and an hour
    START + timedelta(days=3, minutes=20),  # a settlement
    START + timedelta(days=3, hours=12),
    START + timedelta(days=4, minutes=242),
]
WILD_CUTS = [START + timedelta(minutes=minute) for minute in (5441, 7120)]

_OFFSETS = (timedelta(), timedelta(seconds=30, microseconds=1), MINUTE - timedelta(microseconds=1), MINUTE)
_SPIKE = 0.1


def anywhere(world: World, count: int, seed: int = 0) -> list[datetime]:
    """So many instants of the last days, at any microsecond, and as many within the minute of some settlement."""
    rng = np.random.default_rng(seed)
    end = world.bars["open_time"][-1]
    span = (end - START - _DAYS) // timedelta(microseconds=1)
    free = [START + _DAYS + timedelta(microseconds=int(rng.integers(span))) for _ in range(count)]
    settled = world.sent.filter(pl.col("time").is_between(START + _DAYS, end))["time"].to_list()
    picked = rng.choice(len(settled), min(count, len(settled)), replace=False)
    return free + [settled[at] + _OFFSETS[number % len(_OFFSETS)] for number, at in enumerate(picked)]


def eventful(world: World) -> list[datetime]:
    """The closes of the first bars that spike, have no trades, and are not there for the reference."""
    bars = world.bars.filter(pl.col("open_time") >= START + _DAYS)
    move = (pl.col("close") / pl.col("close").shift()).log().abs()
    alone = bars.join(world.reference, on="open_time", how="anti", maintain_order="left")
    first = (bars.filter(move > _SPIKE), bars.filter(pl.col("volume") == 0), alone)
    return [found["open_time"][0] + MINUTE for found in first]
