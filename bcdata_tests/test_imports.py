"""Who may import whom. Data flows one way, and pure code knows nothing of Dagster."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bcdata
from bcdata.providers.registry import SOURCES

ROOT = Path(bcdata.__file__).parent
GROUND = {"errors", "interval", "windows", "clock", "hints", "sizes"}
"""Small values, and words for people, that every package may stand on."""
VALUES = {*GROUND, "actions", "frames", "venues", "ledger", "bars"}
"""What rows, venues and gaps are."""
LAKE = {*VALUES, "settings", "catalog", "features", "quality", "net", "providers", "store"}
"""What zones are made of."""

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "hints": set(),
    "sizes": {"errors"},
    "room": {"errors", "sizes"},
    "interval": {"errors", "windows"},
    "windows": {"errors"},
    "clock": {"errors"},
    "settings": {"errors"},
    "sqlite_files": set(),
    "frames": set(),
    "venues": {*GROUND, "frames", "settings"},
    "features": {*GROUND},
    "catalog": {*GROUND, "settings", "features", "frames", "venues", "providers"},
    "actions": {*GROUND, "frames"},
    "ledger": {*GROUND, "frames", "venues"},
    "bars": {*GROUND, "frames", "venues", "ledger"},
    "quality": {*GROUND, "actions", "frames", "venues", "bars"},
    "net": {*GROUND, "settings", "sqlite_files"},
    "providers": {*GROUND, "settings", "frames", "venues", "actions", "quality", "net"},
    "store": {*GROUND, "sqlite_files"},
    "simulate": {*GROUND, "settings", "frames", "venues"},
    "pictures": {"errors"},
    "alerts": {*GROUND, "net", "settings", "store"},
    "evidence": {*VALUES, "providers", "store"},
    "pipeline": {*LAKE, "evidence", "sqlite_files"},
    "instruments": {*LAKE, "evidence", "pipeline"},
    "runs": {*LAKE, "pipeline"},
    "adoption": {*LAKE, "pipeline"},
    "healing": {*LAKE, "pipeline", "sqlite_files", "instruments"},
    "reporting": {*LAKE, "healing", "pictures", "pipeline"},
    "reading": {*VALUES, "settings", "catalog", "pipeline", "store"},
    "terminal": {"sizes", "pipeline", "runs"},
    "sql": {*VALUES, "settings", "catalog", "features", "pipeline", "reading", "store", "instruments"},
    "api": {*LAKE, "dagster", "instruments", "pictures", "pipeline", "reading", "reporting", "runs", "sql"}
    | {"terminal"},
    "site": {*GROUND, "api", "catalog", "ledger", "pictures", "reading", "reporting", "store", "instruments"},
    "exports": {*VALUES, "api", "catalog", "pipeline", "providers", "reading", "room", "settings", "store"},
    "dagster_storage": {"sqlite_files"},
    "dagster": {*GROUND, "alerts", "catalog", "dagster_storage", "healing", "net", "pipeline", "providers", "reporting"}
    | {"features", "frames", "quality", "runs", "settings", "sqlite_files", "store", "instruments", "venues"},
    "definitions": {"catalog", "dagster"},
    "cli": {*GROUND, "alerts", "catalog", "dagster", "features", "healing", "net", "pictures", "pipeline", "providers"}
    | {"api", "exports", "site", "reading", "reporting", "runs", "settings", "simulate", "sql", "store"}
    | {"adoption", "instruments", "room", "terminal"},
    "__main__": {"cli"},
    "__init__": {"errors", "api"},
}
"""The packages that each package may import; itself it may always."""

WITHIN_DAGSTER: dict[str, set[str]] = {
    "partitions": set(),
    "resources": set(),
    "internals": {"partitions"},
    "verdicts": set(),
    "checks": {"partitions", "verdicts"},
    "executor": {"partitions"},
    "interrupts": set(),
    "assets": {"checks", "internals", "partitions", "resources", "verdicts"},
    "jobs": {"assets"},
    "upkeep": {"assets", "resources"},
    "schedules": {"jobs", "partitions", "resources", "upkeep"},
    "sensors": {"assets", "checks", "jobs", "partitions", "resources"},
    "build": {"assets", "executor", "jobs", "resources", "schedules", "sensors", "upkeep"},
    "launch": {"build", "checks", "internals", "interrupts", "partitions"},
    "adopt": {"assets", "build", "jobs", "launch", "partitions"},
    "history": {"assets", "build", "checks", "internals", "jobs", "launch", "partitions", "sensors"},
    "__init__": set(),
}
"""The parts of `dagster` that each part may import."""

STORES_BYTES = ("asking", "due", "listings", "objects", "pages", "rest_state")
"""The modules of `pipeline/raw` that list, fetch and store, and know nothing of what is in the bytes."""
LOOKS_INSIDE = ("bars", "choosing", "funding", "missing", "parsed", "merged")
"""The parts of `pipeline` that do."""

MOST_MODULES = 15
"""Of one folder, its `__init__.py` left out."""

OF_BINANCE = ("providers/binance/", "venues/binance.py", "simulate/binance/")
"""Where all that is Binance's stands."""
NAME_BINANCE = {"catalog/default.yaml", "providers/registry.py", "simulate/venues.py"}
"""Other files that name it: the default catalog, and the lists of what comes with bcdata."""

KNOW_DAGSTER = {"dagster", "dagster_storage", "definitions"}


