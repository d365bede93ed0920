"""Every registered feature keeps every promise, and a feature that breaks one is found out by its proof."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from bcdata.features.feature import Feature
from bcdata.features.proofs import promises
from bcdata.features.proofs.check import PROOFS
from bcdata.features.proofs.instants import CALM_CUTS
from bcdata.features.proofs.subject import Mutation, ProofRunner, Subject
from bcdata.features.proofs.world import World, calm
from bcdata.features.registry import all_features
from bcdata.features.table.context import Panel, Settlements
from bcdata.features.table.grid import DAY as DAY_MICROS
from bcdata.features.table.grid import FloatArray, Grid, lag

FEATURES = all_features()
LAB = ProofRunner(FEATURES)


def named(features: tuple[Feature, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("feature", features, ids=lambda feature: feature.name)


every_feature = named(FEATURES)
every_feature_with_a_past = named(tuple(one for one in FEATURES if one.warm_up))
every_bounded_feature = named(tuple(one for one in FEATURES if one.range))


def refuted(subject: Subject, names: list[str]) -> None:
    """One of these proofs fails."""

    def all_hold() -> None:
        for name in names:
            PROOFS[name].run(subject)

    with pytest.raises(AssertionError):
        all_hold()


@pytest.mark.one_in(12, slow=6)
@every_feature
@pytest.mark.parametrize("proof", PROOFS)
def test_keeps_every_promise(feature: Feature, proof: str) -> None:
    PROOFS[proof].run(Subject(feature, LAB))


@named(tuple(one for one in FEATURES if one.reads("@reference")))
def test_the_reference_is_compared_with_itself_without_a_look_ahead(feature: Feature) -> None:
    world = replace(calm(), members={**calm().members, "AUSDT": calm().reference}, name=("the reference itself",))
    world.__dict__["around"] = replace(world.around, is_reference=True)
    values = Subject(feature, LAB).values(world)
    assert np.isnan(values).all() or np.ptp(values[np.isfinite(values)]) == 0


# ---- What the future holds ----------------------------------------------------------------------------------------


def one_bar_ahead(_: Feature, values: FloatArray, __: Grid) -> FloatArray:
    return np.append(values[1:], np.nan)


def centred(feature: Feature, values: FloatArray, _: Grid) -> FloatArray:
    half = max(1, feature.warm_up // 2)
    return np.append(values[half:], np.full(half, np.nan))


def global_z_score(_: Feature, values: FloatArray, __: Grid) -> FloatArray:
    finite = values[np.isfinite(values)]
    return (values - float(finite.mean())) / float(finite.std())


def unshifted_hours(_: Feature, values: FloatArray, grid: Grid) -> FloatArray:
    """The value of the whole hour, on each of its minutes: a coarser bar joined by its label."""
    last = np.searchsorted(grid.opens, grid.opens - grid.opens % (DAY_MICROS // 24) + DAY_MICROS // 24) - 1
    return values[last]


@pytest.mark.one_in(12, slow=6)
@every_feature
@pytest.mark.parametrize("mutation", [one_bar_ahead, centred, global_z_score, unshifted_hours])
def test_a_look_ahead_is_caught(feature: Feature, mutation: Mutation) -> None:
    mutant = Subject(feature, LAB, mutation)
    if feature.distinct < 1000:  # it rests for hours: only where it moves does what comes after show
        for proof in (promises.future_cut, promises.future_changed):
            assert any(_fails(proof, mutant, instant) for instant in [*CALM_CUTS, *_moves(feature)])
    else:
        refuted(mutant, ["future cut", "future cut, hostile bars"])
        refuted(mutant, ["future changed", "future changed, hostile bars"])
        refuted(mutant, ["future unknown", "future unknown, hostile bars"])


def _moves(feature: Feature) -> list[datetime]:
    """Some instants, inside an hour, at which the feature takes another value."""
    values = Subject(feature, LAB).values(calm())
    opens = calm().bars["open_time"]
    moved = np.flatnonzero(np.diff(values) != 0) + 1
    return [opens[int(row)] for row in moved if row > 2 * 1440 and row % 60 > 1][:5]


def _fails(proof: Callable[[Subject, World, datetime], None], subject: Subject, instant: datetime) -> bool:
    try:
        proof(subject, calm(), instant)
    except AssertionError:
        return True
    return False


def reference_ahead(grid: Grid, bars: int = 1) -> Grid:
    """The reference's bars too early."""
    early = {
        name: np.append(column[bars:], np.full(bars, np.nan))
        for name, column in grid.columns.items()
        if "@reference" in name
    }
    return replace(grid, columns={**grid.columns, **early}, _memory={})


def reference_two_ahead(grid: Grid) -> Grid:
    return reference_ahead(grid, 2)


def tomorrow_s_universe(grid: Grid) -> Grid:
    """Members' closes, and who is a member, of the day after."""
    universe = grid.universe
    assert universe is not None
    tomorrow = universe.over(grid.opens + DAY_MICROS)
    return replace(grid, universe=Panel(grid.opens, universe.symbols, tomorrow.closes, tomorrow.explained), _memory={})


