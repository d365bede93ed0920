"""A DAGSTER_HOME as its first process leaves it, copied: Dagster takes a hundred statements to make one."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bcdata.dagster.launch import open_instance


def furnish(home: Path) -> None:
    """Makes a home with settings and with databases that hold nothing yet."""
    for name, content in _new_home().items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@cache
def _new_home() -> dict[Path, bytes]:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        home = Path(folder, "home")
        patch.setenv("DAGSTER_HOME", str(home))
        with open_instance(Path(folder)):
            pass  # closed, so that SQLite has put everything into the databases themselves
        return {path.relative_to(home): path.read_bytes() for path in home.rglob("*") if path.is_file()}
