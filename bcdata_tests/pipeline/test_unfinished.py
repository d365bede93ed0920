"""A coarser bar that goes on where nothing is made yet: published as far as it is there, and said to be so."""

from datetime import datetime, timedelta

import pytest

from bcdata.pipeline.zones import Zone
from bcdata.reporting.status import findings
from bcdata.store.store import Store
from bcdata_tests.pipeline.test_known_at import row
from bcdata_tests.run import Lake, utc
from bcdata_tests.world import World

D, WEEKS = "spot_klines_1h", "spot_klines_1w"
CATALOG = f"""
datasets:
  {D}:
    {{grain: month, start: 2025-01, symbols: [BTCUSDT], sources: [binance_archive], resample: [1w]}}
"""


@pytest.fixture
def lake(world: World) -> Lake:
    for month, days in (("2025-01", 31), ("2025-02", 28)):
        start = utc(f"{month}-01")
        rows = [row(start + at * timedelta(hours=1)) for at in range(24 * days)]
        world.mirror.put_month("BTCUSDT", month, [micros(one) for one in rows], interval="1h")
    return world.lake(CATALOG, utc("2025-03-10"))


def micros(fields: list[str]) -> list[str]:
    """The row as the archive sends it from 2025 on."""
    return [f"{fields[0]}000", *fields[1:6], f"{fields[6]}999", *fields[7:]]


def weeks(lake: Lake, month: str, now: datetime | None = None) -> dict[str, str]:
    """What the run says of the month's weeks, by rule."""
    run = Lake(lake.root, now or lake.now, lake.catalog)
    ran = run.materialize(D, "BTCUSDT", month, until=Zone.RESAMPLED)
    assert ran.troubles == []
    (outcome,) = ran.of(Zone.RESAMPLED).values()
    return {one.rule: one.message for one in outcome.verdict.findings}


def test_a_week_whose_next_month_is_not_there_is_said_to_be_unfinished(lake: Lake) -> None:
    said = weeks(lake, "2025-01")
    assert list(said) == ["unfinished"]
    assert "2025-01-27 00:00 on has 120 of 168 bars, since 2025-02 is not materialized" in said["unfinished"]
    store = Store(lake.root)
    (standing,) = [one for one in findings(store, lake.catalog) if one.rule == "unfinished"]
    assert (standing.dataset, standing.symbol, standing.date, standing.zone) == (
        WEEKS,
        "BTCUSDT",
        "2025-01",
        "resampled",
    )
    assert standing.text == said["unfinished"]
    assert list(weeks(lake, "2025-02")) == ["unfinished"], "its own last week goes on in March"
    assert weeks(lake, "2025-01") == {}
    bars = lake.bars(WEEKS, "BTCUSDT", "2025-01", "resampled")
    assert bars is not None
    assert bars.row(-1, named=True)["bars"] == 168
    assert {one.date for one in findings(store, lake.catalog) if one.rule == "unfinished"} == {"2025-02"}


def test_a_week_that_runs_on_is_said_to_be_unfinished(lake: Lake) -> None:
    said = weeks(lake, "2025-01", utc("2025-01-29T06:30"))
    assert "has 54 of 168 bars, since bars had closed up to 2025-01-29 06:00 only" in said["unfinished"]
    assert "incomplete" not in said
    weeks(lake, "2025-01")
    said = weeks(lake, "2025-02", utc("2025-02-02T06:30"))
    assert said == {}, "no week that began in February is there yet"
    said = weeks(lake, "2025-01")
    assert "has 150 of 168 bars, since bars had closed up to 2025-02-02 06:00 only" in said["unfinished"]
