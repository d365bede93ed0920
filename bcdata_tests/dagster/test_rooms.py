"""Who may import whom. Data flows one way, and pure code knows nothing of Dagster."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bcdata

ROOT = Path(bcdata.__file__).parent
GROUND = {"errors", "intervals", "windows", "clock"}
"""Small values that every room may stand on."""

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "intervals": {"errors"},
    "windows": {"errors"},
    "clock": {"errors"},
    "settings": {"errors"},
    "sqlite_files": set(),
    "catalog": {*GROUND, "settings", "features"},
    "bars": {*GROUND},
    "features": {*GROUND},
    "store": {*GROUND, "sqlite_files"},
    "quality": {*GROUND, "bars"},
    "net": {*GROUND, "settings", "sqlite_files"},
    "providers": {*GROUND, "settings", "catalog", "bars", "quality", "net"},
    "simulate": {*GROUND, "settings"},
    "pictures": {"errors"},
    "alerts": {*GROUND, "net", "settings", "store"},
    "operations": {*GROUND, "settings", "catalog", "bars", "features", "quality", "net", "pictures", "providers"}
    | {"store"},
    "query": {*GROUND, "settings", "bars", "catalog", "features", "operations", "store"},
    "dagster_storage": set(),
    "partitions": {*GROUND, "catalog"},
    "resources": {*GROUND, "settings", "catalog", "net", "operations", "providers", "store"},
    "checks": {"operations"},
    "jobs": {"assets", "catalog", "operations"},
    "assets": {"catalog", "checks", "operations", "partitions", "resources", "store"},
    "upkeep": {*GROUND, "catalog", "operations", "resources", "store"},
    "schedules": {*GROUND, "settings", "catalog", "jobs", "operations", "partitions", "resources", "upkeep"},
    "sensors": {*GROUND, "settings", "alerts", "assets", "catalog", "jobs", "operations", "partitions", "resources"}
    | {"store"},
    "assembly": {"assets", "catalog", "jobs", "resources", "schedules", "sensors", "upkeep"},
    "definitions": {"assembly", "catalog"},
    "launch": {*GROUND, "assembly", "catalog", "dagster_storage", "operations", "partitions", "sqlite_files"}
    | {"store"},
    "cli": {*GROUND, "settings", "catalog", "bars", "features", "launch", "net", "operations", "pictures", "providers"}
    | {"alerts", "query", "simulate", "store"},
    "__main__": {"cli"},
    "__init__": {"query"},
}
"""The rooms that each room may import; itself it may always."""

KNOW_DAGSTER = {
    "assembly",
    "assets",
    "checks",
    "dagster_storage",
    "definitions",
    "jobs",
    "launch",
    "partitions",
    "resources",
    "schedules",
    "sensors",
    "upkeep",
}


def room_of(path: Path) -> str:
    """The room that a file stands in: its folder, or its own name at the top."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever it does so."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively, which this test does not read"
            module = node.module or ""
            yield from (f"{module}.{name.name}" for name in node.names)


FILES = sorted(ROOT.rglob("*.py"))


def test_every_room_is_in_the_table() -> None:
    assert {room_of(path) for path in FILES} == set(MAY_IMPORT)


def test_the_table_has_no_way_back() -> None:
    """Two rooms that import each other are one room."""
    seen: dict[str, bool] = {}

    def visit(room: str) -> None:
        assert seen.get(room, True), f"{room} reaches itself"
        if room not in seen:
            seen[room] = False
            for other in MAY_IMPORT[room]:
                visit(other)
            seen[room] = True

    for room in MAY_IMPORT:
        visit(room)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_table(path: Path) -> None:
    room = room_of(path)
    own = [name.split(".")[1] for name in imported(path) if name.startswith("bcdata.")]
    ways = {name for name in own if name in MAY_IMPORT} - {room}
    assert ways <= MAY_IMPORT[room], f"{path.name} may not import {sorted(ways - MAY_IMPORT[room])}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pure_rooms_know_nothing_of_dagster(path: Path) -> None:
    knows = any(name.split(".")[0].startswith("dagster") for name in imported(path))
    assert not knows or room_of(path) in KNOW_DAGSTER


def test_private_modules_of_dagster_are_named_in_one_file() -> None:
    private = {
        room_of(path)
        for path in FILES
        for name in imported(path)
        if name.startswith("dagster.") and any(part.startswith("_") for part in name.split("."))
    }
    assert private == {"dagster_storage"}


def test_a_way_that_is_not_allowed_would_be_found(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def late():\n    from bcdata.store.store import Store\n    import dagster as dg\n")
    assert list(imported(bad)) == ["bcdata.store.store.Store", "dagster"]
