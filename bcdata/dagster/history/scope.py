"""What a run is about: assets, and partitions of each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.heal import healed_by
from bcdata.dagster.jobs import HEAL_PREFIX
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.sensors.active_runs import DATASET_TAG, KIND_TAG, assets_of, range_of
from bcdata.pipeline.zones import Step, closure, steps
from bcdata.store.state.requests import Cell

Asset = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Assets with their partitions, in words and numbers.

    Attributes:
        what: the dataset, the asset or the job.
        cells: the (symbol, date) of all assets, sorted.
        total: how many partitions these are, counted asset by asset; 0 where that is not known.
    """

    what: str
    cells: tuple[Cell, ...]
    total: int

    @classmethod
    def of(
        cls, parts: Mapping[Asset, Collection[Cell]], name: str | None = None, *, cells: Collection[Cell] = ()
    ) -> "Scope":
        """The scope of partitions by asset; `name` says what it is instead of the assets."""
        every = tuple(sorted({*cells, *(cell for some in parts.values() for cell in some)}))
        return cls(name or _name(list(parts)), every, sum(map(len, parts.values())))

    @property
    def words(self) -> str:
        """The symbols and dates: one by name, of several the number, of dates the first and the last."""
        symbols, dates = sorted({one for one, _ in self.cells}), sorted({one for _, one in self.cells})
        if not self.cells:
            return ""
        who = symbols[0] if len(symbols) == 1 else f"{len(symbols):,} symbols"
        return f"{who} {dates[0]}" + (f"..{dates[-1]}" if len(dates) > 1 else "")


def scope_of(run: dg.DagsterRun, catalog: Catalog, instance: dg.DagsterInstance) -> Scope:
    """What a run is about. Of a catalog that has changed since, what is still in it."""
    if run.job_name.startswith(HEAL_PREFIX):
        parts: dict[Asset, set[Cell]] = {}
        for assets, cells in healed_by(run.run_config):
            for one in assets:
                parts.setdefault(tuple(one.split("/")), set()).update(cells)
        named = " ".join(run.tags[tag] for tag in (KIND_TAG, DATASET_TAG) if tag in run.tags)
        return Scope.of(parts, named or run.job_name)
    made = steps_of(run, catalog)
    if not made:
        gone = [tuple(key.path) for key in run.asset_selection or ()]
        return Scope.of(dict.fromkeys(gone, ()), None if gone else run.job_name)
    found: dict[Asset, Collection[Cell]] = {}
    for dataset in catalog:
        own = [step for step in made if step.dataset == dataset.name]
        if own:
            known = instance.get_dynamic_partitions(symbol_set(dataset.market, dataset.grain))
            cells = [cell for cell in range_of(run, dataset, known) if cell[1] >= dataset.start]
            found |= {step.key: cells for step in own}
    return Scope.of(found)


def steps_of(run: dg.DagsterRun, catalog: Catalog) -> list[Step]:
    """The assets of a run over assets that it works on, in the order in which they are made."""
    wanted, only = assets_of(run, catalog), run.step_keys_to_execute
    every = (step for dataset in _joined_first(catalog) for step in steps(dataset))
    return [step for step in every if step.key in wanted and (only is None or step_key(step) in only)]


def step_key(step: Step) -> str:
    """What Dagster calls the step of a run that makes an asset."""
    return "__".join(step.key)


def _joined_first(catalog: Catalog) -> list[Dataset]:
    """Datasets, those whose rows others join before these."""
    names = (step.dataset for dataset in catalog for step in closure(dataset, catalog.joined(dataset)))
    return [catalog[name] for name in dict.fromkeys(names)]


def _name(assets: list[Asset]) -> str:
    """One asset by its key, several by what their names have in common."""
    if len(assets) == 1:
        return "/".join(assets[0])
    merged = [asset[-1] for asset in assets if asset[0] != "resampled"] or [asset[-1] for asset in assets]
    names = sorted(set(merged), key=lambda one: (one.endswith(("_funding", "_metrics")), one))
    return names[0] + (f" +{len(names) - 1}" if len(names) > 1 else "") if names else "assets"
