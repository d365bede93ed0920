"""The days of a partition as one curve: how much a market moves at which time of day."""

from bcdata.pictures.day_curve import BUCKETS, day_curve
from bcdata.store.layout import Partition
from bcdata.store.store import Store


def curve(store: Store, partition: Partition) -> str | None:
    """The partition's days as one curve (SVG); None where there are none."""
    table = store.read(partition, ["relative"])
    if table is None or not table["relative"].count():
        return None
    values = table["relative"].to_list()
    days = [values[first : first + BUCKETS] for first in range(0, len(values), BUCKETS)]
    return day_curve(
        days, title=f"{partition.dataset} {partition.symbol} {partition.date}: volatility by time of day (UTC), mean 1"
    )
