"""Which columns of published features still hold after the feature set has changed: only the others are computed."""

from dataclasses import dataclass, field

import polars as pl

from bcdata.errors import StoreError
from bcdata.operations.fingerprint import CODE_VERSION
from bcdata.operations.neighbours import Neighbours
from bcdata.store.layout import Partition
from bcdata.store.store import Store


@dataclass(frozen=True, slots=True)
class Kept:
    """Columns as they are published, and how many of their rows were clipped."""

    columns: dict[str, pl.Series] = field(default_factory=dict)
    clipped: dict[str, int] = field(default_factory=dict)


def kept_columns(store: Store, partition: Partition, near: Neighbours) -> Kept:
    """The columns that were made by the same definitions out of the same bars; none where any bar is another one.

    A column has the same bits whichever columns stand beside it, so what was published may stay.
    """
    published = store.published(partition)
    if (
        published is None
        or published.record.get("code") != CODE_VERSION
        or not _same_bars(partition, near, published.record)
    ):
        return Kept()
    made = published.record.get("columns", {})
    names = [name for name, identity in near.identities.items() if made.get(name) == identity]
    try:
        frame = store.read(partition, names) if names else None
    except StoreError:  # damaged: it is made anew
        frame = None
    if frame is None:
        return Kept()
    clipped = published.record["verdict"]["facts"].get("clipped", {})
    return Kept(
        {name: frame[name] for name in names},
        {name: count for name, count in clipped.items() if name in names},
    )


def _same_bars(partition: Partition, near: Neighbours, record: dict[str, list[list[str]]]) -> bool:
    """Whether all that was read is what is there now."""
    own = [(partition.dataset, partition.symbol, date, made) for date, made in record["merged"]]
    inputs = [tuple(one) for one in record["inputs"]]
    return all(near.now(dataset, symbol, date) == made for dataset, symbol, date, made in [*own, *inputs])
