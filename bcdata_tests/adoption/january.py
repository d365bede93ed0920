"""An archive with the days of a month of two symbols, by hours, and what commands say of a copy of it."""

import hashlib
import json
from pathlib import Path
from typing import Any

from bcdata.pipeline.records.manifests import archive_manifest
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.command import Command
from bcdata_tests.mirror import coarse, made_day
from bcdata_tests.world import World

H = "spot_klines_1h"
DAYS = [f"2025-01-{at:02}" for at in range(1, 32)]
CATALOG = f"""
datasets:
  {H}: {{grain: month, start: 2025-01, symbols: [BTCUSDT], sources: [binance_archive], features: false}}
"""
RAW = Partition("raw", H, "BTCUSDT", "2025-01", "binance_archive")


def hours(day: str) -> list[list[str]]:
    return coarse(made_day(day))


def command(world: World, folder: Path, catalog: str = CATALOG, **variables: str) -> Command:
    """With a lake for this folder."""
    return Command.of(world, catalog, f"{folder.parent.name}-{folder.name}", **variables)


def imported(command: Command, folder: Path, *more: str, status: int = 0) -> dict[str, Any]:
    """What the command reports, after it ended with this status."""
    done = command.here(["import", str(folder), "--json", *more])
    assert done.returncode == status, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def manifest(command: Command) -> Any:
    store = Store(command.root)
    found = archive_manifest(store, RAW)
    store.close()
    return found


def zips(asked: list[str]) -> list[str]:
    return [path for path in asked if path.endswith(".zip")]


def digest_of(folder: Path) -> dict[str, tuple[str, int]]:
    """Bytes and times of all that a folder has."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }
