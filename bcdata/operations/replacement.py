"""Daily objects that their month's object repeats row for row: raw's manifest takes the monthly one in their place.

The daily rule holds day by day: a daily object that says anything else stays beside the monthly one, and wins. So
merged bars are the same bit for bit, with one object to read in the place of thirty. The bytes of the daily objects
stay in raw, and the manifest remembers them, so that they are neither fetched nor compared again.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from bcdata.catalog import Dataset
from bcdata.operations.marks import REPLACED_BY
from bcdata.providers.binance.klines import check_columns, read_csv
from bcdata.providers.binance.names import GRAINS
from bcdata.providers.binance.peek import content_bound, member_name
from bcdata.providers.binance.unzip import ObjectError, unzip
from bcdata.store.layout import Partition
from bcdata.store.store import Store

Record = dict[str, Any]


def split_replaced(
    store: Store, dataset: Dataset, partition: Partition, records: Sequence[Record]
) -> tuple[list[Record], list[Record]]:
    """Splits raw's records into those that the partition is made of, and the daily ones that the monthly one repeats.

    Args:
        store: the lake, which has the objects.
        dataset: bars, whose catalog entry says whether months replace days.
        partition: the partition in raw.
        records: all records, those that were replaced before among them.

    Raises:
        StoreError: an object cannot be read.
    """
    plain = [{key: value for key, value in one.items() if key != REPLACED_BY} for one in records]
    month = next((one for one in plain if one["period"] == "monthly" and one["date"] == partition.date), None)
    if not dataset.monthly_replaces_daily or month is None or not month["whole"]:
        return plain, []
    digest = month["sha256"]
    known = {one["name"] for one in records if one.get(REPLACED_BY) == digest}
    rows = None
    kept: list[Record] = []
    replaced: list[Record] = []
    for one in plain:
        if one["period"] == "daily" and one["name"] not in known:
            rows = _rows(store, dataset, partition, month) if rows is None else rows
        is_repeated = one["name"] in known or (
            one["period"] == "daily" and _repeats(rows, store, dataset, partition, one)
        )
        (replaced if is_repeated else kept).append(one)
    return kept, [{**one, REPLACED_BY: digest} for one in replaced]


def _repeats(month: pl.DataFrame | None, store: Store, dataset: Dataset, partition: Partition, day: Record) -> bool:
    """Whether the monthly object has the rows of a daily one, with the same values and no others for their opens."""
    rows = _rows(store, dataset, partition, day)
    if month is None or rows is None:
        return False
    same = month.join(rows, on="open_time", how="semi", nulls_equal=True)
    return same.height == rows.height and rows.join(same, on=rows.columns, how="anti", nulls_equal=True).is_empty()


def _rows(store: Store, dataset: Dataset, partition: Partition, record: Record) -> pl.DataFrame | None:
    """The rows of an object as sent, times in µs; None where it cannot be read whole."""
    body = store.objects.get(partition.key(record["file"]))
    if body is None:
        return None
    bound = content_bound(GRAINS[record["period"]].window(record["date"]), dataset.interval)
    try:
        raw = read_csv([check_columns(unzip(body, member=member_name(record["name"]), max_bytes=bound))])
    except ObjectError:
        return None
    return None if raw.bad_lines.height else raw.rows.drop("object", "line")
