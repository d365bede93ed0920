"""What a feature declares to read is what it reads: all of it, and nothing else."""

import numpy as np
import pytest

from bcdata.features.feature import BAR_COLUMNS, INPUTS, Feature
from bcdata.features.proofs.refuted import same_bits
from bcdata.features.proofs.subject import ProofRunner, Subject
from bcdata.features.proofs.world import calm
from bcdata.features.registry import all_features

FEATURES = all_features()
LAB = ProofRunner(FEATURES)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_declared_inputs_are_all_that_is_read_and_all_are_read(feature: Feature) -> None:
    subject = Subject(feature, LAB)
    expected = subject.values(calm())
    used = {name for one in FEATURES for name in one.inputs}
    for name in sorted(used):
        actual = subject.values(calm().moved(name))
        if name in feature.inputs:
            assert not np.array_equal(actual, expected, equal_nan=True), f"{name} has no influence"
        else:
            same_bits(actual, expected)


def test_inputs_are_named_after_what_they_are() -> None:
    assert {name.partition("@")[0] for name in INPUTS} == {*BAR_COLUMNS, "funding"}
