"""Which archive objects a partition is made of. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date

from bcdata.providers.binance.archive import ArchiveObject
from bcdata.windows import Grain, Window


def first_choice(daily: Sequence[ArchiveObject], monthly: ArchiveObject | None, grain: Grain) -> list[ArchiveObject]:
    """The objects to fetch first.

    Month grain: the monthly object, and beside it the daily ones that may correct it: those that are not older,
    or all of them where they are no full set (Binance's normal state is a full set, made before the month's). All
    daily ones where there is no monthly. Day grain: the daily object, or the monthly where there is none.
    """
    if grain is Grain.DAY:
        return list(daily) or ([monthly] if monthly else [])
    if monthly is None:
        return list(daily)
    is_full = not uncovered_days(daily, Grain.MONTH.window(monthly.date_key))
    return [*(one for one in daily if not is_full or _may_correct(one, monthly)), monthly]


def second_choice(
    daily: Iterable[ArchiveObject], monthly: ArchiveObject | None, lacking: Iterable[date], grain: Grain
) -> list[ArchiveObject]:
    """What else may have the bars of these days, which the first choice lacks in whole or in part."""
    keys = {day.isoformat() for day in lacking}
    if grain is Grain.DAY:
        return [monthly] if keys and monthly else []
    return [one for one in daily if one.date_key in keys]


def uncovered_days(objects: Iterable[ArchiveObject], window: Window) -> list[date]:
    """The days of the window that none of the objects names."""
    covered: set[date] = set()
    for one in objects:
        grain = Grain.DAY if one.period == "daily" else Grain.MONTH
        covered.update(grain.window(one.date_key).days())
    return [day for day in window.days() if day not in covered]


def _may_correct(daily: ArchiveObject, monthly: ArchiveObject) -> bool:
    """A daily object that was changed after the monthly one was made is not in it."""
    if daily.last_modified is None or monthly.last_modified is None:
        return False
    return daily.last_modified >= monthly.last_modified
