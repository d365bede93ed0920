"""Which archive objects a partition is made of: a function of the objects in force and the catalog alone. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum

from bcdata.catalog import Dataset
from bcdata.providers.base import BulkObject
from bcdata.windows import Grain


class Policy(StrEnum):
    """How daily and monthly objects of the same time share the work."""

    ALL = "all"
    """Every object in force is read, and parsed reconciles them row by row."""
    MONTHS_FIRST = "months first"
    """The monthly object, and the daily ones of days that it lacks in whole or part or that are newer than it."""
    DAYS_FIRST = "days first"
    """For partitions of a day: its object, and the monthly one where that is missing, unreadable or incomplete."""
    ONE_COPY = "one copy"
    """Where nothing reads objects, and so nothing could compare them: the days, and the month where it lacks one."""


def policy_of(dataset: Dataset) -> Policy:
    """The policy that the catalog asks for."""
    if dataset.ends_at_raw:
        return Policy.ONE_COPY
    if dataset.grain is Grain.DAY:
        return Policy.DAYS_FIRST
    return Policy.MONTHS_FIRST if dataset.monthly_replaces_daily else Policy.ALL


def first_choice(daily: Sequence[BulkObject], monthly: BulkObject | None, policy: Policy) -> list[BulkObject]:
    """The objects that are read whatever is in them."""
    months = [monthly] if monthly else []
    if policy is Policy.ALL or not (daily and months):
        return [*daily, *months]
    if policy is not Policy.MONTHS_FIRST:
        return list(daily)
    return [*(one for one in daily if any(_is_newer(one, month) for month in months)), *months]


def second_choice(
    daily: Sequence[BulkObject], monthly: BulkObject | None, lacking: Iterable[date], policy: Policy
) -> list[BulkObject]:
    """What else is read because the first choice lacks bars of these days, in whole or in part."""
    keys = {day.isoformat() for day in lacking}
    if policy in {Policy.DAYS_FIRST, Policy.ONE_COPY}:
        return [monthly] if keys and monthly else []
    return [one for one in daily if one.date_key in keys] if policy is Policy.MONTHS_FIRST else []


def left_out(dataset: Dataset, rest: Sequence[BulkObject]) -> str | None:
    """What a partition was not reconciled with, in words; None where all that the archive has of it is compared.

    Args:
        dataset: whose partition it is.
        rest: the objects in force that are not read.
    """
    if policy_of(dataset) is Policy.ONE_COPY:
        return None
    missing = [period for period in dataset.archive_has if period not in dataset.archive]
    if missing:
        return f"the catalog leaves {missing[0]} objects out, so nothing was compared with them"
    match policy_of(dataset):
        case Policy.MONTHS_FIRST:
            return f"months first: {len(rest)} daily objects were not compared with the month's"
        case Policy.DAYS_FIRST if any(one.period == "monthly" for one in rest):
            return "the day's object is whole, and was not compared with the month's"
    return None


def _is_newer(daily: BulkObject, monthly: BulkObject) -> bool:
    """A daily object that was changed after the monthly one was made is not in it."""
    if daily.last_modified is None or monthly.last_modified is None:
        return False
    return daily.last_modified >= monthly.last_modified
