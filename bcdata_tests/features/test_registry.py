"""What the registry takes, refuses and tells, and what merely reading it costs."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from bcdata.features.parameters import ParameterError
from bcdata.features.registry import (
    Family,
    Feature,
    all_features,
    collect,
    describe,
)
from bcdata.features.table.grid import FloatArray, Grid

ABOUT: dict[str, Any] = {"inputs": ("close",), "warm_up": 0, "formula": "c", "source": "none", "unit": "none"}


def kernel(bars: Grid, *, n: int = 1) -> FloatArray:
    """The close. And more."""
    return bars["close"] * n


def family(name: str = "Family", rank: int = 1, /, **features: dict[str, Any]) -> Family:
    made = Family(name, rank)
    for feature, about in features.items():
        made.feature(name=feature, **about)(kernel)
    return made


def test_the_first_family_stands_first_in_the_order_of_the_catalogue() -> None:
    names = [feature.name for feature in all_features() if feature.family == "Price & Returns"]
    assert names == [
        *(f"log_ret_{k}" for k in (1, 5, 15, 60, 240, 1440)),
        *(
            "ret_vol_z",
            "close_loc",
            "body",
            "upper_wick",
            "lower_wick",
            "gap",
            "donchian_pos_240",
            "intraday_ret",
        ),
    ]
    assert [feature.name for feature in all_features()][: len(names)] == names


def test_a_feature_is_one_decorated_function_that_stays_what_it_was() -> None:
    made = Family("Family", 1)
    assert made.feature(parameters={"n": 3}, **ABOUT)(kernel) is kernel
    feature = made.features["kernel"]
    assert (feature.description, feature.parameters, feature.family) == (
        "The close. And more.",
        (("n", 3),),
        "Family",
    )


def test_families_stand_by_rank_and_features_in_order_of_definition() -> None:
    features = collect([family("later", 2, b=ABOUT, a=ABOUT), family("first", 1, z=ABOUT)])
    assert [feature.name for feature in features] == ["z", "b", "a"]


def test_duplicates_are_refused() -> None:
    with pytest.raises(ValueError, match="two features called a"):
        family(a=ABOUT).feature(name="a", **ABOUT)(kernel)
    with pytest.raises(ValueError, match="two features called a"):
        collect([family("x", 1, a=ABOUT), family("y", 2, a=ABOUT)])
    with pytest.raises(ValueError, match="one rank"):
        collect([family("x", 1, a=ABOUT), family("y", 1, b=ABOUT)])


@pytest.mark.parametrize("name", ["open_time", "known_at", "date", "Close", "1st", "a b", "é"])
def test_impossible_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a feature"):
        family(**{name: ABOUT})


@pytest.mark.parametrize(
    "wrong", [{"inputs": ()}, {"warm_up": -1}, {"version": 0}, {"range": (1.0, 1.0)}, {"range": (1.0, 0.0)}]
)
def test_impossible_attributes_are_refused(wrong: dict[str, Any]) -> None:
    feature = all_features()[0]
    with pytest.raises(ValueError, match=rf"^{feature.name}: "):
        replace(feature, **wrong)


def test_the_description_is_plain_and_complete() -> None:
    described = describe()
    assert json.loads(json.dumps(described)) == described
    assert [entry["name"] for entry in described] == [feature.name for feature in all_features()]
    for entry in described:
        assert all(entry[key] for key in ("family", "description", "source", "formula", "unit", "inputs")), entry
        assert isinstance(entry["warm_up"], int)
    needs = {entry["name"]: entry["columns"] for entry in described}
    assert needs["trade_size_z"] == ["quote_volume", "trades"]
    assert needs["beta_btc_240"] == needs["xs_rank_60"] == ["close"]
    assert needs["funding_ann"] == [], "settlements are no columns of bars"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("from bcdata.features.registry import describe; assert describe()", []),
        ("import bcdata.features.table.compute, bcdata.features.schema", ["polars"]),
    ],
)
def test_what_is_loaded_is_what_is_needed(statement: str, expected: list[str]) -> None:
    heavy = {"dagster", "polars", "duckdb", "pandera", "numba"}
    code = f"import sys; {statement}; print(*({heavy} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == expected


def test_parameters_carry_the_warm_up_with_them() -> None:
    feature = next(one for one in all_features() if one.name == "ret_vol_z")
    longer = feature.with_parameters({"n": "120"})
    assert (longer.warm_up, dict(longer.parameters)["n"]) == (121, 120)
    assert feature.with_parameters({}) == feature


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("ret_vol_z", {"m": 3}, "has no parameter m; it has n"),
        ("ret_vol_z", {"n": 0}, r"n has to be from 2 to 100,000, and is 0$"),
        ("ret_vol_z", {"n": "many"}, "^ret_vol_z: n has to be a whole number, and is 'many'"),
        ("ret_vol_z", {"n": 2.5}, "a whole number, and is 2.5"),
        ("ret_vol_z", {"n": True}, "a whole number, and is True"),
        ("ret_vol_z", {"n": 10**9}, "to 100,000, and is 1,000,000,000"),
        ("ewma_vol", {"decay": "nan"}, "decay has to be a number, and is 'nan'"),
        ("ewma_vol", {"decay": 1}, r"decay has to be from 1e-12 to 0\.998964, and is 1 \(length = 335\)"),
        ("ewma_vol", {"decay": 0.99}, r"length has to be from 2,062 to 20,000, and is 335 \(decay = 0\.99\)"),
        ("variance_ratio_5_240", {"n": 8}, r"q has to be from 2 to 4, and is 5 \(n = 8\)"),
        ("macd_hist", {"fast": 26}, "fast has to be from 1 to 25, and is 26"),
        ("rsi_14", {"n": 0}, "n has to be from 2 to 965, and is 0"),
        ("var5_1440", {"tail": 0.51}, r"tail has to be from 1e-12 to 0\.5, and is 0\.51"),
        ("log_ret_5", {"k": 7}, "part of its definition"),
    ],
)
def test_impossible_parameters_are_refused(name: str, changes: dict[str, Any], words: str) -> None:
    feature = next(one for one in all_features() if one.name == name)
    with pytest.raises(ValueError, match=words):
        feature.with_parameters(changes)


@pytest.mark.parametrize("feature", all_features(), ids=lambda feature: feature.name)
def test_what_lies_beyond_a_limit_is_refused_by_name(feature: Feature) -> None:
    for name, (low, high) in feature.limits.items():
        for beyond in (low - 1, high * 2, high + 1):
            with pytest.raises(ParameterError, match=rf"^{feature.name}: {name} has to be from ") as refused:
                feature.with_parameters({name: beyond})
            assert refused.value.parameter == name
    assert bool(feature.limits) == bool(feature.warm_up_of)  # what the catalog cannot change has none


def test_limits_are_heard_together() -> None:
    feature = next(one for one in all_features() if one.name == "ppo_12_26")
    slower = feature.with_parameters({"fast": 30, "slow": 60, "length": 622})
    assert slower.range == pytest.approx((-100.0, 100 * (61 / 31 - 1)), rel=1e-5)
    with pytest.raises(ParameterError, match=r"length has to be from 622 to 20,000, and is 621"):
        feature.with_parameters({"fast": 30, "slow": 60, "length": 621})


def test_a_feature_s_own_parameters_have_to_make_sense() -> None:
    with pytest.raises(ParameterError, match="n has to be from 2 to 9, and is 1"):
        family(a={**ABOUT, "parameters": {"n": 1}, "limits": {"n": (2, 9)}})


def test_a_family_may_be_told_in_two_modules() -> None:
    first = family("Family", 1, a=ABOUT)
    assert [feature.name for feature in collect([first, first])] == ["a"]


def test_an_unknown_input_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no input klose"):
        family(a={**ABOUT, "inputs": ("klose",)})
