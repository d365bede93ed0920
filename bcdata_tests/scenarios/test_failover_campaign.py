"""A backfill in which the first provider goes down at any moment: days of two years and minutes of a month.

`make campaign` does it a hundred times with twenty symbols, the test twice with few.
"""

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random
from typing import Literal

import polars as pl
import pytest

from bcdata.ledger.ledger import Status
from bcdata.pipeline.zones import Zone
from bcdata.simulate import Fault
from bcdata.simulate.alpaca import LoopbackAlpaca
from bcdata.simulate.polygon import LoopbackPolygon
from bcdata.simulate.session_market import ListedSymbol, SessionMarket, Split
from bcdata_tests.run import Lake, Ran, pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at, month, truth

OUTAGES = int(os.environ.get("BCDATA_CAMPAIGN_OUTAGES", "2"))
SYMBOLS = [f"S{chr(65 + number)}" for number in range(int(os.environ.get("BCDATA_CAMPAIGN_SYMBOLS", "3")))]
SEED = os.environ.get("BCDATA_CAMPAIGN_SEED", "1")
DAYS, MINUTES = "us_equity_klines_1d", "us_equity_klines_1m"
MONTHS = [f"{year}-{number:02}" for year in (2023, 2024) for number in range(1, 13)]
MINUTES_OF = ("2024-11",)
PARTITIONS = [(DAYS, name, key) for name in SYMBOLS for key in MONTHS] + [
    (MINUTES, name, key) for name in SYMBOLS for key in MINUTES_OF
]
NAMES = f"[{', '.join(SYMBOLS)}]"
NOW = utc("2025-01-10T12:00")
CATALOG = f"""
providers: {{polygon: {{plan: advanced}}}}
datasets:
  {DAYS}: {{grain: month, start: 2023-01, symbols: {NAMES}, sources: [polygon, alpaca], features: false}}
  {MINUTES}: {{grain: month, start: 2024-11, symbols: {NAMES}, sources: [polygon, alpaca], features: false}}
"""


@pytest.fixture(scope="module")
def market() -> SessionMarket:
    hours, listed = hours_of("XNYS", date(2022, 6, 1), date(2025, 1, 31)), date(2022, 6, 1)
    splits = (Split(date(2023, 8, 14), 3), Split(date(2024, 11, 18), 4))
    return SessionMarket(
        [ListedSymbol(name, hours, listed, 400.0, splits=splits[: number % 3]) for number, name in enumerate(SYMBOLS)]
    )


@contextmanager
def backfill(folder: Path, market: SessionMarket) -> Iterator[tuple[Lake, LoopbackPolygon, LoopbackAlpaca]]:
    """A new lake, and both providers, whose pages of minutes are shorter than a month."""
    folder.mkdir()
    with (
        LoopbackPolygon(market, plan="advanced", most=1700, now=NOW) as polygon,
        LoopbackAlpaca(market, now=NOW) as alpaca,
        pointed_at({**polygon.environment(), **alpaca.environment()}, folder / "state"),
    ):
        yield lake_at(folder, CATALOG, NOW), polygon, alpaca
    shutil.rmtree(folder)


def run(lake: Lake) -> list[Ran]:
    names = ",".join(SYMBOLS)
    return [
        lake.materialize(DAYS, names, MONTHS[0], MONTHS[-1]),
        lake.materialize(MINUTES, names, MINUTES_OF[0], MINUTES_OF[-1]),
    ]


def assert_as_traded(lake: Lake, market: SessionMarket) -> dict[tuple[str, str, str], str]:
    """Every partition is what was traded, in its prices, once, and no session is mixed.

    Returns the source, or the sources, that stand at the bars of each.
    """
    counted = {}
    for dataset, name, key in PARTITIONS:
        bars, gaps = lake.bars(dataset, name, key), lake.ledger(dataset, name, key)
        assert bars is not None, (dataset, name, key)
        expected = truth(market, market.symbols[name], dataset[-2:], month(key), NOW)
        columns = ["open_time", "open", "high", "low", "close", "volume", "session"]
        assert bars.select(columns).rows() == expected.select(columns).rows(), (dataset, name, key)
        assert bars["open_time"].is_unique().all()
        assert bars.group_by("session").agg(pl.col("source").n_unique())["source"].max() == 1
        assert set(gaps["status"]) <= {Status.NO_TRADES}
        counted[dataset, name, key] = "+".join(sorted(set(bars["source"])))
    return counted


def unanswered(ran: list[Ran]) -> set[tuple[str, str, str]]:
    """The partitions of which a run says that the first provider did not answer for all."""
    return {
        (one.partition.dataset, one.partition.symbol, one.partition.date)
        for each in ran
        for one in each.of(Zone.RAW, "polygon").values()
        if "source_unanswered" in one.verdict.counts()
    }


@pytest.mark.slow
@pytest.mark.timeout(300 + 600 * OUTAGES)
def test_the_first_provider_goes_down_at_any_moment(
    tmp_path: Path, market: SessionMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("POLYGON_API_KEY", "ALPACA_API_KEY", "ALPACA_API_SECRET"):
        monkeypatch.setenv(name, f"{name.lower()}1234")
    with backfill(tmp_path / "whole", market) as (lake, polygon, alpaca):
        assert all(one.ok for one in run(lake))
        assert set(assert_as_traded(lake, market).values()) == {"polygon"}
        assert not alpaca.requests
        requests = len(polygon.requests)
    dice, told = Random(SEED), Counter[str]()
    for number in range(OUTAGES):
        began, kind = time.process_time(), dice.choice(["reset", "status"])
        after = dice.randrange(requests)
        with backfill(tmp_path / f"{number}", market) as (lake, polygon, alpaca):
            fault: Literal["reset", "status"] = "reset" if kind == "reset" else "status"
            polygon.add(Fault("/v2/aggs", fault, after=after, times=None, status=503))
            ran = run(lake)
            assert all(one.ok for one in ran), (number, [one.troubles for one in ran])
            found = assert_as_traded(lake, market)
            filled = {one for one, source in found.items() if "alpaca" in source}
            # A question beside the bars, as for the first of them, may be what was not answered.
            assert filled <= unanswered(ran), number
            counted = Counter(found.values())
            told += counted
        seconds = time.process_time() - began
        print(f"outage {number} after {after} of {requests}: {dict(counted)}; {seconds:.0f} s of CPU", flush=True)
    print(f"seed {SEED}, {OUTAGES} outages, {len(PARTITIONS)} partitions each: {dict(told)}")
    assert told["alpaca"] > 0
