"""Trades of genuine coarser files: they tell a bar that was lost from one that never was."""

from datetime import timedelta
from pathlib import Path

from bcdata.pipeline.zones import Zone
from bcdata.simulate.binance.market.zips import read_zip
from bcdata_tests.mirror import day_key
from bcdata_tests.run import utc
from bcdata_tests.world import BY_DAY, D, World

CATALOG = BY_DAY.replace("2025-01-01", "2023-01-01")


def copy(world: World, shared_data: Path, symbol: str, day: str, *intervals: str) -> None:
    """The day and its neighbours: minutes in the archive and beyond REST, coarser files in the archive."""
    for shift in (-1, 0, 1):
        one = f"{utc(day) + timedelta(days=shift):%Y-%m-%d}"
        for interval in ("1m", *intervals):
            key = f"{day_key(symbol, one, interval=interval)}*"
            world.mirror.copy(shared_data / "binance_vision", key)
        world.truth.copy(shared_data / "binance_vision", f"{day_key(symbol, one)}*")


def ledger(world: World, symbol: str, day: str) -> list[tuple[str, int, str, str]]:
    lake = world.lake(CATALOG)
    assert lake.materialize(D, symbol, day, until=Zone.MERGED).troubles == []
    rows = lake.ledger(D, symbol, day).select("start", "bars", "status", "evidence").iter_rows()
    return [(f"{start:%H:%M}", bars, status, evidence) for start, bars, status, evidence in rows]


def test_a_minute_that_rest_lacks_too_and_a_coarser_bar_has_is_open(world: World, shared_data: Path) -> None:
    """One traded minute is taken out of the genuine archive and out of REST, beside the outage: its trades remain."""
    copy(world, shared_data, "BTCUSDT", "2023-03-24", "1h")
    for mirror in (world.mirror, world.truth):
        path = mirror.root / day_key("BTCUSDT", "2023-03-24")
        rows = [line.split(",") for line in read_zip(path.read_bytes())[1].decode().splitlines()]
        trades = int(rows[300][8])
        mirror.put_day("BTCUSDT", "2023-03-24", [*rows[:300], *rows[301:]])
    lost, outage = ledger(world, "BTCUSDT", "2023-03-24")
    assert lost[:3] == ("05:00", 1, "open")
    assert f"has {trades:,} trades more than the bars in it" in lost[3]
    assert outage[:3] == ("12:40", 80, "upstream")


def test_an_outage_leaves_no_trades(world: World, shared_data: Path) -> None:
    """2023-03-24: the residual is 0, and REST's answer keeps its word."""
    copy(world, shared_data, "BTCUSDT", "2023-03-24", "1h")
    ((start, bars, status, _),) = ledger(world, "BTCUSDT", "2023-03-24")
    assert (start, bars, status) == ("12:40", 80, "upstream")
