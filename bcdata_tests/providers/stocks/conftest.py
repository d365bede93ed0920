from datetime import UTC, datetime

import pytest

from bcdata.windows import Window
from bcdata_tests.providers.stocks.market import FULL, MARKET, VARIABLES


@pytest.fixture(autouse=True)
def _keys_and_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, and the plans that have all."""
    for source, names in VARIABLES.items():
        monkeypatch.setenv(f"BCDATA_{source.upper()}_PLAN", FULL[source])
        for name in names:
            monkeypatch.setenv(name, f"canary-of-{name.lower()}")


@pytest.fixture(scope="session", autouse=True)
def _drawn() -> None:
    """The market is drawn before it is asked for: clients of tests are less patient than others."""
    window = Window(datetime(2024, 8, 1, tzinfo=UTC), datetime(2024, 11, 15, tzinfo=UTC))
    for symbol in MARKET.symbols.values():
        for interval in ("1m", "1d"):
            MARKET.bars(symbol, interval, window, window.end)
