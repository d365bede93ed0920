"""The report counts what brute force counts, and drift is 0 for equals and large for strangers."""

import math
from datetime import UTC, datetime, timedelta
from itertools import groupby

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.features.report import REPORT, feature_report, longest_constant_run, stability

START = datetime(2023, 1, 1, tzinfo=UTC)
Values = list[float | None]


def table(**features: Values) -> pl.DataFrame:
    rows = len(next(iter(features.values())))
    times = pl.Series([START + timedelta(minutes=n) for n in range(rows)], dtype=pl.Datetime("us", "UTC"))
    columns = {name: pl.Series(values, dtype=pl.Float64) for name, values in features.items()}
    return pl.DataFrame({"open_time": times, "known_at": times + timedelta(minutes=1), **columns})


def row(values: Values, before: Values | None = None) -> dict[str, float]:
    trailing = None if before is None else table(f=before)
    report = feature_report(table(f=values), trailing, clipped={"f": 3})
    assert report.schema == REPORT
    return report.row(0, named=True)


FEW = st.lists(st.one_of(st.none(), st.sampled_from([0.0, 1.0, 2.5])), min_size=1, max_size=60)


@given(FEW)
def test_counts_are_those_of_brute_force(values: Values) -> None:
    found = row(values)
    present = [value for value in values if value is not None]
    runs = [len(list(run)) for value, run in groupby(values) if value is not None]
    assert found["rows"] == len(values)
    assert found["nulls"] == values.count(None)
    assert found["leading_nulls"] == next((n for n, value in enumerate(values) if value is not None), len(values))
    assert found["constant_run"] == max(runs, default=0)
    assert (found["infinities"], found["clipped"]) == (0, 3)
    if present:
        assert (found["min"], found["max"]) == (min(present), max(present))
        assert math.isclose(found["q25"], float(np.quantile(present, 0.25)))


def test_what_is_not_finite_is_counted_and_left_out_of_the_statistics() -> None:
    found = row([1.0, math.inf, None, 3.0])
    assert (found["infinities"], found["nulls"], found["mean"], found["max"]) == (1, 1, 2.0, 3.0)


def test_an_all_null_feature_has_a_report_too() -> None:
    found = row([None] * 5, [None] * 5)
    assert (found["nulls"], found["leading_nulls"], found["constant_run"]) == (5, 5, 0)
    assert found["mean"] is found["q50"] is found["psi"] is None


def test_the_hash_is_of_the_bits() -> None:
    assert row([1.0, None])["hash"] == row([1.0, None])["hash"]
    assert row([1.0, 2.0])["hash"] != row([1.0, np.nextafter(2.0, 3.0)])["hash"]
    assert row([0.0])["hash"] != row([-0.0])["hash"]


def test_drift_is_zero_for_equals_and_grows_with_the_shift() -> None:
    rng = np.random.default_rng(0)
    before = np.sort(rng.normal(size=5000))
    found = [stability(np.sort(rng.normal(shift, 1, 5000)), before) for shift in (0.0, 0.5, 1.0, 2.0)]
    assert stability(before, before) == 0
    assert found == sorted(found)
    assert found[0] is not None
    assert found[0] < 0.02
    # Two normals a standard deviation apart: the divergence itself is 1; ten bins see most of it.
    assert found[2] == pytest.approx(1, abs=0.2)


def test_drift_of_levels_and_of_constants_is_defined() -> None:
    levels = np.sort(np.tile([-1.0, 0.0, 1.0], 100))
    assert stability(levels, levels) == 0
    assert stability(np.full(200, 5.0), np.full(200, 5.0)) == 0
    assert (stability(np.full(200, 6.0), np.full(200, 5.0)) or 0) > 0.25
    assert stability(levels[:99], levels) is None


def test_a_feature_that_was_not_there_before_has_no_drift() -> None:
    report = feature_report(table(f=[1.0] * 200, new=[2.0] * 200), table(f=[1.0] * 200))
    assert report["psi"].to_list() == [0, None]


def test_runs_of_nothing() -> None:
    assert longest_constant_run(np.array([])) == 0
    assert longest_constant_run(np.array([np.nan, np.nan])) == 0
