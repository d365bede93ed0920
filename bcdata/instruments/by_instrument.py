"""Rows of symbols as rows of instruments, by the renames that are known. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from bcdata.instruments.lives import Life, Renamed, lives

ORIGINAL = "_symbol"


@dataclass(frozen=True, slots=True)
class ByInstrument:
    """What the lives of symbols are called, so that those of one instrument have one name."""

    names: Mapping[Life, str]

    @classmethod
    def of(cls, renames: Sequence[Renamed]) -> "ByInstrument":
        """The names by these renames; a symbol that was never renamed keeps its own."""
        found = [
            life
            for symbol in sorted({n for one in renames for n in (one.old, one.new)})
            for life in lives(symbol, (), renames)
        ]
        names: dict[Life, str] = {}
        for life in sorted(found, key=lambda one: (one.start is not None, one.start, one.symbol)):
            before = next((one for one in names if one.goes_on_as == life.symbol and one.end == life.start), None)
            names[life] = names[before] if before and life.came_from == before.symbol else _name(life)
        return cls(names)

    def renamed(self, rows: pl.DataFrame, column: str) -> pl.DataFrame:
        """The rows with the instrument for their `symbol`, which is kept as `ORIGINAL`; by the date in a column."""
        named = pl.coalesce(*self._names(column), "symbol")
        return rows.with_columns(pl.col("symbol").alias(ORIGINAL), named.alias("symbol"))

    def _names(self, column: str) -> Iterator[pl.Expr]:
        for life, name in self.names.items():
            yield pl.when((pl.col("symbol") == life.symbol) & life.within(column)).then(pl.lit(name))


def _name(life: Life) -> str:
    """The symbol, with the first session of a later life of it."""
    return life.symbol if life.start is None else f"{life.symbol} from {life.start}"


def renames_in(actions: pl.DataFrame) -> list[Renamed]:
    """The renames that actions (`ACTIONS`) tell of."""
    told = actions.filter(pl.col("kind") == "rename").select("symbol", "ex_session", "renamed_from", "renamed_to")
    found: list[Renamed] = []
    for symbol, at, old, new in told.iter_rows():
        found += [Renamed(at, old, symbol)] if old else []
        found += [Renamed(at, symbol, new)] if new else []
    return sorted(set(found), key=lambda one: (one.at, one.old, one.new))
