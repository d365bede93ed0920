"""Engines in environments of their own, which are made once and kept in pytest's cache."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

LIGHT = ("backtesting==0.6.6", "backtrader==1.9.78.123", "vectorbt==1.2.0", "pyarrow==26.0.1")
"""These agree on what they need."""
NAUTILUS = ("nautilus_trader==1.221.0",)
FREQTRADE = ("freqtrade==2026.9",)
_SAID = "print('ANSWER' + json.dumps(answer))"


@dataclass(frozen=True)
class Environment:
    """A Python that has some packages."""

    folder: Path

    @classmethod
    def of(cls, packages: tuple[str, ...], cache: Path) -> "Environment":
        """The environment with these packages; made if it is not there.

        Where they cannot be installed the test is skipped; where CI says that it has to run, and the registry has them,
        it fails.
        """
        made = cls(cache / hashlib.sha256(" ".join((sys.version, *packages)).encode()).hexdigest()[:12])
        if (made.folder / "made").exists():
            return made
        shutil.rmtree(made.folder, ignore_errors=True)
        venv.create(made.folder, with_pip=True, symlinks=True)
        pip = [str(made.python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        done = subprocess.run([*pip, "install", "--no-compile", *packages], capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(made.folder)
            last = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
            fails = os.environ.get("CI") == "true" and all(map(_is_listed, packages))
            (pytest.fail if fails else pytest.skip)(f"{' '.join(packages)} cannot be installed here: {last}")
        (made.folder / "made").touch()
        return made

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin/python"

    def answer(self, code: str, where: Path) -> Any:
        """Runs code in a folder, and returns what it leaves in `answer`, out of what JSON has."""
        said = self.run(["-c", f"import json\n{code}\n{_SAID}"], where)
        return json.loads(next(line for line in said.splitlines() if line.startswith("ANSWER"))[6:])

    def run(self, words: Sequence[str], where: Path) -> str:
        """Runs the interpreter in a folder, and returns what it printed."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BCDATA_"))}
        done = subprocess.run(
            [self.python, *words],
            cwd=where,
            env={**own, "HOME": str(where)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
        return done.stdout


def _is_listed(package: str) -> bool:
    """Whether the registry that pip asks has this version."""
    name, _, version = package.partition("==")
    words = [sys.executable, "-m", "pip", "--disable-pip-version-check", "index", "versions", name]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode == 0 and version in done.stdout
