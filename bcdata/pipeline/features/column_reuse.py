"""Which columns of published features still hold after the feature set has changed: only the others are computed."""

from dataclasses import dataclass, field

import polars as pl

from bcdata.errors import StoreError
from bcdata.pipeline.features.inputs import FeatureInputs
from bcdata.pipeline.fingerprint import CODE_VERSION
from bcdata.pipeline.records.in_footers import FeaturesRecord, features_record
from bcdata.store.layout import Partition
from bcdata.store.store import Store


@dataclass(frozen=True, slots=True)
class ReusedColumns:
    """Columns as they are published, and how many of their rows were clipped."""

    columns: dict[str, pl.Series] = field(default_factory=dict)
    clipped: dict[str, int] = field(default_factory=dict)


def reused_columns(store: Store, partition: Partition, near: FeatureInputs, opens: pl.Series) -> ReusedColumns:
    """The columns that were made by the same definitions out of the same bars; none where any bar is another one.

    A column has the same bits whichever columns stand beside it, so what was published may stay. A file that is not
    this partition's (of another month, or of another shape) has none that may.
    """
    published = store.published(partition)
    record = features_record(published)
    if not _is_usable(partition, near, record):
        return ReusedColumns()
    made = record["columns"]
    names = [name for name, identity in near.identities.items() if made.get(name) == identity]
    try:
        frame = store.read(partition, ["open_time", *names]) if names else None
    except StoreError:  # damaged, or without a column that its record names: it is computed again
        frame = None
    if frame is None or not frame["open_time"].equals(opens):
        return ReusedColumns()
    clipped = record["verdict"]["facts"].get("clipped", {})
    return ReusedColumns(
        {name: frame[name] for name in names},
        {name: count for name, count in clipped.items() if name in names},
    )


def _is_usable(partition: Partition, near: FeatureInputs, record: FeaturesRecord) -> bool:
    """Whether the record is one of features of this code, and all that was read then is what is there now."""
    shape = {"code": str, "columns": dict, "merged": list, "inputs": list, "verdict": dict}
    if any(not isinstance(record.get(name), kind) for name, kind in shape.items()) or record["code"] != CODE_VERSION:
        return False
    try:
        own = [(partition.dataset, partition.symbol, date, made) for date, made in record["merged"]]
        inputs = [(dataset, symbol, date, made) for dataset, symbol, date, made in record["inputs"]]
        return all(near.now(dataset, symbol, date) == made for dataset, symbol, date, made in [*own, *inputs])
    except (TypeError, ValueError):
        return False  # lists of another shape
