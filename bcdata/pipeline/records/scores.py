"""How good published partitions of merged are, and how their sources compare: notes in manifests of publications.

They bear on nothing: no fingerprint and no byte of a published file depends on them. What an earlier release published
has none, and its quality is unknown.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from bcdata.errors import StoreError
from bcdata.frames.schema import TIME, schema_of
from bcdata.pipeline.lake import is_held_back, is_of, repair
from bcdata.quality.compare.sources import PairOfSources
from bcdata.quality.score import COUNTS, FACTORS, Quality
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Grain

QUALITY = "quality"
"""The note that has it."""
ANY = "any"
"""Stands for all columns of a pair together."""
SOURCES = schema_of(
    {
        "source": pl.String,
        "other": pl.String,
        "field": pl.String,
        "in_both": pl.Int64,
        "differing": pl.Int64,
        "only_source": pl.Int64,
        "only_other": pl.Int64,
        "first_at": TIME,
        "first": pl.Float64,
        "largest_at": TIME,
        "largest": pl.Float64,
    }
)
"""How two sources of a partition compare: a row for the pair (`field` is `any`), and one for each column that differs.

`in_both`, `only_source` and `only_other` count rows, and stand in the pair's row alone.
"""
KEYS = {"symbol": pl.String, "date": pl.String}


@dataclass(frozen=True, slots=True)
class PartitionQuality:
    """How good one published partition of merged is; None where that is not known."""

    symbol: str
    date: str
    quality: Quality | None

    def to_json(self) -> dict[str, Any]:
        """Plain values: the score, its factors, and the rows by which these are told; null where it is not known."""
        if self.quality is None:
            return {"symbol": self.symbol, "date": self.date, **dict.fromkeys(("score", *FACTORS, *COUNTS))}
        counts = {name: getattr(self.quality, name) for name in COUNTS}
        return {
            "symbol": self.symbol, "date": self.date, "score": self.quality.score, **self.quality.factors, **counts
        }  # fmt: skip


def quality_of(store: Store, partition: Partition) -> Quality | None:
    """How good the published rows of a partition of merged are; None where that is not known.

    Raises:
        StoreError: its manifest is damaged, or its file is.
    """
    entries = store.publications.entries(partition)
    if not any(QUALITY in one.notes for one in entries):
        return None
    made = store.fingerprint(partition)
    if made is None:
        raise StoreError(f"{partition.key()} is lost or damaged")
    notes = next((one.notes for one in reversed(entries) if one.fingerprint == made), {})
    try:
        return Quality.from_json(notes[QUALITY])
    except (KeyError, TypeError, ValueError):
        return None  # of an earlier release, or of another shape


def qualities(
    store: Store,
    dataset: str,
    grain: Grain,
    *,
    symbols: Collection[str] | None = None,
    first: str | None = None,
    last: str | None = None,
    is_strict: bool = True,
) -> Iterator[PartitionQuality]:
    """The quality of each published partition of merged, by symbol and date.

    Args:
        store: the lake.
        dataset: its name.
        grain: of its partitions.
        symbols: only of these.
        first: only from this date key on.
        last: only up to this date key, included.
        is_strict: whether what is damaged or lost is an error; else it is not known.

    Raises:
        StoreError: something is damaged, and that is an error; the text has the command that repairs it.
    """
    for one in store.partitions("merged", dataset):
        is_within = (first is None or one.date >= first) and (last is None or one.date <= last)
        is_wanted = is_within and is_of(grain, one) and (symbols is None or one.symbol in symbols)
        try:
            if is_wanted and not is_held_back(store, one):
                yield PartitionQuality(one.symbol, one.date, quality_of(store, one))
        except StoreError as error:
            if is_strict:
                raise StoreError(f"{error}; repair it with: {repair(one, dataset)}") from None
            yield PartitionQuality(one.symbol, one.date, None)


def sources_of(some: Iterable[PartitionQuality]) -> pl.DataFrame:
    """How the sources of partitions compare: `symbol`, `date` and the columns of `SOURCES`, a row a pair and field."""
    rows = [
        (one.symbol, one.date, *row)
        for one in some
        if one.quality is not None
        for pair in one.quality.pairs
        for row in _rows(pair)
    ]
    return pl.DataFrame(rows, schema={**KEYS, **SOURCES}, orient="row")


def _rows(pair: PairOfSources) -> Iterator[tuple[object, ...]]:
    names, whole = (pair.source, pair.other), pair.whole()
    told = (whole.first_at, whole.first, whole.largest_at, whole.largest) if whole else (None,) * 4
    yield (*names, ANY, pair.both, pair.differing, pair.only_source, pair.only_other, *told)
    for name, one in pair.columns.items():
        yield (*names, name, None, one.rows, None, None, one.first_at, one.first, one.largest_at, one.largest)
