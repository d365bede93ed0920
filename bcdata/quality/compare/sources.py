"""How the sources of a partition compare: the rows that two have, and how far apart their values are. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

import polars as pl
from typing_extensions import TypedDict

_OTHER = "_other"


class DifferenceRecord(TypedDict):
    """A difference as plain values; instants are ISO texts, UTC."""

    rows: int
    first_at: str
    first: float
    largest_at: str
    largest: float


class PairRecord(TypedDict):
    """A pair as plain values."""

    sources: Sequence[str]
    both: int
    differing: int
    only: Sequence[int]
    columns: Mapping[str, DifferenceRecord]


@dataclass(frozen=True, slots=True)
class Difference:
    """How the values of two sources differ in one column.

    Differences are relative: of two values a and b it is |a - b| by the greater one of |a| and |b|.

    Attributes:
        rows: in how many rows.
        first_at: the time of the first of these (UTC).
        first: the difference there.
        largest_at: the time of the largest one, the first of them.
        largest: that difference.
    """

    rows: int
    first_at: datetime
    first: float
    largest_at: datetime
    largest: float

    def to_json(self) -> DifferenceRecord:
        """Plain values."""
        return {
            "rows": self.rows,
            "first_at": self.first_at.isoformat(),
            "first": self.first,
            "largest_at": self.largest_at.isoformat(),
            "largest": self.largest,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Difference":
        """Reads what `to_json` wrote."""
        first_at, largest_at = (datetime.fromisoformat(value[name]) for name in ("first_at", "largest_at"))
        return cls(int(value["rows"]), first_at, float(value["first"]), largest_at, float(value["largest"]))


@dataclass(frozen=True, slots=True)
class PairOfSources:
    """How two sources of a partition compare.

    Attributes:
        source: the one that comes first by precedence.
        other: the other one.
        both: rows that both have.
        differing: those of them that differ in any column.
        only_source: rows that the first alone has.
        only_other: rows that the other alone has.
        columns: by name those that differ anywhere.
    """

    source: str
    other: str
    both: int
    differing: int
    only_source: int
    only_other: int
    columns: Mapping[str, Difference]

    def whole(self) -> Difference | None:
        """The differences in all columns as one: the first and the largest of them; None where nothing differs."""
        every = self.columns.values()
        if not every:
            return None
        first_at = min(one.first_at for one in every)
        first = max(one.first for one in every if one.first_at == first_at)
        largest = min(every, key=lambda one: (-one.largest, one.largest_at))
        return Difference(self.differing, first_at, first, largest.largest_at, largest.largest)

    def to_json(self) -> PairRecord:
        """Plain values, the same for the same pair."""
        return {
            "sources": [self.source, self.other],
            "both": self.both,
            "differing": self.differing,
            "only": [self.only_source, self.only_other],
            "columns": {name: one.to_json() for name, one in self.columns.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PairOfSources":
        """Reads what `to_json` wrote."""
        (source, other), (mine, others) = map(str, value["sources"]), map(int, value["only"])
        columns = {name: Difference.from_json(one) for name, one in value["columns"].items()}
        return cls(source, other, int(value["both"]), int(value["differing"]), mine, others, columns)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How all sources of a partition compare: rows that two have at least, how many of them differ, and the pairs."""

    compared: int = 0
    differing: int = 0
    pairs: tuple[PairOfSources, ...] = ()


def agreement(
    frames: Sequence[tuple[str, pl.DataFrame]], differs: Mapping[str, pl.Expr], *, time: str = "open_time"
) -> Agreement:
    """Compares each source with each that comes after it.

    Args:
        frames: names and rows by precedence, each with one row a time.
        differs: by column, whether the values differ; that of the other source is `<column>_other`. Null is no
            difference: what one of them does not have.
        time: the column by which rows are the same one.
    """
    if len(frames) < 2:  # noqa: PLR2004 # a pair
        return Agreement()
    pairs, both, apart = [], [], []
    for (source, rows), (other, others) in combinations(frames, 2):
        held = rows.select(time, *differs).join(others.select(time, *differs), on=time, suffix=_OTHER)
        odd = held.filter(pl.any_horizontal(differs.values()))
        only = rows.height - held.height, others.height - held.height
        pairs.append(PairOfSources(source, other, held.height, odd.height, *only, _differences(odd, differs, time)))
        both.append(held[time])
        apart.append(odd[time])
    return Agreement(_distinct(both), _distinct(apart), tuple(pairs))


def _distinct(times: Sequence[pl.Series]) -> int:
    return times[0].len() if len(times) == 1 else pl.concat(times).n_unique()


def _differences(odd: pl.DataFrame, differs: Mapping[str, pl.Expr], time: str) -> dict[str, Difference]:
    """By column that differs anywhere; `odd` are the rows that differ in any."""
    if odd.is_empty():
        return {}
    found, rows = {}, odd.sort(time)
    counts = rows.select(one.sum().alias(name) for name, one in differs.items()).row(0, named=True)
    for name, number in counts.items():
        if number:
            own = rows.filter(differs[name]).select(pl.col(time), _relative(name).alias(name))
            first, largest = own.row(0), own.row(own[name].arg_max() or 0)
            found[name] = Difference(number, *first, *largest)
    return found


def _relative(name: str) -> pl.Expr:
    one, other = pl.col(name).cast(pl.Float64), pl.col(f"{name}{_OTHER}").cast(pl.Float64)
    return (one - other).abs() / pl.max_horizontal(one.abs(), other.abs())
