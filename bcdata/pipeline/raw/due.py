"""Up to when the archive should have published by now. Pure."""

from datetime import datetime

from bcdata.catalog import Dataset
from bcdata.windows import Grain


def due_until(dataset: Dataset, now: datetime) -> datetime:
    """The instant (UTC) before which all of the archive's files are due, by the dataset's publication delays.

    It is a border of days, or of months where the dataset takes monthly files alone.
    """
    if "daily" in dataset.archive:
        return Grain.DAY.window(Grain.DAY.key(now - dataset.publication.daily)).start
    return Grain.MONTH.window(Grain.MONTH.key(now - dataset.publication.monthly)).start
