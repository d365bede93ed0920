"""An example is copied off the terminal, line breaks and all, and a shell runs what was meant."""

import shutil
import subprocess

import pytest
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata_tests.cli.test_help import PATHS, example_of

_SHELLS = {"sh": 'bcdata() { for word; do echo "$word"; done; }', "fish": "function bcdata; printf '%s\\n' $argv; end"}


def shown_example(path: tuple[str, ...], columns: int) -> str:
    environment = {"COLUMNS": str(columns), "TERMINAL_WIDTH": str(columns)}
    shown = CliRunner().invoke(app, [*path, "--help"], env=environment).stdout
    example = shown.partition("Example: ")[2].partition("\n\n")[0]
    assert max(map(len, shown.splitlines())) <= max(columns, 80)
    return example


@pytest.mark.parametrize("columns", [80, 60])
@pytest.mark.parametrize("shell", _SHELLS)
def test_what_is_shown_is_what_runs(shell: str, columns: int) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    for path in PATHS:
        text = f"{_SHELLS[shell]}\n{shown_example(path, columns)}\n"
        done = subprocess.run([shell], input=text, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        assert [" ".join(line.split()) for line in done.stdout.splitlines()] == example_of(path), path
