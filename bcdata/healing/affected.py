"""What a change of merged bars reaches: other partitions that read them across their own borders. Pure.

Dagster's dependencies are by identity (docs/adr/0005-fingerprints.md); this is the rest of the truth.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from typing import NamedTuple

from bcdata.catalog import Catalog, Dataset
from bcdata.features.feature import SETTLEMENTS
from bcdata.pipeline.agreement import finer_dataset
from bcdata.pipeline.features.feature_set import features_of, reference_of, universe_of
from bcdata.pipeline.zones import Step, Zone, steps
from bcdata.windows import Grain, Window

_INSTANT = timedelta(microseconds=1)
Reach = Callable[[Window], Window]
"""From the time of a partition to the time of the merged bars (or settlements) that it reads."""


class AssetPartition(NamedTuple):
    """One partition of one asset."""

    step: Step
    symbol: str
    date: str


class Reader(NamedTuple):
    """An asset that reads a dataset's merged partitions: whose of its symbols, and over which time.

    `ahead` is how far beyond their end some of its partitions reach, where those between do not.
    """

    step: Step
    symbols: tuple[str, ...]
    reach: Reach
    ahead: timedelta = timedelta()


def affected(
    catalog: Catalog, dataset: str, symbol: str, date: str, *, symbols: Collection[str] = ()
) -> list[AssetPartition]:
    """The partitions that read these merged bars, directly or through others, in the order of their making.

    Features read bars of their warm-up, so later partitions are among them; those of other symbols too, where the
    symbol is the reference or in the universe. Bars of perpetuals read settlements, coarser bars are compared with
    finer ones. The partition's own features come too.

    Args:
        catalog: all datasets.
        dataset: the one whose merged partition changes.
        symbol: the partition's symbol.
        date: its date key.
        symbols: the symbols that there are.

    Raises:
        UsageError: there is no such dataset, or the key is none of its grain.
    """
    found: dict[AssetPartition, None] = {}
    changed = catalog[dataset].grain.window(date)
    for reader in _readers(catalog, catalog[dataset], symbol, symbols):
        for key in dates_that_read(catalog[reader.step.dataset], changed, reader.reach, ahead=reader.ahead):
            found |= dict.fromkeys(AssetPartition(reader.step, one, key) for one in reader.symbols)
            if reader.step.zone is Zone.MERGED:
                found |= dict.fromkeys(affected(catalog, reader.step.dataset, symbol, key, symbols=symbols))
    order = list(Zone)
    return sorted(found, key=lambda cell: order.index(cell.step.zone))


def reported(catalog: Catalog, dataset: str, symbol: str, date: str) -> list[AssetPartition]:
    """The reports that read these features: of their own partition and of those after it."""
    from bcdata.pipeline.features.reports import trailing

    if all(step.zone is not Zone.REPORTS for step in steps(catalog[dataset])):
        return []
    changed = catalog[dataset].grain.window(date)
    keys = dates_that_read(catalog[dataset], changed, lambda window: Window(trailing(window).start, window.end))
    return [AssetPartition(Step(Zone.REPORTS, dataset), symbol, key) for key in keys]


def dates_that_read(
    dataset: Dataset, changed: Window, reach: Reach, *, ahead: timedelta = timedelta()
) -> Iterator[str]:
    """The dataset's date keys, ascending, whose partitions reach into the changed window."""
    grain = dataset.grain

    def reads(key: str) -> bool:
        window = reach(grain.window(key))
        return window.start < changed.end and changed.start < window.end

    def may_read(key: str) -> bool:
        return reads(key) or grain.window(key).end + ahead > changed.start

    key = grain.key(changed.start)
    while may_read(before := _step_back(grain, key)):
        key = before
    while reads(key) or grain.window(key).start < changed.start:
        if reads(key) and key >= dataset.start:
            yield key
        key = grain.key(grain.window(key).end)


