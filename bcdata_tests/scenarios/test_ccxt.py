"""An exchange that ccxt reads, raw to features: bars equal its truth, and what is not proven stays open."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.ledger.ledger import Status
from bcdata.pipeline.outcome import State
from bcdata.simulate import Fault
from bcdata.simulate.bitstamp.loopback import LoopbackBitstamp
from bcdata.windows import Window
from bcdata_tests.providers.venues import needs_ccxt, truth
from bcdata_tests.run import pointed_at, utc
from bcdata_tests.scenarios.window_lake import BITSTAMP, DAYS, NOW, PAIR, PAIRS, assert_tiles, lake_at, merged


@pytest.mark.slow
@needs_ccxt
@pytest.mark.parametrize("sends_empty", [False, True])
def test_bitstamp_through_ccxt(tmp_path: Path, sends_empty: bool) -> None:
    """Between two rows of one that leaves out empty bars nothing was traded; before the first one all is open."""
    lake = lake_at(tmp_path)
    with (
        LoopbackBitstamp(PAIRS, now=NOW, sends_empty=sends_empty) as venue,
        pointed_at(venue.environment(), tmp_path / "state"),
    ):
        ran = lake.materialize(BITSTAMP, "BTC-USD", DAYS[0], DAYS[-1])
        assert ran.ok, ran.troubles
        venue.now = NOW + timedelta(days=2)
        later = replace(lake, now=venue.now)
        assert later.materialize(BITSTAMP, "BTC-USD", DAYS[1]).ok, "by then the silence at its end is known to be one"
        venue.clear()
        again = later.materialize(BITSTAMP, "BTC-USD", DAYS[1])
        assert {one.state for _, one in again.outcomes} == {State.UNCHANGED}
        assert not venue.requests, "what is covered is not asked again"
    bars = merged(lake, BITSTAMP, "BTC-USD")
    assert set(bars["source"]) == {"ccxt"}
    traded = bars.filter(pl.col("volume") > 0)
    assert (traded.height < bars.height) == sends_empty
    expected = truth(PAIRS, PAIR, 60, Window(utc(DAYS[0]), utc("2025-03-03T14:59")))
    assert traded["open_time"].cast(pl.Int64).to_list() == expected["open_time"].to_list()
    for name in ("open", "high", "low", "close", "volume"):
        assert traded[name].to_list() == expected[name].to_list(), name
    missing = assert_tiles(lake, BITSTAMP, "BTC-USD", utc("2025-03-03T15:00"))
    silent = {Status.OPEN, Status.NOT_PUBLISHED}
    assert set(missing) - silent == (set() if sends_empty else {Status.NO_TRADES})
    before = lake.ledger(BITSTAMP, "BTC-USD", DAYS[0])
    assert before["status"][0] == Status.OPEN, "before the first bar nothing is proven"
    assert before["bars"][0] >= 390
    features = lake.bars(BITSTAMP, "BTC-USD", DAYS[1], "features")
    assert features is not None
    assert features["open_time"].to_list() == bars.filter(pl.col("open_time").dt.day() == 2)["open_time"].to_list()


@needs_ccxt
def test_ccxt_failures_cost_a_partition(tmp_path: Path) -> None:
    lake, down = lake_at(tmp_path), Fault("ohlc", "status", status=500)
    with LoopbackBitstamp(PAIRS, now=NOW) as venue, pointed_at(venue.environment(), tmp_path / "state"):
        unknown = lake.materialize(BITSTAMP, "NO-SUCH", DAYS[1])
        assert "no spot market NO-SUCH" in unknown.troubles[0]
        venue.add(down)
        failed = lake.materialize(BITSTAMP, "BTC-USD", DAYS[1])
        assert "BCDATA_CCXT_URL" in failed.troubles[0]
        venue.remove(down)
        assert lake.materialize(BITSTAMP, "BTC-USD", DAYS[1]).ok
    bars = lake.bars(BITSTAMP, "BTC-USD", DAYS[1])
    assert bars is not None
    assert bars.height + int(lake.ledger(BITSTAMP, "BTC-USD", DAYS[1])["bars"].sum()) == 1440