def next_settlement(grid: Grid) -> Grid:
    """Every rate one settlement too early."""

    def early(one: Settlements) -> Settlements:
        return Settlements(one.times[:-1], one.rates[1:], one.hours[1:])

    return replace(grid, funding=early(grid.funding), reference_funding=early(grid.reference_funding), _memory={})


LAGGED = ("btc_lead_corr_240", reference_ahead)
"""It looks at the reference's bar before: one bar earlier is no look-ahead, but another definition for the oracle."""


@pytest.mark.parametrize(
    ("feature", "lab"),
    [
        pytest.param(feature, lab, id=f"{feature.name}-{change.__name__}")
        for change, ending in (
            (reference_ahead, "close@reference"),
            (reference_two_ahead, "close@reference"),
            (tomorrow_s_universe, "@universe"),
            (next_settlement, "funding"),
        )
        for lab in [ProofRunner(FEATURES, change)]
        for feature in FEATURES
        if feature.reads(ending) and (feature.name, change) != LAGGED
    ],
)
def test_inputs_from_the_future_are_caught(feature: Feature, lab: ProofRunner) -> None:
    refuted(Subject(feature, lab), ["future changed"])
    refuted(Subject(feature, lab), ["future cut"])


# ---- Where the grid begins ----------------------------------------------------------------------------------------


def running_sum(_: Feature, values: FloatArray, __: Grid) -> FloatArray:
    total = np.cumsum(np.where(np.isfinite(values), values, 0.0) / 3 + 0.1)
    return (total + values) - total


@every_feature
@pytest.mark.parametrize("mutation", [running_sum, global_z_score])
def test_what_depends_on_where_the_grid_begins_is_caught(feature: Feature, mutation: Mutation) -> None:
    refuted(Subject(feature, LAB, mutation), ["partition alone"])


def late_by_a_bar(_: Feature, values: FloatArray, __: Grid) -> FloatArray:
    return lag(values, 1)


def constant(_: Feature, values: FloatArray, __: Grid) -> FloatArray:
    return np.where(np.isfinite(values), 0.5, np.nan)


def never(_: Feature, values: FloatArray, __: Grid) -> FloatArray:
    return np.full_like(values, np.nan)


@every_feature
@pytest.mark.parametrize("mutation", [constant, never])
def test_values_that_are_not_there_are_caught(feature: Feature, mutation: Mutation) -> None:
    refuted(Subject(feature, LAB, mutation), ["defined"])


@named(tuple(one for one in FEATURES if one.columns & promises.OPTIONAL))
def test_a_value_of_what_a_venue_lacks_is_caught(feature: Feature) -> None:
    refuted(Subject(feature, LAB, lambda _, values, __: np.nan_to_num(values)), ["null by nature"])


@pytest.mark.one_in(12, slow=6)
@every_feature_with_a_past
def test_a_wrong_warm_up_and_rows_for_time_are_caught(feature: Feature) -> None:
    refuted(Subject(feature, LAB, lambda _, values, __: np.nan_to_num(values)), ["warm-up tight"])
    for bars in (-1, 1):
        refuted(Subject(replace(feature, warm_up=feature.warm_up + bars), LAB), ["warm-up tight"])
    refuted(Subject(replace(feature, function=rows_for_time(feature)), LAB), ["warm-up tight"])


@every_bounded_feature
def test_values_out_of_range_are_caught(feature: Feature) -> None:
    low, high = feature.range or (0.0, 0.0)
    beyond = high + 1 if np.isfinite(high) else low - 1
    refuted(Subject(feature, LAB, lambda _, values, __: np.where(np.isfinite(values), beyond, np.nan)), ["bounded"])


DEFINED_ANYWAY = {"di_diff_14", "rsi_14", "natr_14", "atr_units", "stoch_k_14_3"}
"""A mean of alpha 1, or of a thousand bars, is one: limits keep seeds forgotten, and the cost low."""


@named(tuple(one for one in FEATURES if one.limits_of and one.name not in DEFINED_ANYWAY))
def test_limits_that_are_not_declared_are_caught(feature: Feature) -> None:
    refuted(Subject(replace(feature, limits_of=None), LAB), ["parameters"])


@every_feature
def test_a_wrong_degree_is_caught(feature: Feature) -> None:
    refuted(Subject(replace(feature, price_degree=feature.price_degree + 1), LAB), ["scaled"])


def rows_for_time(feature: Feature) -> Callable[..., FloatArray]:
    """Leaves missing bars out before it computes: sixty rows back instead of sixty minutes."""

    def function(bars: Grid, **parameters: float) -> FloatArray:
        there = np.isfinite(next(iter(bars.columns.values())))
        packed = replace(
            bars,
            opens=bars.opens[there],
            first=0,
            columns={name: column[there] for name, column in bars.columns.items()},
            universe=bars.universe.over(bars.opens[there]) if bars.universe else None,
            _memory={},
        )
        values = np.full(there.size, np.nan)
        values[there] = feature.function(packed, **parameters)
        return values

    return function
