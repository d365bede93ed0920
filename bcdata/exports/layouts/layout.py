"""What a layout is: how its files are named and written, and which time stands at a row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from bcdata.interval import Interval
from bcdata.venues.market import Market

if TYPE_CHECKING:
    import polars as pl

PRICES = ("open", "high", "low", "close")
VALUES = (*PRICES, "volume")
"""What every engine reads of a bar."""


class Label(StrEnum):
    """The time that stands at a row.

    An engine that waits for the close of a bar by itself gets its open; one that acts on a bar at its label gets the
    instant from which it is known. `ROWS` are rows as the lake has them, with both.
    """

    OPEN = "open"
    KNOWN_AT = "known_at"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be written.

    Attributes:
        name: of the rows: that of the dataset, or of the coarser bars that are made of it.
        market: whose.
        kind: of the dataset: `klines`, `mark_klines`, ...
        interval: the length of the bars; None where rows are none.
        symbols: whose rows these are.
        features: the columns that are features.
        rows: for engines `symbol`, `open_time`, `end`, `known_at` (UTC), open, high, low, close, volume and features,
            by symbol, strictly ascending in the time that the layout labels by; else as `load` returns them.
    """

    name: str
    market: Market
    kind: str
    interval: Interval | None
    symbols: Sequence[str]
    features: Sequence[str]
    rows: "pl.DataFrame"

    @property
    def bar(self) -> Interval:
        """The length of the bars."""
        if self.interval is None:
            raise AssertionError
        return self.interval

    @property
    def symbol(self) -> str:
        """The only symbol."""
        (one,) = self.symbols
        return one


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written: its path in the folder of the export, how many rows it has, and what writes it."""

    path: str
    rows: int
    write: Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Layout:
    """One row of the table.

    Attributes:
        label: the time that stands at its rows.
        files: the files of some content.
        size: the bytes of its files, as a multiple of those that the lake's have of the same rows; four fifths of what
            was measured on minutes, so that it is a little rather than much too small.
        takes_features: whether it has columns for features.
        is_wide: whether the symbols of an export stand beside each other in the same files.
        by_day: the intervals of which there is a file a day: then months are written one by one.
        is_catalog: whether an engine reads all files of a folder as one series, so that no other may lie there.
    """

    label: Label
    files: Callable[[Content], Iterable[File]]
    size: float
    takes_features: bool = False
    is_wide: bool = False
    by_day: frozenset[str] = frozenset()
    is_catalog: bool = False

    @property
    def is_engine(self) -> bool:
        """Whether an engine reads it, which takes bars and nothing else."""
        return self.label is not Label.ROWS
