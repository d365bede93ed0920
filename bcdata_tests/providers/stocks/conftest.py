from datetime import UTC, datetime

import pytest

from bcdata.windows import Window
from bcdata_tests.net.helpers import FAST
from bcdata_tests.providers.stocks.market import FULL, MARKET, VARIABLES, draw


@pytest.fixture(autouse=True)
def _keys_and_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, and the plans that have all; a page of thousands of rows may take a while."""
    monkeypatch.setitem(FAST, "http_read_timeout", 1.0)
    for source, names in VARIABLES.items():
        monkeypatch.setenv(f"BCDATA_{source.upper()}_PLAN", FULL[source])
        for name in names:
            monkeypatch.setenv(name, f"canary-of-{name.lower()}")


@pytest.fixture(scope="session", autouse=True)
def _drawn() -> None:
    draw(Window(datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 11, 15, tzinfo=UTC)), *MARKET.symbols.values())
