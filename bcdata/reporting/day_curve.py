"""The days of a partition as one curve: how much a market moves at which time of day."""

from typing import TYPE_CHECKING

from bcdata.pictures.day_curve import BUCKETS, day_curve
from bcdata.store.layout import Partition
from bcdata.store.store import Store

if TYPE_CHECKING:
    from datetime import date

_MINUTES = 24 * 60
"""Of a day."""


def curve(store: Store, partition: Partition) -> str | None:
    """The partition's days as one curve (SVG); None where there are none."""
    table = store.read(partition, ["open_time", "relative"])
    if table is None or not table["relative"].count():
        return None
    days: dict[date, list[float | None]] = {}
    for opened, value in table.iter_rows():
        day = days.setdefault(opened.date(), [None] * BUCKETS)
        day[(opened.hour * 60 + opened.minute) * BUCKETS // _MINUTES] = value
    title = f"{partition.dataset} {partition.symbol} {partition.date}: volatility by time of day (UTC), mean 1"
    return day_curve(list(days.values()), title=title)
