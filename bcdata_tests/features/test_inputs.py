"""What a feature declares to read is what it reads: all of it, and nothing else."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from bcdata.features.feature import BAR_COLUMNS, INPUTS, Feature
from bcdata.features.registry import all_features
from bcdata_tests.features.proofs import Lab, Subject, same_bits
from bcdata_tests.features.world import MEMBERS, REFERENCE, SYMBOL, World, calm

FEATURES = all_features()
LAB = Lab(FEATURES)


def jittered(column: str, frame: pl.DataFrame) -> pl.DataFrame:
    noise = np.random.default_rng(3).uniform(1, 1.001, frame.height)
    return frame.with_columns(pl.col(column) * noise) if column in frame.columns else frame


def moved(name: str) -> World:
    """The market with one input moved a little, everywhere, and no other."""
    world, (column, _, whose) = calm(), name.partition("@")
    around = world.around
    members = dict(world.members)
    if name == "funding":
        around = replace(around, funding=jittered("funding_rate", world.funding))
    elif name == "funding@reference":
        around = replace(around, reference_funding=jittered("funding_rate", world.reference_funding))
    elif whose == "reference":
        around = replace(around, reference=jittered(column, world.reference))
    elif whose == "universe":
        strangers = {one: jittered(column, members[one]) for one in MEMBERS if one not in {SYMBOL, REFERENCE}}
        around = replace(around, universe=replace(world, members={**members, **strangers}, name=("u",)).around.universe)
    else:
        members[SYMBOL] = jittered(column, members[SYMBOL])
    changed = replace(world, members=members, name=(*world.name, "moved", name))
    changed.__dict__["around"] = around
    return changed


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_declared_inputs_are_all_that_is_read_and_all_are_read(feature: Feature) -> None:
    subject = Subject(feature, LAB)
    expected = subject.values(calm())
    used = {name for one in FEATURES for name in one.inputs}
    for name in sorted(used):
        actual = subject.values(moved(name))
        if name in feature.inputs:
            assert not np.array_equal(actual, expected, equal_nan=True), f"{name} has no influence"
        else:
            same_bits(actual, expected)


def test_inputs_are_named_after_what_they_are() -> None:
    assert {name.partition("@")[0] for name in INPUTS} == {*BAR_COLUMNS, "funding"}
