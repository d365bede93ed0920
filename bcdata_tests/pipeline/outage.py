"""A hole of eighty minutes, and what a lake makes of it."""

from datetime import timedelta

from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Rows, coarse, made_day
from bcdata_tests.pipeline.test_labels import cut
from bcdata_tests.run import Lake
from bcdata_tests.world import D, World

SYMBOL = "BTCUSDT"
YESTERDAY, DAY, TOMORROW = "2025-01-01", "2025-01-02", "2025-01-03"
OUT = (760, 840)
"""12:40 to 13:59, as on 2023-03-24."""


def put_outage(world: World) -> Rows:
    """Three days of minutes; the middle one lacks an outage in the archive; what REST has is up to the tests."""
    for day in (YESTERDAY, TOMORROW):
        world.mirror.put_day(SYMBOL, day, made_day(day))
        world.truth.put_day(SYMBOL, day, made_day(day))
    rows = made_day(DAY)
    world.mirror.put_day(SYMBOL, DAY, cut(rows, *OUT))
    world.truth.put_day(SYMBOL, DAY, rows)
    return rows


def put_coarse(world: World, interval: str, *, lacking: tuple[int, int]) -> None:
    """Coarser files of all three days, which lack what lies whole in these minutes of the middle one."""
    minutes = {"3m": 3, "15m": 15, "1h": 60, "1d": 1440}[interval]
    for day in (YESTERDAY, DAY, TOMORROW):
        whole = made_day(day)
        kept = cut(whole, *lacking) if day == DAY else whole
        world.mirror.put_day(SYMBOL, day, coarse(kept, minutes), interval=interval)


def run(lake: Lake, *, hours: float = 0) -> list[tuple[str, int, str]]:
    """Materializes the three days as of so many hours later; the middle one's ledger."""
    later = Lake(lake.root, lake.now + timedelta(hours=hours), lake.catalog)
    assert later.materialize(D, SYMBOL, YESTERDAY, TOMORROW, until=Zone.MERGED).troubles == []
    rows = later.ledger(D, SYMBOL, DAY).select("start", "bars", "status").iter_rows()
    return [(f"{start:%H:%M}", bars, status) for start, bars, status in rows]
