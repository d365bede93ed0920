"""How the bars of an answer compare with the sound bars that other sources have in the window asked for. Pure.

An answer that lacks some of them, or has other values, is another range's, another symbol's or half of one: it proves
nothing about what is missing, and rows beside such places are not believed for themselves.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from bcdata.interval import Interval

_EXACT = ("open", "high", "low", "close", "trades")
_AMOUNTS = ("volume", "quote_volume")
_LARGE_AMOUNT = 0.05
"""Amounts may differ by this share: they are no identity, but another unit or symbol shows in them."""
_COMPARED = (*_EXACT, *_AMOUNTS)
_MOST_DIFFERENT = 0.5
"""Above this share of different bars no row of an answer is believed for itself."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Bars (opens, UTC, ascending) that other sources have in the window of an answer.

    Attributes:
        known: all of them.
        lacking: those that the answer does not have.
        differing: those that it has with another open, high, low, close or number of trades, or quite other volumes.
    """

    known: Sequence[datetime] = ()
    lacking: Sequence[datetime] = ()
    differing: Sequence[datetime] = ()

    @property
    def agrees(self) -> bool:
        """Whether the answer has all that is known, with equal values: then what it lacks is evidence."""
        return not self.lacking and not self.differing

    def words(self) -> str:
        """What is wrong, in words."""
        parts = []
        if self.lacking:
            parts.append(f"lacks {len(self.lacking):,} bars that other sources have, from {_shown(self.lacking[0])} on")
        if self.differing:
            parts.append(f"has other values for {len(self.differing):,} bars, from {_shown(self.differing[0])} on")
        return " and ".join(parts)

    def vouched_for(self, opens: Iterable[datetime]) -> list[bool]:
        """For each open whether the nearest known bars on both sides came, with equal values.

        Where nothing is known on a side, that side says nothing; where most of what is known differs, no row is.
        """
        wrong = {*self.lacking, *self.differing}
        if self.known and len(wrong) > _MOST_DIFFERENT * len(self.known):
            return [False for _ in opens]
        found = []
        for at in opens:
            after = bisect_left(self.known, at)
            sides = [self.known[n] for n in (after - 1, after) if 0 <= n < len(self.known)]
            found.append(not wrong.intersection(sides))
        return found


def overlap(known: pl.DataFrame, rows: pl.DataFrame, interval: Interval) -> Overlap:
    """Lays an answer beside what is known.

    Args:
        known: sound bars (`BAR`) of other sources in the window asked for, ascending.
        rows: the answer's rows (columns of `BAR`); what opened off the grid (early 2018) counts for its place on it.
        interval: the length of the bars.
    """
    if known.is_empty():
        return Overlap()
    floors = [interval.floor(at) for at in rows["open_time"]]
    at_grid = rows.with_columns(pl.Series("open_time", floors, dtype=known.schema["open_time"]))
    came = at_grid.select("open_time", *_COMPARED).unique("open_time", keep="first")
    both = known.select("open_time", *_COMPARED).join(came, on="open_time", how="left", suffix="_came")
    exact = [pl.col(name).ne_missing(pl.col(f"{name}_came")) for name in _EXACT]
    both = both.sort("open_time").with_columns(
        lacking=~pl.col("open_time").is_in(came["open_time"].implode()),
        other=pl.any_horizontal(*exact, *(_is_far(name) for name in _AMOUNTS)),
    )
    lacking = both.filter("lacking")["open_time"].to_list()
    differing = both.filter(~pl.col("lacking") & pl.col("other"))["open_time"].to_list()
    return Overlap(both["open_time"].to_list(), lacking, differing)


def _is_far(name: str) -> pl.Expr:
    mine, other = pl.col(name), pl.col(f"{name}_came")
    far = (mine - other).abs() > _LARGE_AMOUNT * pl.max_horizontal(mine, other)
    return far.fill_null(value=False)


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"
