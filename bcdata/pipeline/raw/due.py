"""Up to when the archive should have published by now. Pure."""

from datetime import datetime, timedelta

from bcdata.catalog import Dataset
from bcdata.venues.calendar import closed_window
from bcdata.windows import Grain, Window

SETTLES = timedelta(minutes=1)
"""So long after its end a bar may still change at a source that is asked by windows, or be absent there."""


def settled_by(now: datetime) -> datetime:
    """The instant (UTC) up to which bars that are asked for by windows are final."""
    return now - SETTLES


def due_until(dataset: Dataset, now: datetime) -> datetime:
    """The instant (UTC) before which all of the archive's files are due, by the dataset's publication delays.

    It is a border of days, or of months where the dataset takes monthly files alone. Sources that are asked by windows
    have bars as soon as they are final.
    """
    if dataset.is_asked_by_windows:
        return settled_by(now)
    if "daily" in dataset.archive:
        return Grain.DAY.window(Grain.DAY.key(now - dataset.publication.daily)).start
    return Grain.MONTH.window(Grain.MONTH.key(now - dataset.publication.monthly)).start


def rows_due_until(dataset: Dataset, now: datetime) -> datetime:
    """The instant (UTC) before which all rows are due.

    That is where the first file begins that need not be there yet, which may be before the time that it names.
    """
    due = due_until(dataset, now)
    return due if dataset.is_asked_by_windows else dataset.held(Window(due, due + timedelta(days=1))).start


def unpublished_from(dataset: Dataset, window: Window, now: datetime) -> datetime | None:
    """The first instant of the window whose archive file need not be there yet; None where all are due."""
    if dataset.is_asked_by_windows:
        settled = closed_window(window, dataset.pace, settled_by(now)).end
        return settled if settled < window.end else None
    grain = Grain.DAY if "daily" in dataset.archive else Grain.MONTH
    first = grain.window(grain.key(window.start))
    while dataset.held(first).start < window.end:
        if dataset.publication.due("daily" if grain is Grain.DAY else "monthly", first.end) > now:
            return max(dataset.held(first).start, window.start)
        first = grain.window(grain.key(first.end))
    return None
