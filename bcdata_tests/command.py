"""The real command in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from bcdata.cli import main
from bcdata.terminal.console import out
from bcdata_tests.world import World

NOW = "2025-03-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Command:
    """Runs `bcdata` under a world's exchange, in a folder of its own, with a lake under it."""

    folder: Path
    variables: dict[str, str]

    @classmethod
    def of(cls, world: World, catalog: str, name: str, **variables: str) -> "Command":
        folder = world.folder / name
        folder.mkdir(parents=True)
        (folder / "catalog.yaml").write_text(catalog)
        own = {
            "BCDATA_ROOT": str(folder / "lake"),
            "BCDATA_CATALOG": str(folder / "catalog.yaml"),
            "BCDATA_NOW": NOW,
            "DAGSTER_HOME": str(folder / "dagster"),
            "COLUMNS": "200",
        }
        return cls(folder, {**os.environ, **world.variables, **own, **variables})

    @property
    def root(self) -> Path:
        """The lake."""
        return Path(self.variables["BCDATA_ROOT"])

    def start(self, words: Sequence[str]) -> subprocess.Popen[str]:
        """Begins the command."""
        return subprocess.Popen(
            [sys.executable, "-m", "bcdata", *words],
            env=self.variables,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Runs the command to its end."""
        with self.start(words) as process:
            out, err = process.communicate(timeout=100)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def here(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """What `run` comes to, without a Python start: the command's `main` in this process, and what that writes."""
        said, told = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables.items():
                patch.setenv(name, value)
            patch.setattr(out, "_width", int(self.variables.get("COLUMNS", "200")))  # a process takes it as it starts
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["bcdata", *words])
            with redirect_stdout(said), redirect_stderr(told), pytest.raises(SystemExit) as ended:
                main()
        return subprocess.CompletedProcess(words, int(ended.value.code or 0), said.getvalue(), told.getvalue())


def materialize(dataset: str, symbols: str, first: str, last: str, *more: str) -> list[str]:
    """The words of `bcdata materialize`."""
    return ["materialize", "--dataset", dataset, "--symbols", symbols, "--from", first, "--to", last, *more]
