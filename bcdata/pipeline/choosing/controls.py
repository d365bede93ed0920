"""Control objects: coarser bars of the same symbol out of the archive, kept in raw to check the finer ones against.

Hours localise what days tell. Where the archive has neither, the finest and the coarsest interval stand in that days
hold whole. They are small, and their CHECKSUM is not asked for: the listing's ETag and size tell whether the bytes are.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bcdata.catalog import Dataset
from bcdata.interval import Interval
from bcdata.pipeline.choosing.in_force import withdrawn
from bcdata.pipeline.choosing.looks import LookedInto
from bcdata.pipeline.raw.listings import Listings
from bcdata.pipeline.records.objects import ControlRecord
from bcdata.providers.base import PERIODS, BulkObject
from bcdata.windows import Grain, Window

_USUAL = ("1h", "1d")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ControlObjects:
    """Which coarser objects a partition has, and their records."""

    dataset: Dataset
    listings: Listings

    async def fetch(self, looked: LookedInto, window: Window, known: Sequence[ControlRecord]) -> list[ControlRecord]:
        """The records of a partition's control objects, sorted by name.

        Args:
            looked: gets them into the partition's place in raw.
            window: the partition's time.
            known: the records that raw has had so far.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        before = {record["name"]: record for record in known}
        found: list[ControlRecord] = []
        for interval in usual_controls(self.dataset):
            found += await self._of(looked, window, interval, before)
        if not found and self._has_others:
            listed = await self.listings.intervals(looked.fetcher.partition.symbol)
            for interval in other_controls(self.dataset, listed):
                found += await self._of(looked, window, interval, before)
        return sorted(found, key=lambda record: record["name"])

    async def listed(self, symbol: str, window: Window) -> list[BulkObject]:
        """The control objects of a partition by their names alone: what they turn out to lack may call for more.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        found: list[BulkObject] = []
        for interval in usual_controls(self.dataset):
            found += await self._named(symbol, interval, window)
        if not found and self._has_others:
            for interval in other_controls(self.dataset, await self.listings.intervals(symbol)):
                found += await self._named(symbol, interval, window)
        return found

    @property
    def _has_others(self) -> bool:
        """Whether the market has other intervals that can check the dataset's at all."""
        return bool(other_controls(self.dataset, self.dataset.parsed.market.intervals))

    async def _named(self, symbol: str, interval: Interval, window: Window) -> list[BulkObject]:
        if self.dataset.grain is Grain.DAY:
            return await self._days(symbol, interval, window) or await self._month(symbol, interval, window)
        return await self._month(symbol, interval, window) or await self._days(symbol, interval, window)

    async def _of(
        self, looked: LookedInto, window: Window, interval: Interval, before: Mapping[str, ControlRecord]
    ) -> list[ControlRecord]:
        """The month's object, and those of days that it has no bar of; the day's first for a partition of a day."""
        symbol, by_day = looked.fetcher.partition.symbol, self.dataset.grain is Grain.DAY
        known = {name: record for name, record in before.items() if record["interval"] == interval.name}
        days = {name: record for name, record in known.items() if record["period"] == "daily"}
        months = {name: record for name, record in known.items() if record["period"] == "monthly"}
        first = await self._days(symbol, interval, window) if by_day else await self._month(symbol, interval, window)
        records = await _have(looked, first, interval, days if by_day else months)
        covered = {day.isoformat() for day in window.days()}
        lacking = covered - {day for record in records for day in _days_with_bars(record)}
        if not lacking:
            return records
        if by_day:
            return records + await _have(looked, await self._month(symbol, interval, window), interval, months)
        rest = [one for one in await self._days(symbol, interval, window) if one.date_key in lacking]
        held = {name: record for name, record in days.items() if record["date"] in lacking}
        return records + await _have(looked, rest, interval, held)

    async def _days(self, symbol: str, interval: Interval, window: Window) -> list[BulkObject]:
        return await self.listings.coarser_days(symbol, interval.name, window)

    async def _month(self, symbol: str, interval: Interval, window: Window) -> list[BulkObject]:
        month = await self.listings.coarser_month(symbol, interval.name, window)
        return [month] if month else []


async def _have(
    looked: LookedInto, listed: Sequence[BulkObject], interval: Interval, known: Mapping[str, ControlRecord]
) -> list[ControlRecord]:
    """The records of what is listed, and of what was and is held. All are of one period."""
    records = await asyncio.gather(*(looked.have_control(one, interval, known) for one in listed))
    gone = withdrawn(listed, known, tuple(PERIODS)).values()
    return [*(record for record in records if record), *(one for one in gone if looked.fetcher.is_there(one))]


def _days_with_bars(record: ControlRecord) -> set[str]:
    window = PERIODS[record["period"]].window(record["date"])
    return {day.isoformat() for day in window.days()} - set(record.get("lacking", []))


def usual_controls(dataset: Dataset) -> list[Interval]:
    """Hours and days, where bars of the dataset tile them and are finer."""
    return [interval for interval in map(Interval.parse, _USUAL) if _is_control(dataset, interval)]


def other_controls(dataset: Dataset, listed: Collection[str]) -> list[Interval]:
    """The finest and the coarsest of the listed intervals that can check the dataset's, but for hours and days."""
    every = (Interval.parse(name) for name in listed if name not in _USUAL)
    fit = sorted((one for one in every if _is_control(dataset, one)), key=lambda one: one.length or _DAY)
    return [fit[0], fit[-1]] if len(fit) > 1 else fit


def _is_control(dataset: Dataset, coarse: Interval) -> bool:
    fine = dataset.interval
    if dataset.ends_at_raw or fine is None or fine.length is None or coarse.length is None:
        return False
    return fine.length < coarse.length and not coarse.length % fine.length and not _DAY % coarse.length
