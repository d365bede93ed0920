"""Catalogs written for one test."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bcdata.catalog import Catalog, load_catalog

Write = Callable[[str], Path]
Load = Callable[[str], Catalog]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes text as a catalog file and gives its path."""

    def write_text(text: str) -> Path:
        path = tmp_path / "catalog.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


@pytest.fixture
def load(write: Write) -> Load:
    """Loads text as a catalog."""
    return lambda text: load_catalog(write(text))


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this machine's environment nor the working directory shows through."""
    monkeypatch.delenv("BCDATA_CATALOG", raising=False)
    monkeypatch.delenv("BCDATA_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own settings are not what is tested."""
    for name in [name for name in os.environ if name.startswith("BCDATA_")]:
        monkeypatch.delenv(name)
