"""`bcdata features check`: a user's own features are proved, and what each fails is said with the bar and the mend."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata.features.proofs.check import PROOFS, check
from bcdata.features.proofs.own import clashes, own_features

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
HEAD = """
import numpy as np
from bcdata.features.registry import Family
FAMILY = Family("mine", 99)
"""
FEATURE = '''
@FAMILY.feature(warm_up={warm_up}, inputs=("close",), formula="f", source="own", unit="1", {more})
def mine(bars):
    """Mine."""
    return {value}
'''


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["features", "check", *arguments])


def module(folder: Path, value: str, *, warm_up: int = 0, more: str = "") -> str:
    path = folder / "mine.py"
    path.write_text(HEAD + FEATURE.format(value=value, warm_up=warm_up, more=more))
    return str(path)


def failures(path: str) -> dict[str, str]:
    return {one.proof: one.why for one in check(own_features(path)) if not one.holds}


def test_the_examples_of_the_guide_hold_and_leak_as_it_says() -> None:
    good = run(str(EXAMPLES / "my_features.py"))
    assert (good.exit_code, good.stdout.splitlines()) == (
        0,
        [f"{name}: all {len(PROOFS)} proofs hold" for name in ("mean_range_30", "rising_volume_60")],
    )
    bad = run(str(EXAMPLES / "leaking_feature.py"))
    assert bad.exit_code == 1
    said = " ".join(bad.stdout.split())  # lines are as long as the terminal is wide
    assert "future cut at the bar of 2023-02-26 01:00 UTC" in said
    assert "no statistic of the whole column" in said


def test_json_says_of_every_proof_whether_it_holds() -> None:
    done = run(str(EXAMPLES / "leaking_feature.py"), "--json")
    found = {one["proof"]: one for one in json.loads(done.stdout)}
    assert list(found) == list(PROOFS)
    assert done.exit_code == 1
    assert found["bounded"] == {
        "feature": "normalised_momentum", "proof": "bounded", "holds": True, "why": "", "at": None, "mend": "",
    }  # fmt: skip
    assert found["future cut"]["at"] == "2023-02-26T01:00:00+00:00"


@pytest.mark.one_in(4, slow=2)
@pytest.mark.parametrize(
    ("value", "warm_up", "more", "proof", "words"),
    [
        ('np.append(bars["close"][1:], np.nan)', 0, "price_degree=1", "future cut", "null instead of"),
        ('bars["close"] - bars["close"]', 0, "", "defined", "1 distinct values"),
        ('bars["close"]', 0, "", "scaled", "prices times 0.125"),
        ('bars["close"]', 0, "price_degree=1, range=(0, 1)", "bounded", "lies outside of [0, 1]"),
        ('bars["high"]', 0, "price_degree=1", "defined", "it reads 'high', which is not there"),
        ('bars["close"][5:]', 0, "", "future cut", "it raises IndexError"),
        (
            'np.multiply(bars["close"], 2, out=bars["close"])',
            0,
            "price_degree=1",
            "inputs unharmed",
            "writes into close",
        ),
        ("np.abs(bars.returns, out=bars.returns)", 1, "", "inputs unharmed", "writes into returns"),
        ('np.arange(bars["close"].size) * 1.0', 0, "", "inputs", "close has no influence"),
        ('np.arange(bars["close"].size) + bars.returns', 1, "", "partition alone", "rows differ"),
        ("bars.returns", 3, "scale_tolerance=1e-6", "defined", "a value before the warm-up"),
    ],
)
def test_each_proof_names_what_it_catches(  # noqa: PLR0917
    tmp_path: Path, value: str, warm_up: int, more: str, proof: str, words: str
) -> None:
    assert words in failures(module(tmp_path, value, warm_up=warm_up, more=more))[proof]


@pytest.mark.parametrize(
    ("limits", "holds"),
    [('{"length": run(1 / 14)}', True), ("None", False), ('{"length": run(1 / 5)}', False)],
)
def test_a_recursion_that_remembers_its_seed_is_caught(tmp_path: Path, limits: str, *, holds: bool) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        HEAD
        + f'''
from bcdata.features.parameters import run
from bcdata.features.runs import ema
@FAMILY.feature(
    inputs=("close",), warm_up=lambda length: length, anchor="day", parameters={{"length": 300}}, limits={limits},
    formula="f", source="own", unit="1", price_degree=1,
)
def mine(bars, *, length):
    """Mine."""
    return ema(bars["close"], 1 / 14, length=length, grid=bars)
'''
    )
    assert ("seed forgotten" not in failures(str(path))) == holds


def test_a_failure_names_its_first_bar(tmp_path: Path) -> None:
    value = 'np.where(bars.opens == 1677405600000000, 2, bars["close"] / bars["close"])'
    path = module(tmp_path, value, more="range=(0, 1)")
    (found,) = [one for one in check(own_features(path)) if one.proof == "bounded"]
    assert found.at == datetime(2023, 2, 26, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "has no FAMILY"),
        (HEAD, "has no feature at all; it has none"),
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("raise SystemExit(0)", "cannot be imported: SystemExit"),
    ],
)
def test_what_cannot_be_proved_is_a_usage_error(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UsageError, match=words):
        own_features(str(tmp_path / "mine.py"))


def test_modules_go_by_name_and_features_by_theirs(tmp_path: Path) -> None:
    (body,) = own_features("bcdata.features.families.price_returns", "body")
    assert body.name == "body"
    assert clashes((body,)) == []
    with pytest.raises(UsageError, match="there is no file"):
        own_features(str(tmp_path / "none.py"))
    with pytest.raises(UsageError, match="it has log_ret_1"):
        own_features("bcdata.features.families.price_returns", "bodies")
    other = own_features(module(tmp_path, "bars.returns", warm_up=1))
    assert clashes(other) == []
    (tmp_path / "mine.py").write_text((tmp_path / "mine.py").read_text().replace("def mine", "def body"))
    assert clashes(own_features(str(tmp_path / "mine.py"))) == ["body"]


def test_modules_are_found_where_the_command_is_run_and_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(module(tmp_path, "HERE * bars.returns", warm_up=1)).rename(tmp_path / "own_by_name.py")
    path.write_text("from own_constants import HERE\n" + path.read_text())
    (tmp_path / "own_constants.py").write_text("HERE = 1.0\n")
    path_before = list(sys.path)
    assert [one.name for one in own_features(str(path))] == ["mine"]
    monkeypatch.chdir(tmp_path)
    assert [one.name for one in own_features("own_by_name")] == ["mine"]
    assert sys.path == path_before
    for name in ("own_by_name", "own_constants"):
        del sys.modules[name]


def test_a_warm_up_beyond_the_made_up_history_is_said(tmp_path: Path) -> None:
    done = run(module(tmp_path, "bars.returns", warm_up=10_000))
    assert isinstance(done.exception, UsageError)
    assert "a warm-up of 10,000 bars; proofs reach 4,320" in str(done.exception)
