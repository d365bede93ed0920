"""From what was asked for to what is to be done: partitions, and the fewest range runs over them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bcdata.catalog import Catalog, Dataset, no_parser
from bcdata.errors import UsageError
from bcdata.pipeline.zones import Step, Zone, closure, steps
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import role_of

NOW_BACK = "bcdata/now_back"
"""The tag of a run that may build partitions as of an earlier instant than they were built; its value is `true`."""


@dataclass(frozen=True, slots=True)
class MaterializeRequest:
    """A rectangle of symbols × date keys of one dataset, up to a zone and with it; all zones if None."""

    dataset: str
    symbols: tuple[str, ...]
    first: str
    last: str
    until: Zone | None = None
    refill: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request comes to: the dataset, its date keys and the assets in order."""

    dataset: Dataset
    symbols: tuple[str, ...]
    dates: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def partitions(self) -> int:
        """How many (asset, symbol, date) there are to bring up to date."""
        return len(self.symbols) * len(self.dates) * len(self.steps)


@dataclass(frozen=True, slots=True)
class RangeRun:
    """One Dagster run: neighbouring symbols × neighbouring dates."""

    symbols: tuple[str, ...]
    dates: tuple[str, ...]

    @property
    def tags(self) -> dict[str, str]:
        """The tags by which Dagster knows the range. The date stands first: dimensions are alphabetical."""
        return {
            "dagster/asset_partition_range_start": f"{self.dates[0]}|{self.symbols[0]}",
            "dagster/asset_partition_range_end": f"{self.dates[-1]}|{self.symbols[-1]}",
        }

    @property
    def keys(self) -> set[str]:
        """All partition keys of the range."""
        return {f"{date}|{symbol}" for date in self.dates for symbol in self.symbols}


def make_plan(catalog: Catalog, request: MaterializeRequest, now: datetime) -> Plan:
    """Checks a request against the catalog and the calendar.

    Raises:
        UsageError: unknown dataset, malformed or reversed keys, a range outside [start, now], or no symbols.
    """
    dataset = catalog[request.dataset]
    dates = dataset.grain.keys(request.first, request.last)
    if dates[0] < dataset.start:
        raise UsageError(f"{dataset.name} starts at {dataset.start} in the catalog; {dates[0]} lies before it")
    present = dataset.grain.key(now)
    if dates[-1] > present:
        raise UsageError(f"{dates[-1]} lies in the future; the present {dataset.grain.value} is {present}")
    if not request.symbols:
        raise UsageError("no symbols were named; write --symbols BTCUSDT,ETHUSDT")
    symbols = tuple(dict.fromkeys(request.symbols))
    return Plan(dataset, symbols, tuple(dates), tuple(_chosen(catalog, dataset, request)))


def _chosen(catalog: Catalog, dataset: Dataset, request: MaterializeRequest) -> list[Step]:
    """The assets up to the zone asked for, the settlements that bars join among them."""
    reached = _reached(dataset, request.until)
    every = closure(dataset, catalog.joined(dataset)) if Zone.MERGED in reached else steps(dataset)
    left_out = None if request.refill else Role.REPAIR
    return [
        step
        for step in every
        if (step.zone in reached or step.dataset != dataset.name)
        and (step.provider is None or role_of(step.provider) is not left_out)
    ]


_WHY = {
    Zone.RESAMPLED: "it has no `resample` in the catalog",
    Zone.SEASONALITY: "that needs features, and bars that fill quarters of an hour",
}


def _reached(dataset: Dataset, until: Zone | None) -> set[Zone]:
    """The zones on the way to one, itself included. From merged on ways part: features need no resampled bars."""
    own = {step.zone for step in steps(dataset)}
    if until is None:
        return own
    if dataset.ends_at_raw and until is not Zone.RAW:
        raise UsageError(no_parser(dataset.name))
    if until not in own and until not in (Zone.FEATURES, Zone.REPORTS):
        raise UsageError(f"{dataset.name} has no zone {until.value}: {_WHY.get(until, 'the catalog asks for none')}")
    trunk = (Zone.RAW, Zone.PARSED, Zone.MERGED)
    between = {Zone.FEATURES} if until is Zone.REPORTS else set()
    return {*trunk[: trunk.index(until) + 1]} if until in trunk else {*trunk, *between, until}


def stretches(wanted: Iterable[str], known: Sequence[str]) -> list[tuple[str, ...]]:
    """Groups symbols that are neighbours in the order in which Dagster keeps them: each group is one range.

    Args:
        wanted: the symbols to cover.
        known: all dynamic keys, in insertion order.

    Raises:
        UsageError: a wanted symbol is not among the known ones.
    """
    positions = {symbol: at for at, symbol in enumerate(known)}
    unknown = [symbol for symbol in wanted if symbol not in positions]
    if unknown:
        raise UsageError(f"{', '.join(unknown)}: no such symbol among the partitions")
    groups: list[list[str]] = []
    last = -2
    for at in sorted(positions[symbol] for symbol in set(wanted)):
        if at == last + 1:
            groups[-1].append(known[at])
        else:
            groups.append([known[at]])
        last = at
    return [tuple(group) for group in groups]
