"""A lake before an exchange that lists a symbol and has delisted another one."""

import pytest

from bcdata_tests.instruments.learning import LATELY, put
from bcdata_tests.run import Lake
from bcdata_tests.world import BY_DAY, World


@pytest.fixture
def lake(world: World) -> Lake:
    put(world, "BTCUSDT", "2025-01-01", *LATELY)
    put(world, "OLDUSDT", "2024-12-01", "2025-01-15", traded=False)
    return world.lake(BY_DAY)
