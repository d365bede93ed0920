"""The archive of a month, and a user's copy of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bcdata_tests.adoption.january import DAYS, hours
from bcdata_tests.world import World, world_at


@pytest.fixture(scope="module")
def january(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An archive with the days of a month of two symbols."""
    with world_at(tmp_path_factory.mktemp("import")) as world:
        for symbol in ("BTCUSDT", "ETHUSDT"):
            for day in DAYS:
                world.mirror.put_day(symbol, day, hours(day), interval="1h")
        yield world


@pytest.fixture
def mine(january: World, tmp_path: Path) -> Path:
    """The same files in a folder of the user's."""
    shutil.copytree(january.mirror.root / "data", tmp_path / "mine" / "data")
    return tmp_path / "mine"
