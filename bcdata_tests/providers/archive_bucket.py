"""The archive's client before a bucket."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from bcdata.providers.base import Series
from bcdata.providers.binance.files.archive import BinanceArchive
from bcdata.windows import Grain
from bcdata_tests.net.fault_server import FaultServer, serving
from bcdata_tests.net.helpers import client
from bcdata_tests.providers.listing_server import Bucket

T = TypeVar("T")
BODY = b"PK zipped bars"


def line(body: bytes, name: str) -> bytes:
    return f"{hashlib.sha256(body).hexdigest()}  {name}\n".encode()


def objects_of(series: Series, first: str, last: str) -> dict[str, bytes]:
    folder = f"data/spot/daily/klines/{series.symbol}/{series.interval}"
    names = [f"{series.symbol}-{series.interval}-{key}.zip" for key in Grain.DAY.keys(first, last)]
    return {f"{folder}/{name}": BODY for name in names} | {
        f"{folder}/{name}.CHECKSUM": line(BODY, name) for name in names
    }


def use(state: Path, bucket: Bucket, work: Callable[[BinanceArchive], Awaitable[T]]) -> tuple[T, FaultServer]:
    async def run() -> tuple[T, FaultServer]:
        async with serving(bucket) as server, client(state) as http:
            return await work(BinanceArchive(http, server.url, server.url)), server

    return asyncio.run(run())