def _readers(catalog: Catalog, dataset: Dataset, symbol: str, symbols: Collection[str]) -> Iterator[Reader]:
    for other in catalog:
        if dataset.name in {one.name for one in _merged_reads(catalog, other)}:
            yield Reader(Step(Zone.MERGED, other.name), (symbol,), _own)
        if dataset in (other, catalog.joined(other)) or _adjusts(dataset, other):
            yield from (
                reader for step in steps(other) for reader in _downstream(step, other, dataset, symbol, symbols)
            )


def _downstream(
    step: Step, dataset: Dataset, changed: Dataset, symbol: str, symbols: Collection[str]
) -> Iterator[Reader]:
    """How a step after merged reads bars of its dataset, actions that adjust them, or settlements."""
    adjusts = _adjusts(changed, dataset)
    reads_it = changed.name == dataset.name or adjusts
    if step.zone is Zone.RESAMPLED and reads_it and (not adjusts or _joins_sessions(dataset, step)):
        yield Reader(step, (symbol,), *_resampled_reach(dataset, step))
    if step.zone is Zone.SEASONALITY and reads_it:
        yield Reader(step, (symbol,), _profile_reach(dataset))
    if step.zone is Zone.LABELS and reads_it:
        yield Reader(step, (symbol,), _labels_reach(dataset))
    if step.zone not in (Zone.FEATURES, Zone.REPORTS):
        return
    inputs = {name for feature in features_of(dataset) for name in feature.inputs}
    if not reads_it:
        if not inputs & SETTLEMENTS:
            return
        is_read_by_all = symbol == reference_of(dataset)
    else:
        compares = any(name.endswith("@reference") for name in inputs - SETTLEMENTS)
        ranks = "close@universe" in inputs
        is_read_by_all = (compares and symbol == reference_of(dataset)) or (ranks and symbol in universe_of(dataset))
    readers = sorted({symbol, *symbols}) if is_read_by_all else [symbol]
    reach = _features_reach(dataset, changed)
    yield Reader(step, tuple(readers), _reports_reach(reach) if step.zone is Zone.REPORTS else reach)


def _adjusts(changed: Dataset, dataset: Dataset) -> bool:
    """Whether rows of a dataset tell what another one's bars are adjusted for."""
    return changed.frame_type.adjusts_bars and changed.market == dataset.market and changed.name != dataset.name


def _joins_sessions(dataset: Dataset, step: Step) -> bool:
    from bcdata.pipeline.resampled import grid_of, joins_sessions

    return joins_sessions(grid_of(dataset, step.asset))


def _resampled_reach(dataset: Dataset, step: Step) -> tuple[Reach, timedelta]:
    from bcdata.pipeline.resampled import grid_of, reads

    grid = grid_of(dataset, step.asset)
    return (lambda window: reads(grid, window)), grid.interval.length or timedelta(days=31)


def _profile_reach(dataset: Dataset) -> Reach:
    from bcdata.pipeline.features.seasonality import reach_of

    return lambda window: reach_of(dataset.bar_interval, window)


def _labels_reach(dataset: Dataset) -> Reach:
    """Labels look ahead, so that earlier partitions read the changed one."""
    from bcdata.features.labels import label_window

    horizons = dataset.labels.horizons if dataset.labels else ()
    return lambda window: label_window(window, dataset.bar_interval, horizons)


def _features_reach(dataset: Dataset, changed: Dataset) -> Reach:
    from bcdata.features.table.reach import settlement_window, warm_up_window

    features = features_of(dataset)
    if changed.name != dataset.name and not _adjusts(changed, dataset):
        return lambda window: settlement_window(window, features)
    return lambda window: warm_up_window(window, dataset.bar_interval, features)


def _reports_reach(features: Reach) -> Reach:
    """A report reads the features of the days before, and so whatever these read."""
    from bcdata.pipeline.features.reports import trailing

    return lambda window: features(Window(trailing(window).start, window.end))


def _merged_reads(catalog: Catalog, dataset: Dataset) -> list[Dataset]:
    """The other datasets whose merged partitions a merged partition of this one reads."""
    return [one for one in (catalog.joined(dataset), finer_dataset(catalog, dataset)) if one is not None]


def _own(window: Window) -> Window:
    return window


def _step_back(grain: Grain, key: str) -> str:
    return grain.key(grain.window(key).start - _INSTANT)
