"""Asks a server that fails through the real client."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bcdata.errors import ProviderError
from bcdata.net.answers import HttpResponse
from bcdata.net.client import HttpClient
from bcdata_tests.net.fault_server import FaultServer, Handler, Reply, serving
from bcdata_tests.net.helpers import client

GOOD = Reply(b"good")


async def fetch(http: HttpClient, server: FaultServer, **more: Any) -> HttpResponse:
    return await http.get(f"{server.url}/a", provider="binance_rest", max_bytes=1000, **more)


def fail(state: Path, handler: Handler, **settings: object) -> tuple[ProviderError, FaultServer]:
    async def run() -> tuple[ProviderError, FaultServer]:
        async with serving(handler) as server, client(state, **settings) as http:
            with pytest.raises(ProviderError) as caught:
                await fetch(http, server)
            return caught.value, server

    return asyncio.run(run())
