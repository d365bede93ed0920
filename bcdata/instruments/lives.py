"""Whose a ticker was in which time: it ends where its instrument is renamed, and may begin again as another. Pure.

What the catalog states of a ticker counts; where it states nothing, the renames do that corporate actions tell of.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from bcdata.venues.dated_symbols import DatedSymbol


@dataclass(frozen=True, slots=True)
class Renamed:
    """That from a session on (`at`) an instrument goes on as `new`, which was `old`."""

    at: date
    old: str
    new: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """One instrument under one symbol.

    Attributes:
        symbol: as the lake writes it.
        start: its first session; None from the beginning.
        end: the session from which on it is no more; None while it goes on.
        instrument: its name in the catalog; None where that says nothing.
        came_from: the symbol of the instrument before, where it was renamed to this one.
        goes_on_as: the symbol of the instrument after, where it was renamed.
        told_by: the source of the rename by which it began or ended; empty where the catalog states it.
    """

    symbol: str
    start: date | None = None
    end: date | None = None
    instrument: str | None = None
    came_from: str | None = None
    goes_on_as: str | None = None
    told_by: str = ""

    def holds(self, session: date) -> bool:
        """Whether a session lies in it."""
        return (self.start is None or self.start <= session) and (self.end is None or session < self.end)

    @property
    def sessions(self) -> pl.Expr:
        """The rows whose `session` lies in it."""
        return self.within("session")

    def within(self, column: str) -> pl.Expr:
        """The rows whose date in a column lies in it."""
        begun = pl.lit(value=True) if self.start is None else pl.col(column) >= self.start
        return begun if self.end is None else begun & (pl.col(column) < self.end)


def lives(symbol: str, dated: Iterable[DatedSymbol], renames: Iterable[Renamed]) -> list[Life]:
    """The lives of a symbol in order of time: one where nothing is known of it but that it is there.

    Args:
        symbol: whose.
        dated: what the catalog states of the market's symbols.
        renames: of the market, in any order.
    """
    stated = _stated(symbol, [one for one in dated if one.instrument])
    return stated or _told(symbol, sorted(set(renames), key=lambda one: (one.at, one.old, one.new)))


def _stated(symbol: str, dated: Sequence[DatedSymbol]) -> list[Life]:
    """The lives that the catalog states: an instrument with several symbols goes from each to the next."""
    found: list[Life] = []
    for one in sorted((own for own in dated if own.symbol == symbol), key=_begin):
        same = sorted((other for other in dated if other.instrument == one.instrument), key=_begin)
        at = same.index(one)
        before = same[at - 1].symbol if at else None
        after = same[at + 1].symbol if at + 1 < len(same) else None
        if found and found[-1].instrument == one.instrument:
            found[-1] = Life(
                symbol, found[-1].start, one.end, one.instrument, found[-1].came_from, _other(after, symbol)
            )
        else:
            found.append(
                Life(symbol, one.start, one.end, one.instrument, _other(before, symbol), _other(after, symbol))
            )
    return found


def _other(name: str | None, symbol: str) -> str | None:
    return None if name == symbol else name


def _begin(one: DatedSymbol) -> date:
    return one.start or date.min


def _told(symbol: str, renames: Sequence[Renamed]) -> list[Life]:
    """The lives that renames tell of: what is there after a symbol was given up is another instrument."""
    found = [Life(symbol)]
    for at in sorted({one.at for one in renames if symbol in (one.old, one.new)}):
        leaves = next((one for one in renames if one.at == at and one.old == symbol), None)
        arrives = next((one for one in renames if one.at == at and one.new == symbol), None)
        source = next(one.source for one in (leaves, arrives) if one)
        new, old = leaves.new if leaves else None, arrives.old if arrives else None
        found[-1] = replace(found[-1], end=at, goes_on_as=new, told_by=found[-1].told_by or source)
        found.append(Life(symbol, at, came_from=old, told_by=source if old else ""))
    return found
