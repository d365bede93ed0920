"""Datasets whose only source is REST: what is published while the provider is down, and after."""

import pytest

from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import made_day
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import REST, Lake, utc
from bcdata_tests.world import BARS_BY_DAY, BARS_BY_MONTH, D, World

SYMBOL, DAY = "BTCUSDT", "2025-01-02"
FUNDING = """
datasets:
  um_funding:
    grain: month
    start: 2025-01
    symbols: [BTCUSDT]
    sources: [binance_rest]
    features: false
"""


@pytest.mark.parametrize("status", [500, 451, 400])
@pytest.mark.parametrize(("catalog", "date", "bars"), [(BARS_BY_DAY, DAY, 1440), (BARS_BY_MONTH, "2025-01", 31 * 1440)])
def test_all_is_open_while_the_provider_is_down(world: World, catalog: str, date: str, bars: int, status: int) -> None:
    """A partition without a row is published, and its ledger says why: no row is wrong, and none was lost."""
    world.truth.put_day(SYMBOL, DAY, made_day(DAY))
    down = world.add("/spot/api", "status", status=status)
    lake = world.lake(catalog.replace("binance_archive, ", ""))
    ran = lake.materialize(D, SYMBOL, date)
    assert ran.troubles == []
    assert published(lake, SYMBOL, date) == []
    ledger = lake.ledger(D, SYMBOL, date).select("bars", "status", "evidence").rows()
    assert ledger == [(bars, "open", "unknown so far")]
    assert "refill_unanswered" in ran.rules(Zone.RAW, SYMBOL, date, REST)
    world.exchange.remove(down)
    later = Lake(lake.root, utc("2025-03-03"), lake.catalog)
    assert later.materialize(D, SYMBOL, date).troubles == []
    assert published(later, SYMBOL, date) == bars_of(made_day(DAY))


def test_settlements_are_open_while_the_provider_is_down(world: World) -> None:
    world.add("/um/fapi", "status", status=500)
    lake = world.lake(FUNDING)
    ran = lake.materialize("um_funding", SYMBOL, "2025-01")
    assert ran.troubles == []
    assert set(lake.ledger("um_funding", SYMBOL, "2025-01")["status"]) == {"open"}
    assert "refill_unanswered" in ran.rules(Zone.RAW, SYMBOL, "2025-01", REST)
