"""Shells complete commands, datasets, markets and symbols."""

import subprocess
import sys
from pathlib import Path

import pytest

from bcdata_tests.command import Command
from bcdata_tests.world import BARS_BY_DAY, D, World


@pytest.fixture
def command(world: World) -> Command:
    catalog = BARS_BY_DAY.replace("[BTCUSDT]", "[BTCUSDT, ETHUSDT]")
    return Command.of(world, catalog, "shell", _BCDATA_COMPLETE="complete_bash")


def completed(command: Command, *words: str) -> list[str]:
    command.variables.update(COMP_WORDS=" ".join(["bcdata", *words]), COMP_CWORD=str(len(words)))
    program = Path(sys.executable).with_name("bcdata")  # shells know it by its own name
    done = subprocess.run(
        [program], env=command.variables, cwd=command.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.one_in(9, slow=3)
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["mat"], ["materialize"]),
        (["materialize", "spot"], [D]),
        (["gaps", "--dataset", "spot_"], [D]),
        (["gaps", "--dataset", "um"], []),
        (["universe", "--market", "s"], ["spot"]),
        (["materialize", D, "--symbols", "BTC"], ["BTCUSDT"]),
        (["materialize", D, "--symbols", "BTCUSDT,E"], ["BTCUSDT,ETHUSDT"]),
        (["materialize", D, "--symbols", "BTCUSDT,BTC"], []),
        (["materialize", D, "--symbols", "btcusdt,e"], ["btcusdt,ethusdt"]),
        (["gaps", "spot"], [D]),
        (["gaps", D, "--symbols", "bt"], ["btcusdt"]),
        (["gaps", "--dataset", "=", "spot"], [D]),
        (["gaps", "--dataset", "="], [D]),
        (["materialize", D, "--symbols", "=", "ET"], ["ETHUSDT"]),
        (["jobs", "cancel", ""], []),
        (["sessions", "us"], ["us_equity"]),
        (["sessions", "XNY"], ["XNYS"]),
        (["classify", "ESZ25", "--dialect", "bar"], ["barchart"]),
    ],
)
def test_words_are_completed(command: Command, words: list[str], found: list[str]) -> None:
    assert completed(command, *words) == found


def test_a_broken_catalog_completes_nothing(command: Command) -> None:
    (command.folder / "catalog.yaml").write_text("datasets: [")
    assert completed(command, "materialize", "spot") == []
