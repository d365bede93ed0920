"""Asking the three providers for pages, as their tests do."""

from datetime import UTC, datetime
from typing import Any

from bcdata.frames.schema import RAW_BAR, REFUSED
from bcdata.providers.base import WindowPage
from bcdata.windows import Window
from bcdata_tests.providers.stocks.market import NOW, VARIABLES, series
from bcdata_tests.providers.venues import pages, read

NAMES = sorted(VARIABLES)
OCTOBER = Window(datetime(2024, 10, 1, tzinfo=UTC), datetime(2024, 11, 1, tzinfo=UTC))
DAY = Window(datetime(2024, 10, 10, tzinfo=UTC), datetime(2024, 10, 11, tzinfo=UTC))
Told = list[WindowPage]
SHORT = "5m"
"""Pages of a month have 1,600 bars then: clients of tests wait a third of a second."""


def asked(source: str, url: str, window: Window, *, symbol: str = "AAPL", interval: str = SHORT) -> Told:
    return pages(source, url, series(symbol, interval), window, NOW)


def told(source: str, found: Told, *, symbol: str = "AAPL", interval: str = SHORT) -> Any:
    rows, bad = read(source, series(symbol, interval), [one.body for one in found])
    assert (rows.schema, bad.schema, bad.height) == (RAW_BAR, REFUSED, 0)
    return rows
