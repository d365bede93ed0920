"""Where a session opens before its date: its bars lie in one month, and its splits in the next."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bcdata.interval import EPOCH
from bcdata.pipeline.features.splits import Splits
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.simulate.session_market import ListedSymbol, SessionMarket, Split
from bcdata.simulate.yahoo import LoopbackYahoo
from bcdata.store.store import Store
from bcdata.venues.calendar import sessions_of
from bcdata.windows import Grain
from bcdata_tests.run import Lake, pointed_at, utc
from bcdata_tests.scenarios.session_lake import MICROSECOND, hours_of, lake_at

DAYS, ACTIONS = "au_klines_1d", "au_actions"
CATALOG = f"""
markets: {{au: {{calendar: XASX, type: stock, since: 2020-01}}}}
datasets:
  {DAYS}:
    {{grain: month, start: 2025-10, symbols: [BHP.AX], sources: [yahoo], features: {{select: [log_ret_1]}},
     labels: {{horizons: [1]}}}}
  {ACTIONS}: {{grain: month, start: 2025-10, symbols: [BHP.AX], sources: [yahoo]}}
"""
SPLIT, NOW = date(2025, 12, 1), utc("2025-12-03T12:00")


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """A stock of Sydney that is split on 1 December, in the session that opens on 30 November at 23:00 UTC."""
    hours = hours_of("XASX", date(2025, 6, 2), date(2025, 12, 31))
    market = SessionMarket([ListedSymbol("BHP.AX", hours, date(2025, 6, 2), 400.0, splits=(Split(SPLIT, 4),))])
    with LoopbackYahoo(market, now=NOW) as venue, pointed_at(venue.environment(), tmp_path / "state"):
        yield lake_at(tmp_path, CATALOG, NOW)


def jumps(lake: Lake, zone: str, column: str) -> list[datetime]:
    frame = lake.bars(DAYS, "BHP.AX", "2025-11", zone)
    assert frame is not None
    return frame.filter(pl.col(column).abs() > 1)["open_time"].to_list()


def test_a_split_on_the_first_of_a_month(lake: Lake) -> None:
    assert lake.materialize(ACTIONS, "BHP.AX", "2025-10", "2025-11").ok
    ran = lake.materialize(DAYS, "BHP.AX", "2025-10", "2025-11")
    assert ran.ok, ran.troubles
    bars = lake.bars(DAYS, "BHP.AX", "2025-11")
    assert bars is not None
    assert bars.select("open_time", "session").row(-1) == (utc("2025-11-30T23:00"), SPLIT)
    for zone in (Zone.FEATURES, Zone.LABELS):
        assert ran.rules(zone, "BHP.AX", "2025-11").get("unadjusted") == 1, zone
    assert jumps(lake, "features", "log_ret_1") == [utc("2025-11-30T23:00")]

    assert lake.materialize(ACTIONS, "BHP.AX", "2025-12").ok
    ran = lake.materialize(DAYS, "BHP.AX", "2025-10", "2025-11")
    assert ran.ok, ran.troubles
    for zone in (Zone.FEATURES, Zone.LABELS):
        assert ran.of(zone)["BHP.AX", "2025-11"].state is State.PUBLISHED, zone
        assert "unadjusted" not in ran.rules(zone, "BHP.AX", "2025-11"), zone
    assert jumps(lake, "features", "log_ret_1") == []
    assert jumps(lake, "labels", "fwd_ret_1") == []
    again = lake.materialize(DAYS, "BHP.AX", "2025-10", "2025-11")
    assert {one.state for _, one in again.outcomes} == {State.UNCHANGED}


@pytest.mark.one_in(1)
@pytest.mark.parametrize("exchange", ["XASX", "XNZE", "XKRX", "XTKS", "CMES", "XNYS", "XLON", "fx_ny"])
def test_every_session_of_a_month_has_its_date_in_reach(exchange: str, tmp_path: Path) -> None:
    """Month by month: the actions that are looked at hold the date of each session that opens, and no month in vain."""
    pytest.importorskip("exchange_calendars", reason="calendars of exchanges need the extra stocks")
    catalog = lake_at(tmp_path, CATALOG.replace("XASX", exchange), NOW).catalog
    splits = Splits(Store(tmp_path), catalog[DAYS], catalog[ACTIONS])
    table = sessions_of(catalog[DAYS].hours).sessions
    early = 0
    for key in Grain.MONTH.keys("2015-01", "2025-11"):
        window = Grain.MONTH.window(key)
        edges = [(edge - EPOCH) // MICROSECOND for edge in (window.start, window.end)]
        first, last = np.searchsorted(table.opens, edges)
        dates = {datetime(one.year, one.month, one.day, tzinfo=UTC) for one in table.labels[first:last].tolist()}
        found = splits.dates(window)
        assert all(one in found for one in dates), key
        late = sorted(one for one in dates if one >= window.end)
        assert (found.end > window.end) == bool(late), key
        early += bool(late)
    assert (early > 0) == (exchange in {"XASX", "XNZE", "CMES", "fx_ny"})
