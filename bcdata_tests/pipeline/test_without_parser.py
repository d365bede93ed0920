"""Types of the archive that nothing parses: their files are listed, fetched and verified into raw, and that is all."""

import json
from itertools import product
from pathlib import Path

import pytest

from bcdata.api.load import load
from bcdata.errors import UsageError
from bcdata.frames.types import FRAME_TYPES
from bcdata.pipeline.outcome import State
from bcdata.pipeline.records.manifests import archive_manifest
from bcdata.pipeline.zones import Zone, steps
from bcdata.providers.registry import MARKETS
from bcdata.sql.connection import query
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import zipped
from bcdata_tests.run import ARCHIVE, Lake, tree
from bcdata_tests.world import World

FOLDERS = {
    "trades": "trades",
    "agg_trades": "aggTrades",
    "book_depth": "bookDepth",
    "book_ticker": "bookTicker",
    "liquidation_snapshot": "liquidationSnapshot",
    "bvol_index": "BVOLIndex",
    "eoh_summary": "EOHSummary",
}
"""The archive's words for the types, as they stand in names of datasets."""
ROOTS = {"spot": "data/spot", "um": "data/futures/um", "cm": "data/futures/cm", "option": "data/option"}
NAMES = [(market, kind) for market, kind in product(ROOTS, FOLDERS) if kind in MARKETS[market].kinds]
SYMBOL = "BTCUSDT"
DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
PERIODS = {"day": "daily", "month": "monthly"}
NONSENSE = b"\x00 nobody reads this\n"


def catalog(dataset: str, *, grain: str = "day", more: str = "") -> str:
    start = "2025-01" if grain == "month" else "2025-01-01"
    body = f"grain: {grain}, start: {start}, symbols: [{SYMBOL}], sources: [{ARCHIVE}]{more}"
    return f"datasets:\n  {dataset}: {{{body}}}\n"


def key_of(market: str, kind: str, date: str) -> str:
    period = PERIODS["day" if len(date) > len("2025-01") else "month"]
    return f"{ROOTS[market]}/{period}/{FOLDERS[kind]}/{SYMBOL}/{SYMBOL}-{FOLDERS[kind]}-{date}.zip"


def put(world: World, market: str, kind: str, date: str, content: bytes = NONSENSE, **more: str) -> bytes:
    body = zipped(f"{date}.csv", content + date.encode())
    world.mirror.put(key_of(market, kind, date), body, **more)  # type: ignore[arg-type]
    return body


def objects(lake: Lake, dataset: str, date: str) -> dict[str, str]:
    """The checksum state of a partition's objects, by name."""
    manifest = archive_manifest(Store(lake.root), Partition("raw", dataset, SYMBOL, date, ARCHIVE))
    assert manifest is not None
    return {one["name"]: one["checksum"] for one in manifest["objects"]}


def test_every_type_of_the_archive_has_a_name() -> None:
    assert FOLDERS.keys() == {key for key, one in FRAME_TYPES.items() if not one.has_parser}
    of_companies = {key for key, one in FRAME_TYPES.items() if one.adjusts_bars}
    assert {kind for market in ROOTS for kind in MARKETS[market].kinds} == FRAME_TYPES.keys() - of_companies


@pytest.mark.parametrize(("market", "kind"), NAMES)
def test_it_ends_at_raw_with_the_bytes_as_sent(world: World, market: str, kind: str) -> None:
    sent = put(world, market, kind, DAYS[0])
    dataset = f"{market}_{kind}"
    lake = world.lake(catalog(dataset))
    assert [step.zone for step in steps(lake.catalog[dataset])] == [Zone.RAW]
    ran = lake.materialize(dataset, SYMBOL, DAYS[0])
    assert ran.ok
    assert ran.states == {State.PUBLISHED: 1}
    assert ran.rules(Zone.RAW, SYMBOL, DAYS[0], ARCHIVE) == {}
    name = Path(key_of(market, kind, DAYS[0])).name
    assert objects(lake, dataset, DAYS[0]) == {name: "match"}
    assert sent in [path.read_bytes() for path in (lake.root / "raw" / ARCHIVE / dataset).rglob("*.zip")]
    before = tree(lake.root)
    again = lake.materialize(dataset, SYMBOL, DAYS[0], until=Zone.RAW)
    assert again.states == {State.UNCHANGED: 1}
    assert tree(lake.root) == before


