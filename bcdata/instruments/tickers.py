"""Whose the tickers of a market are, by its catalog and the corporate actions that the lake has."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import MERGED_ACTION, conform
from bcdata.instruments.lives import Life, Renamed, lives
from bcdata.interval import EPOCH
from bcdata.pipeline.lake import read_over
from bcdata.store.store import Store
from bcdata.windows import Window

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tickers:
    """The tickers of a market as was known at an instant.

    Attributes:
        store: the lake.
        actions: the dataset of the market's corporate actions.
        as_of: the instant (UTC).
    """

    store: Store
    actions: Dataset
    as_of: datetime

    def lives(self, symbol: str, since: date) -> list[Life]:
        """The lives of a symbol from a session on; what was before is in the first of them."""
        dated = self.actions.parsed.market.dated
        stated = any(one.symbol == symbol and one.instrument for one in dated)
        return lives(symbol, dated, () if stated else self.renames(symbol, since))

    def chain(self, life: Life) -> list[Life]:
        """The life and those that follow it under other symbols."""
        found = [life]
        while (last := found[-1]).goes_on_as and last.end and (after := self._after(last)) and after not in found:
            found.append(after)
        return found

    def _after(self, life: Life) -> Life | None:
        symbol, end = life.goes_on_as or "", life.end or date.max
        later = (one for one in self.lives(symbol, end) if one.end is None or one.end > end)
        if life.instrument:
            return next((one for one in later if one.instrument == life.instrument), None)
        return next((one for one in later if one.holds(end)), None)

    def renames(self, symbol: str, since: date) -> Iterator[Renamed]:
        """The renames from or to a symbol from a session on."""
        start = datetime(since.year, since.month, since.day, tzinfo=EPOCH.tzinfo)
        window = Window(start, max(start, self.as_of) + _DAY)
        rows = conform(read_over(self.store, self.actions, symbol, window), MERGED_ACTION)
        told = rows.filter((pl.col("kind") == "rename") & (pl.col("known_at") <= self.as_of))
        for at, old, new, source in told.select("ex_session", "renamed_from", "renamed_to", "source").iter_rows():
            if old:
                yield Renamed(at, old, symbol, source)
            if new:
                yield Renamed(at, symbol, new, source)
