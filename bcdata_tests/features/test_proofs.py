"""Every registered feature keeps every promise, and a feature that breaks one is found out by its proof."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.features.grid import FloatArray, Grid, lag
from bcdata.features.registry import Feature, all_features
from bcdata.windows import Window
from bcdata_tests.features import proofs
from bcdata_tests.features.generators import START, complete, hostile
from bcdata_tests.features.proofs import DAY, prove

Mutation = Callable[[Feature, FloatArray], FloatArray]

CALM, WILD = complete(), hostile()
PROOFS: dict[str, Callable[[Feature], None]] = {
    "future cut": lambda feature: proofs.future_cut(feature, CALM, 4000),
    "future cut, hostile bars": lambda feature: proofs.future_cut(feature, WILD, 4000),
    "future changed": lambda feature: proofs.future_changed(feature, CALM, 4000),
    "partition alone": lambda feature: proofs.partition_alone(feature, CALM, Window(START + 2 * DAY, START + 4 * DAY)),
    "warm-up tight": lambda feature: proofs.warm_up_tight(feature, CALM),
    "defined": lambda feature: proofs.defined(feature, CALM),
    "bounded": lambda feature: proofs.bounded(feature, CALM),
    "scaled": lambda feature: proofs.scaled(feature, CALM),
}


def named(features: tuple[Feature, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("feature", features, ids=lambda feature: feature.name)


every_feature = named(all_features())
every_feature_with_a_past = named(tuple(feature for feature in all_features() if feature.warm_up))
every_bounded_feature = named(tuple(feature for feature in all_features() if feature.range))


@every_feature
@settings(max_examples=3, deadline=None, database=None)
@given(seed=st.integers(0, 10_000))
def test_keeps_every_promise(feature: Feature, seed: int) -> None:
    prove(feature, seed=seed)


def one_bar_ahead(_: Feature, values: FloatArray) -> FloatArray:
    return np.append(values[1:], np.nan)


def centred(feature: Feature, values: FloatArray) -> FloatArray:
    half = max(1, feature.warm_up // 2)
    return np.append(values[half:], np.full(half, np.nan))


def global_z_score(_: Feature, values: FloatArray) -> FloatArray:
    finite = values[np.isfinite(values)]
    return (values - float(finite.mean())) / float(finite.std())


@every_feature
@pytest.mark.parametrize("mutation", [one_bar_ahead, centred, global_z_score])
@pytest.mark.parametrize("proof", ["future cut", "future cut, hostile bars", "future changed"])
def test_a_look_ahead_is_caught(feature: Feature, mutation: Mutation, proof: str) -> None:
    refuted(mutated(feature, mutation), proof)


def running_sum(_: Feature, values: FloatArray) -> FloatArray:
    total = np.cumsum(np.nan_to_num(values, posinf=0, neginf=0))
    return (total + values) - total


@every_feature
@pytest.mark.parametrize("mutation", [running_sum, global_z_score])
def test_what_depends_on_where_the_grid_begins_is_caught(feature: Feature, mutation: Mutation) -> None:
    refuted(mutated(feature, mutation), "partition alone")


def late_by_a_bar(_: Feature, values: FloatArray) -> FloatArray:
    return lag(values, 1)


def constant(_: Feature, values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), 0.5, np.nan)


def never(_: Feature, values: FloatArray) -> FloatArray:
    return np.full_like(values, np.nan)


@every_feature
@pytest.mark.parametrize("mutation", [late_by_a_bar, constant, never])
def test_values_that_are_not_there_are_caught(feature: Feature, mutation: Mutation) -> None:
    refuted(mutated(feature, mutation), "defined")


def nulls_as_zero(_: Feature, values: FloatArray) -> FloatArray:
    return np.nan_to_num(values)


@every_feature_with_a_past
def test_a_wrong_warm_up_and_rows_for_time_are_caught(feature: Feature) -> None:
    refuted(mutated(feature, nulls_as_zero), "warm-up tight")
    refuted(replace(feature, warm_up=feature.warm_up - 1), "warm-up tight")
    refuted(replace(feature, warm_up=feature.warm_up + 1), "warm-up tight")
    refuted(replace(feature, function=rows_for_time(feature)), "warm-up tight")


@every_bounded_feature
def test_values_out_of_range_are_caught(feature: Feature) -> None:
    refuted(mutated(feature, lambda _, values: values + 1.5), "bounded")


@every_feature
def test_a_wrong_degree_is_caught(feature: Feature) -> None:
    refuted(replace(feature, price_degree=feature.price_degree + 1), "scaled")


def refuted(mutant: Feature, proof: str) -> None:
    with pytest.raises(AssertionError):
        PROOFS[proof](mutant)


def mutated(feature: Feature, mutation: Mutation) -> Feature:
    def function(bars: Grid, **parameters: float) -> FloatArray:
        return mutation(feature, feature.function(bars, **parameters))

    return replace(feature, function=function)


def rows_for_time(feature: Feature) -> Callable[..., FloatArray]:
    """Leaves missing bars out before it computes: sixty rows back instead of sixty minutes."""

    def function(bars: Grid, **parameters: float) -> FloatArray:
        there = np.isfinite(bars["close"])
        packed = Grid(bars.opens[there], 0, {name: column[there] for name, column in bars.columns.items()})
        values = np.full(there.size, np.nan)
        values[there] = feature.function(packed, **parameters)
        return values

    return function
