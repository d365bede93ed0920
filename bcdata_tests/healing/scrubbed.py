"""A lake of three days to scrub, and the ways to harm its files."""

import os
from pathlib import Path

import pytest

from bcdata.catalog import Dataset
from bcdata.healing.scrub_raw import corrupted, verify
from bcdata.healing.scrub_report import ScrubReport
from bcdata.pipeline.context import open_own
from bcdata.pipeline.records.manifests import MANIFEST
from bcdata.pipeline.zones import Zone
from bcdata.store.store import Store
from bcdata_tests.mirror import made_day
from bcdata_tests.run import ARCHIVE, Lake, Ran
from bcdata_tests.world import D, World

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
BAD = DAYS[1]


def three_days(world: World) -> Lake:
    """A lake of three whole days up to merged."""
    for day in DAYS:
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    lake = world.lake()
    assert run(lake).ok
    return lake


def run(lake: Lake, *, refill: bool = False) -> Ran:
    return lake.materialize(D, "BTCUSDT", DAYS[0], DAYS[-1], until=Zone.MERGED, refill=refill)


def scrubbed(lake: Lake, symbols: list[str] | None = None) -> ScrubReport:
    summary = ScrubReport(D)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BCDATA_ROOT", str(lake.root))
        with open_own(lake.catalog, lake.now) as context:
            for one in verify(context, dataset(lake), symbols):
                summary.add(one)
    return summary


def dataset(lake: Lake) -> Dataset:
    return lake.catalog[D]


def zip_of(lake: Lake, day: str = BAD) -> Path:
    [path] = lake.root.glob(f"raw/{ARCHIVE}/{D}/symbol=BTCUSDT/date={day}/*.zip")
    return path


def flip(path: Path) -> None:
    """Another byte in the middle; the length stays."""
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def pipe(path: Path) -> None:
    """No file any more."""
    path.unlink()
    os.mkfifo(path)


def due(lake: Lake) -> set[tuple[str, str]]:
    return set(corrupted(Store(lake.root), dataset(lake)))


def manifest_of(lake: Lake, day: str) -> Path:
    return zip_of(lake, day).with_name(MANIFEST)
