"""Scores: 1 exactly where nothing is wrong, each fault in its own factor, never outside of [0, 1]."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.quality.compare.sources import Difference, PairOfSources
from bcdata.quality.score import COUNTS, FACTORS, Quality, shown
from bcdata_tests.make import MINUTE, START

NUMBERS = st.integers(0, 50_000)
FAULTS = dict(zip(FACTORS, ("open", "duplicates", "quarantined", "differing"), strict=True))


@st.composite
def qualities(draw: st.DrawFn, least: int = 0) -> Quality:
    """Any partition, also one with more faults than rows."""
    numbers = {name: draw(NUMBERS) for name in COUNTS}
    numbers["compared"] = max(numbers["compared"], numbers["differing"])
    numbers["expected"] = max(numbers["expected"], least)
    return Quality(**numbers)


@given(qualities())
def test_scores_and_factors_lie_between_0_and_1_and_are_null_where_nothing_is_expected(quality: Quality) -> None:
    told = [quality.score, *quality.factors.values()]
    if quality.expected:
        assert all(one is not None and 0 <= one <= 1 for one in told)
    else:
        assert told == [None] * 5


@given(qualities(least=1))
def test_the_score_is_1_exactly_where_nothing_is_wrong(quality: Quality) -> None:
    is_sound = not (quality.open or quality.duplicates or quality.quarantined or quality.differing)
    assert (quality.score == 1) == is_sound
    assert replace(quality, open=0, duplicates=0, quarantined=0, differing=0).score == 1


@given(qualities(least=1), st.sampled_from(FACTORS), st.integers(1, 100))
def test_each_fault_lowers_its_own_factor_alone(quality: Quality, factor: str, more: int) -> None:
    fault = FAULTS[factor]
    sound = replace(quality, **{fault: 0}, compared=max(quality.compared, more))
    worse = replace(sound, **{fault: more})
    before, after = sound.factors, worse.factors
    assert before.pop(factor) == 1
    assert (after.pop(factor) or 0) < 1
    assert before == after
    assert (worse.score or 0) <= (sound.score or 0)


def test_a_score_by_hand() -> None:
    quality = Quality(expected=1440, open=144, duplicates=72, quarantined=36, compared=10, differing=1)
    assert quality.factors == {"explained": 0.9, "unique": 0.95, "sound": 0.975, "agreed": 0.9}
    assert quality.score == pytest.approx(0.9 * 0.95 * 0.975 * 0.9, rel=1e-15)


def test_what_no_two_sources_have_nobody_disputes() -> None:
    assert Quality(expected=10).factors["agreed"] == 1


@given(qualities(), st.floats(0, 2), st.integers(0, 100))
def test_what_a_manifest_keeps_is_the_same_quality(quality: Quality, size: float, at: int) -> None:
    difference = Difference(1, START + at * MINUTE, size, START + at * MINUTE, size)
    kept = replace(quality, pairs=(PairOfSources("a", "b", 3, 1, 0, 7, {"close": difference}),))
    assert Quality.from_json(json.loads(json.dumps(kept.to_json()))) == kept


@pytest.mark.parametrize(
    ("score", "words"),
    [(1.0, "1"), (1 - 1e-9, "0.9999"), (0.99996, "0.9999"), (0.5, "0.5000"), (0.0, "0.0000"), (None, "")],
)
def test_what_is_not_whole_is_never_called_1(score: float | None, words: str) -> None:
    assert shown(score) == words
