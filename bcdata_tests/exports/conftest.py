"""The lake that tests of exports fill as they need it."""

from pathlib import Path

import pytest

from bcdata_tests.exports.lake import HOURS, ExportLake


@pytest.fixture
def lake(tmp_path: Path) -> ExportLake:
    """An empty one."""
    return ExportLake(tmp_path)


@pytest.fixture
def two(lake: ExportLake) -> ExportLake:
    """One with hours of two symbols."""
    for symbol in ("BTCUSDT", "ETHUSDT"):
        lake.publish(HOURS, symbol)
    return lake
