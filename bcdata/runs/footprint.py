"""What a plan's partitions take on the disk: those that are there as they are, the others by those that are."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from bcdata.catalog import Catalog, Dataset
from bcdata.interval import Interval
from bcdata.pipeline.features.feature_set import features_of
from bcdata.pipeline.zones import Step, Zone
from bcdata.runs.plan import Plan
from bcdata.store.layout import symbol_and_date
from bcdata.store.store import Store
from bcdata.venues.calendar import calendar, closed_window

_BAR = {Zone.PARSED: 41.0, Zone.MERGED: 51.0, Zone.LABELS: 14.0}
_FEATURE = 6.1
"""Bytes of a bar in a zone, and of one feature of it: measured on the generated market of the demo, minutes by month.
They count where the lake has no partition of the asset yet."""
_PARTITION = {Zone.REPORTS: 18_000, Zone.SEASONALITY: 40_000, Zone.RESAMPLED: 6_000}
_LEAST = 3_000
"""Bytes of a partition whatever is in it."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes on the disk by zone after a plan has run, and the date keys of partitions that are not there, by asset."""

    zones: dict[str, int]
    lacking: dict[Step, list[str]]


def footprint(store: Store, catalog: Catalog, plan: Plan, *, fetched: int, now: datetime) -> Footprint:
    """What the plan's partitions take; `fetched` are the bytes of objects that raw does not have yet."""
    found, lacking = dict.fromkeys((step.zone.value for step in plan.steps), 0), {}
    wanted = {(symbol, date) for symbol in plan.symbols for date in plan.dates}
    for step in plan.steps:
        sizes = _sizes(store, step)
        found[step.zone.value] += sum(sizes[cell] for cell in sizes.keys() & wanted)
        dates = lacking[step] = [date for _, date in wanted - sizes.keys()]
        if step.zone is not Zone.RAW:
            mean = sum(sizes.values()) / len(sizes) if sizes else None
            guesses = {date: mean or _guess(catalog[step.dataset], step, date, now) for date in set(dates)}
            found[step.zone.value] += round(sum(guesses[date] for date in dates))
    found[Zone.RAW.value] = found.get(Zone.RAW.value, 0) + fetched
    return Footprint(found, lacking)


def _sizes(store: Store, step: Step) -> dict[tuple[str, str], int]:
    sizes: dict[tuple[str, str], int] = defaultdict(int)
    for info in store.files(step.zone.value, step.asset, step.provider):
        if cell := symbol_and_date(info.key):
            sizes[cell] += info.size
    return dict(sizes)


def bars_in(dataset: Dataset, date: str, now: datetime) -> int:
    """How many bars a partition may have; 0 of what has no interval."""
    if not dataset.frame_type.has_interval:
        return 0
    window = closed_window(dataset.grain.window(date), dataset.bar_interval, now)
    return int(calendar(dataset.hours).opens(dataset.bar_interval, window).len())


def _guess(dataset: Dataset, step: Step, date: str, now: datetime) -> float:
    """By what such a partition took elsewhere. What repairs has next to nothing."""
    if step.provider is not None and step.provider == dataset.repair:
        return _LEAST
    bars, least = bars_in(dataset, date, now), _PARTITION.get(step.zone, _LEAST)
    match step.zone:
        case Zone.FEATURES:
            return least + bars * _FEATURE * len(features_of(dataset))
        case Zone.RESAMPLED:
            fine, coarse = dataset.bar_interval.length, _length(dataset, step)
            return least + bars * _BAR[Zone.MERGED] * (fine / coarse if fine and coarse else 0)
        case _:
            return least + bars * _BAR.get(step.zone, 0.0)


def _length(dataset: Dataset, step: Step) -> timedelta | None:
    return Interval.parse(dataset.resampled()[step.asset].interval).length
