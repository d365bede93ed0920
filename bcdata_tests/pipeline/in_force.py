"""A month of hours in daily and monthly objects, and what a lake makes of them."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from bcdata.healing.republished import look
from bcdata.pipeline.records.manifests import read_manifest
from bcdata.pipeline.zones import Zone
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import Rows, made_day
from bcdata_tests.pipeline.honest import published
from bcdata_tests.run import ARCHIVE, Lake, Ran, utc
from bcdata_tests.world import D, World

MONTH = "2025-01"
DAYS = [f"2025-01-{day:02}" for day in range(1, 32)]


def day(name: str, *, price: int = 100, minutes: int = 60) -> Rows:
    """An hour of a day; what the rest of the day lacks is no matter here."""
    return made_day(name, minutes=minutes, price=price)


def month(minutes: int = 60, **changed: Rows) -> Rows:
    """All days in one, some of them changed (`d05`)."""
    return [row for name in DAYS for row in changed.get(f"d{name[-2:]}", day(name, minutes=minutes))]


def put_days(world: World, *, minutes: int = 60) -> None:
    for name in DAYS:
        world.mirror.put_day("BTCUSDT", name, day(name, minutes=minutes))


def put_month(world: World, rows: Rows, *, when: str = "2025-02-10") -> None:
    touch(world.mirror.put_month("BTCUSDT", MONTH, rows), when)


def touch(path: Any, when: str) -> None:
    stamp = utc(when).timestamp()
    os.utime(path, (stamp, stamp))


def run(lake: Lake, date: str = MONTH) -> Ran:
    return lake.materialize(D, "BTCUSDT", date, until=Zone.MERGED, refill=False)


def manifest(lake: Lake, date: str = MONTH) -> Mapping[str, Any]:
    return read_manifest(Store(lake.root), Partition("raw", D, "BTCUSDT", date, ARCHIVE)) or {}


def names(lake: Lake, kind: str = "objects", date: str = MONTH) -> list[str]:
    return [
        record["name"].removeprefix("BTCUSDT-1m-").removesuffix(".zip") for record in manifest(lake, date).get(kind, [])
    ]


def said(ran: Ran, date: str = MONTH) -> Mapping[str, int]:
    return ran.rules(Zone.RAW, "BTCUSDT", date, ARCHIVE)


def rows(lake: Lake, date: str = MONTH) -> Sequence[Any]:
    return published(lake, "BTCUSDT", date)


def news_for(lake: Lake) -> set[str]:
    """The dates of which the archive has other objects than raw, by the listing."""
    found = look(Store(lake.root), lake.catalog[D], ["BTCUSDT"], lake.now, seconds=30)
    assert found.errors == []
    return {date for _, date in found.cells}
