"""Clients for tests: as patient as the real ones, only faster."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bcdata.net.client import HttpClient
from bcdata.net.settings import HttpSettings
from bcdata.net.state.sqlite import SqliteState

FAST: dict[str, Any] = {
    "http_attempts": 3,
    "http_connect_timeout": 2.0,
    "http_read_timeout": 0.3,
    "http_backoff": 0.01,
    "http_backoff_max": 0.05,
    "http_rate_wait": 2.0,
    "http_breaker_failures": 50,
}


@asynccontextmanager
async def client(state: Path, **settings: Any) -> AsyncIterator[HttpClient]:
    """A client whose budgets lie in `state`."""
    one = HttpClient(SqliteState(state / "budgets.sqlite"), HttpSettings(**(FAST | settings)))
    try:
        yield one
    finally:
        await one.close()
