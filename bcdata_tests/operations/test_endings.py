"""Where a symbol that nobody knows any more ended: bars cut from the end of its last file are no delisting."""

import pytest

from bcdata.operations.zones import Zone
from bcdata_tests.mirror import made_day
from bcdata_tests.operations.conftest import BY_MONTH, D, World
from bcdata_tests.operations.test_labels import made_hours
from bcdata_tests.run import utc

SYMBOL, MONTH = "BTCUSDT", "2025-01"


@pytest.mark.parametrize("kept", [180, 120, 0], ids=["whole", "an hour cut", "the last day cut"])
def test_minutes_cut_from_the_end_are_open(world: World, kept: int) -> None:
    """Hours tell that it was traded for three hours of its second day."""
    first, last = made_day("2025-01-01"), made_day("2025-01-02")[:180]
    world.mirror.put_month(SYMBOL, MONTH, [*first, *last[:kept]])
    world.mirror.put_month(SYMBOL, MONTH, made_hours([*first, *last]), interval="1h")
    world.truth.put_day("ETHUSDT", "2025-01-01", first)
    lake = world.lake(BY_MONTH, now=utc("2025-03-10"))
    assert lake.materialize(D, SYMBOL, MONTH, until=Zone.MERGED).troubles == []
    cut = [(180 - kept, "open")] if kept < len(last) else []
    assert lake.ledger(D, SYMBOL, MONTH).select("bars", "status").rows() == [*cut, (30 * 1440 - 180, "delisted")]