def package_of(path: Path) -> str:
    """The package that a file stands in: its folder, or its own name at the top."""
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


def test_every_package_is_in_the_table() -> None:
    assert {package_of(path) for path in FILES} == set(MAY_IMPORT)


def test_the_table_has_no_way_back() -> None:
    """Two packages that import each other are one package."""
    seen: dict[str, bool] = {}

    def visit(package: str) -> None:
        assert seen.get(package, True), f"{package} reaches itself"
        if package not in seen:
            seen[package] = False
            for other in MAY_IMPORT[package]:
                visit(other)
            seen[package] = True

    for package in MAY_IMPORT:
        visit(package)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_table(path: Path) -> None:
    package = package_of(path)
    own = [name.split(".")[1] for name in imported(path) if name.startswith("bcdata.")]
    ways = {name for name in own if name in MAY_IMPORT} - {package}
    assert ways <= MAY_IMPORT[package], f"{path.name} may not import {sorted(ways - MAY_IMPORT[package])}"


def test_parts_of_dagster_follow_their_table() -> None:
    for path in (ROOT / "dagster").rglob("*.py"):
        part = path.relative_to(ROOT / "dagster").parts[0].removesuffix(".py")
        ways = {name.split(".")[2] for name in imported(path) if name.startswith("bcdata.dagster.")} - {part}
        assert ways <= WITHIN_DAGSTER[part], f"{path} may not import {sorted(ways - WITHIN_DAGSTER[part])}"


@pytest.mark.parametrize("name", STORES_BYTES)
def test_raw_stores_bytes_and_does_not_look_inside(name: str) -> None:
    modules = list(imported(ROOT / "pipeline/raw" / f"{name}.py"))
    inside = [one for one in modules if one.startswith("bcdata.pipeline.") and one.split(".")[2] in LOOKS_INSIDE]
    assert inside == []
    assert not [one for one in modules if one.startswith("bcdata.providers.formats") or one.endswith("_format")]


def test_no_module_takes_the_name_of_a_function() -> None:
    """Importing `bcdata.<name>` anywhere sets it as an attribute, over a function that is looked up lazily."""
    modules = {package_of(path) for path in FILES}
    assert not modules & set(bcdata.__all__)
    for name in bcdata.__all__:
        assert callable(getattr(bcdata, name))
        assert name in dir(bcdata)


def test_no_folder_is_crowded() -> None:
    for folder in {path.parent for path in FILES}:
        modules = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= MOST_MODULES, f"{folder} has {len(modules)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pure_packages_know_nothing_of_dagster(path: Path) -> None:
    knows = any(name.split(".")[0].startswith("dagster") for name in imported(path))
    assert not knows or package_of(path) in KNOW_DAGSTER


def test_private_modules_of_dagster_are_named_in_two_files() -> None:
    private = {
        path.relative_to(ROOT).as_posix()
        for path in FILES
        for name in imported(path)
        if name.startswith("dagster.") and any(part.startswith("_") for part in name.split("."))
    }
    assert private == {"dagster_storage.py", "dagster/internals.py"}


def test_a_way_that_is_not_allowed_would_be_found(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def late():\n    from bcdata.store.store import Store\n    import dagster as dg\n")
    assert list(imported(bad)) == ["bcdata.store.store.Store", "dagster"]


def test_binance_is_named_in_its_own_packages_alone() -> None:
    texts = (path for path in ROOT.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    named = {str(path.relative_to(ROOT)) for path in texts if b"binance" in path.read_bytes().lower()}
    assert {name for name in named if not name.startswith(OF_BINANCE)} == NAME_BINANCE


WITHOUT_BINANCE = """
import importlib, json, pkgutil, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if (name + ".").startswith("bcdata.providers.binance."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
import bcdata

for one in pkgutil.walk_packages(bcdata.__path__, "bcdata.", onerror=lambda name: None):
    is_hidden = one.name.startswith("bcdata.providers.binance")
    if not is_hidden and not one.name.endswith("__main__"):
        importlib.import_module(one.name)

from bcdata.providers.registry import MARKETS, SOURCES
from bcdata.definitions import defs

keys = {"/".join(one) for one in (key.path for key in defs.resolve_asset_graph().get_all_asset_keys())}
print(json.dumps({"markets": sorted(MARKETS), "sources": sorted(SOURCES), "keys": sorted(keys)}))
"""
OTHERS = """
datasets:
  kraken_klines_1m: {grain: day, start: 2023-01-01, symbols: [XBTUSD], sources: [kraken_rest, kraken_trades]}
  coinbase_klines_1h: {grain: month, start: 2023-01, symbols: [BTC-USD], sources: [coinbase_rest]}
"""


@pytest.mark.slow
def test_without_the_provider_binance_all_else_is_imported_and_other_venues_have_their_assets(tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(OTHERS)
    where = {"BCDATA_CATALOG": str(tmp_path / "catalog.yaml"), "BCDATA_ROOT": str(tmp_path / "lake")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_BINANCE],
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"bitstamp", "coinbase", "kraken"} <= {*found["markets"]}
    assert not {"spot", "um", "cm"} & {*found["markets"]}
    assert found["sources"] == sorted(name for name in SOURCES if not name.startswith("binance"))
    assert {"raw/kraken_trades/kraken_klines_1m", "merged/kraken_klines_1m", "merged/coinbase_klines_1h"} <= {
        *found["keys"]
    }
