"""Who is on trial: a feature, and a way to its values in a made-up market."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from bcdata.features.feature import Feature
from bcdata.features.proofs.bars import whole_window
from bcdata.features.proofs.world import World
from bcdata.features.table.grid import FloatArray, Grid, IntArray
from bcdata.features.table.placing import make_grid
from bcdata.windows import Window

Change = Callable[[Grid], Grid]
Mutation = Callable[[Feature, FloatArray, Grid], FloatArray]


@dataclass
class ProofRunner:
    """Computes features together, each world and window once, and keeps the grids."""

    features: Sequence[Feature]
    change: Change | None = None
    _grids: dict[tuple[object, ...], tuple[Grid, IntArray]] = field(default_factory=dict)

    def grid(self, world: World, window: Window) -> tuple[Grid, IntArray]:
        """The grid of all features, and the rows of the window's bars."""
        key = (world.name, window)
        if key not in self._grids:
            grid = make_grid(
                world.bars, window=window, interval=world.interval, features=self.features, around=world.around
            )
            inside = world.bars.filter(pl.col("open_time").is_between(window.start, window.end, closed="left"))
            rows = np.searchsorted(grid.opens, inside["open_time"].to_physical().to_numpy())
            self._grids[key] = (self.change(grid) if self.change else grid), rows
        return self._grids[key]


@dataclass(frozen=True)
class Subject:
    """A feature on trial: as it is registered, or with a mutation."""

    feature: Feature
    lab: ProofRunner
    mutation: Mutation | None = None

    def values(self, world: World, window: Window | None = None) -> FloatArray:
        """One value per bar of the window (by default the whole world), NaN where null."""
        grid, rows = self.lab.grid(world, window or whole_window(world.bars))
        with np.errstate(all="ignore"):
            values = self.feature.values(grid)
            values = self.mutation(self.feature, values, grid) if self.mutation else values
        chosen = values[rows]
        return np.where(np.isfinite(chosen), chosen, np.nan)

    def alone(self) -> "Subject":
        """The feature in a lab of its own, where no other one asks for a longer warm-up."""
        return Subject(self.feature, ProofRunner([self.feature], self.lab.change), self.mutation)
