"""Ctrl-C while the command is being loaded."""

import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["typer", "rich.console", "bcdata.cli.materialize"])
def test_ctrl_c_is_one_line(module: str) -> None:
    """Python says of each module when it is loaded; those after it are not yet."""
    words = [sys.executable, "-X", "importtime", "-m", "bcdata", "--help"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if line.rsplit("|")[-1].strip() == module:
                break
        process.send_signal(signal.SIGINT)
        said = [line for line in process.stderr.read().splitlines() if not line.startswith("import time:")]
    assert process.returncode == 130
    assert said == ["bcdata: interrupted"]
