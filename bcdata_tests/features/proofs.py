"""What has to hold for every feature, as functions that raise AssertionError where it does not.

They take a subject: a feature, and a way to its values in a world. So the same proofs run over all registered features,
which are computed together and once a world, and over planted mutants. Equal means: the same bits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from bcdata.features.compute import make_grid, settlement_window, warm_up_window
from bcdata.features.feature import Feature
from bcdata.features.grid import FloatArray, Grid, IntArray
from bcdata.features.surroundings import Surroundings
from bcdata.windows import Window
from bcdata_tests.features.generators import FLOWS, MINUTE, PRICES, QUOTE_FLOWS, at, whole_window
from bcdata_tests.features.world import MEMBERS, REFERENCE, SYMBOL, World

DAY = timedelta(days=1)
Change = Callable[[Grid], Grid]
Mutation = Callable[[Feature, FloatArray, Grid], FloatArray]


@dataclass
class Lab:
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
    lab: Lab
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
        return Subject(self.feature, Lab([self.feature], self.lab.change), self.mutation)


def same_bits(actual: FloatArray, expected: FloatArray) -> None:
    assert actual.size == expected.size, f"{actual.size} rows, expected {expected.size}"
    differ = np.ascontiguousarray(actual).view(np.int64) != np.ascontiguousarray(expected).view(np.int64)
    assert not differ.any(), f"{differ.sum()} of {actual.size} rows differ, the first at {differ.argmax()}"


def assert_same_bits(actual: pl.Series, expected: pl.Series) -> None:
    same_bits(actual.to_numpy(), expected.to_numpy())


def future_cut(subject: Subject, world: World, instant: datetime) -> None:
    """Without anything from the instant on, bars before keep their values, asked for alone or with what follows."""
    window, past = whole_window(world.bars), world.cut(instant)
    expected = subject.values(world)[: at(world.bars, instant)]
    same_bits(subject.values(past, window), expected)
    same_bits(subject.values(past, window.until(instant)), expected)


def future_changed(subject: Subject, world: World, instant: datetime) -> None:
    """Whatever happens to anybody from the instant on, bars before keep their values."""
    expected = subject.values(world)[: at(world.bars, instant)]
    same_bits(subject.values(world.changed(instant))[: expected.size], expected)


def partition_alone(subject: Subject, world: World, window: Window) -> None:
    """A partition computed from its own bars and warm-up has the values of the whole history."""
    first, end = at(world.bars, window.start), at(world.bars, window.end)
    expected = subject.values(world)[first:end]
    features = subject.lab.features
    reach = warm_up_window(window, world.interval, features)
    settled = settlement_window(window, features)
    own = world.since(reach.start, settled.start).cut(window.end)
    same_bits(subject.values(own, window), expected)
    earlier = Window(window.start - DAY, window.end)
    same_bits(subject.values(world, earlier)[-expected.size :], expected)


def warm_up_tight(subject: Subject, world: World) -> None:
    """With the declared warm-up there is the value; with one bar less, or its oldest missing, there is none."""
    feature, alone = subject.feature, subject.alone()
    midnight = world.bars["open_time"][0] + 2 * DAY
    first = at(world.bars, midnight)
    opened = world.bars["open_time"][_first_value(alone, world, first) + first]
    window = Window(opened, opened + MINUTE)
    expected = alone.values(world, window)
    assert np.isfinite(expected).all(), "no value with all the history there is"
    counted_from = midnight if feature.anchor else opened
    oldest = counted_from - feature.warm_up * MINUTE
    long_ago = world.funding["time"][0]
    enough = world.since(oldest, long_ago).cut(opened + MINUTE)
    same_bits(alone.values(enough, window), expected)
    if feature.warm_up:
        less = world.since(oldest + MINUTE, long_ago).cut(opened + MINUTE)
        assert np.isnan(alone.values(less, window)).all(), "a value with less than the warm-up"
        hole = world.lacking(oldest).cut(opened + MINUTE)
        assert np.isnan(alone.values(hole, window)).all(), "rows were taken for time"


def _first_value(subject: Subject, world: World, first: int) -> int:
    """How many bars after row `first` the feature has a value; it may be null on complete bars."""
    start = world.bars["open_time"][first]
    there = np.isfinite(subject.values(world, Window(start, start + DAY)))
    assert there.any(), "no value with all the history there is"
    found = int(there.argmax())
    assert found == 0 or subject.feature.partial, "no value with all the history there is"
    return found


def defined(subject: Subject, world: World) -> None:
    """On complete bars there is no null after the warm-up, and the values are many."""
    feature, column = subject.feature, subject.values(world)
    minutes = (world.bars["open_time"] - world.bars["open_time"][0]).dt.total_minutes().to_numpy()
    counted = minutes - minutes % 1440 if feature.anchor else minutes
    warm = counted >= feature.warm_up
    assert np.isnan(column[~warm]).all(), "values before the warm-up"
    there = np.isfinite(column[warm])
    assert there.all() or (feature.partial and there.mean() > 0.2), f"{(~there).sum()} nulls after the warm-up"
    values = np.unique(column[warm][there]).size
    assert values >= feature.distinct, f"only {values} values"


def scaled(subject: Subject, world: World) -> None:
    """Prices (with what was paid), and volumes, times 2^k scale the value by the declared degrees; others' do not."""
    feature, plain = subject.feature, subject.values(world)
    others = tuple(name for name in MEMBERS if name != SYMBOL)
    for symbols, names, degree in (
        ((SYMBOL,), (*PRICES, *QUOTE_FLOWS), feature.price_degree),
        ((SYMBOL,), FLOWS, feature.volume_degree),
        (others, PRICES, 0.0),
    ):
        for power in (-3, 5):
            other = subject.values(world.scaled(symbols, names, 2.0**power))
            expected = plain * 2.0 ** (power * degree)
            spread = np.nanstd(expected) if np.isfinite(expected).any() else 0.0
            close_to(other, expected, feature.scale_tolerance, feature.scale_tolerance * spread)


def close_to(actual: FloatArray, expected: FloatArray, relative: float, absolute: float) -> None:
    np.testing.assert_allclose(actual, expected, rtol=relative, atol=absolute, equal_nan=True)


def bounded(subject: Subject, world: World) -> None:
    """No value leaves the declared range."""
    column = subject.values(world)
    present: npt.NDArray[np.float64] = column[np.isfinite(column)]
    low, high = subject.feature.range or (-np.inf, np.inf)
    outside = (present < low) | (present > high)
    assert not outside.any(), f"outside of {subject.feature.range}: {present[outside][0]!r}"


def symbols_change_nothing(subject: Subject, world: World) -> None:
    """Members in another order change nothing; one member less only what ranks among them."""
    expected = subject.values(world)
    same_bits(subject.values(world.shuffled()), expected)
    fewer = subject.values(world.without(next(name for name in MEMBERS if name not in {SYMBOL, REFERENCE})))
    if subject.feature.reads("@universe"):
        assert not np.array_equal(fewer, expected, equal_nan=True), "a member less has no influence"
    else:
        same_bits(fewer, expected)


def alone_in_the_world(world: World) -> World:
    """The same bars, with nothing around them."""
    lonely = World((*world.name, "alone"), world.members, world.funding, world.reference_funding, world.interval)
    object.__setattr__(lonely, "around", Surroundings())
    return lonely