@pytest.mark.parametrize("kind", ["agg_trades", "book_ticker"])
def test_a_month_is_fetched_only_for_days_without_an_object(world: World, kind: str) -> None:
    dataset = f"um_{kind}"
    days = [f"2025-01-{day:02}" for day in range(1, 32)]
    for day in days:
        put(world, "um", kind, day)
    put(world, "um", kind, "2025-01")
    lake = world.lake(catalog(dataset, grain="month"))
    assert lake.materialize(dataset, SYMBOL, "2025-01").ok
    assert objects(lake, dataset, "2025-01").keys() == {Path(key_of("um", kind, day)).name for day in days}
    world.mirror.remove(key_of("um", kind, days[9]))
    other = world.lake(catalog(dataset, grain="month"), name="other")
    assert other.materialize(dataset, SYMBOL, "2025-01").ok
    held = objects(other, dataset, "2025-01")
    assert Path(key_of("um", kind, "2025-01")).name in held
    assert len(held) == 31


def test_a_republished_object_is_a_new_version_and_a_wrong_checksum_is_said(world: World) -> None:
    put(world, "spot", "trades", DAYS[0])
    lake = world.lake(catalog("spot_trades"))
    lake.materialize("spot_trades", SYMBOL, DAYS[0])
    sent = put(world, "spot", "trades", DAYS[0], b"other rows\n", checksum="0" * 64)
    ran = lake.materialize("spot_trades", SYMBOL, DAYS[0])
    assert ran.ok
    assert ran.rules(Zone.RAW, SYMBOL, DAYS[0], ARCHIVE) == {"checksum_mismatch": 1}
    held = [path.read_bytes() for path in (lake.root / "raw" / ARCHIVE / "spot_trades").rglob("*.zip")]
    assert sent in held
    assert len(held) == 2


def test_no_later_zone_can_be_asked_for(world: World) -> None:
    lake = world.lake(catalog("spot_trades"))
    for zone in Zone:
        if zone is not Zone.RAW:
            with pytest.raises(UsageError, match="spot_trades ends at raw: there is no parser for trades"):
                lake.plan("spot_trades", SYMBOL, DAYS[0], until=zone)


def test_rows_of_it_are_refused_in_words(world: World) -> None:
    put(world, "spot", "trades", DAYS[0])
    lake = world.lake(catalog("spot_trades"))
    lake.materialize("spot_trades", SYMBOL, DAYS[0])
    with pytest.raises(UsageError, match="spot_trades ends at raw: there is no parser for trades"):
        load("spot_trades", SYMBOL, root=lake.root, catalog=lake.catalog)
    for table in ("spot_trades", "merged.spot_trades", "gaps.spot_trades"):
        with pytest.raises(UsageError, match="spot_trades ends at raw: there is no parser for trades"):
            query(Store(lake.root), lake.catalog, f"FROM {table}")
    with pytest.raises(UsageError, match="there is no view spot_tardes"):
        query(Store(lake.root), lake.catalog, "SELECT * FROM spot_tardes")


@pytest.mark.slow
def test_commands_say_that_it_ends_at_raw(world: World) -> None:
    for day in DAYS:
        put(world, "um", "book_depth", day)
    command = Command.of(world, catalog("um_book_depth"), "own")
    words = "um_book_depth ends at raw: there is no parser for book_depth"
    for line in (
        materialize("um_book_depth", SYMBOL, DAYS[0], DAYS[2]),
        materialize("um_book_depth", SYMBOL, DAYS[0], DAYS[2], "--until", "raw"),
        ["status"],
        ["verify"],
        ["gaps", "--dataset", "um_book_depth"],
    ):
        done = command.run(line)
        assert done.returncode == 0, done.stderr
        assert words in done.stderr
    shown = json.loads(command.run(["status", "--json"]).stdout)
    [status] = shown["datasets"]
    assert status["ends_at_raw"]
    assert [(one["zone"], one["partitions"]) for one in status["zones"]] == [("raw", 3)]
    refused = command.run(materialize("um_book_depth", SYMBOL, DAYS[0], DAYS[0], "--until", "merged"))
    assert refused.returncode == 2
    assert words in refused.stderr
