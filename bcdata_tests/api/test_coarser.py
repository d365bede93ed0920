"""Coarser bars computed when they are asked for equal those that the zone `resampled` keeps, bit for bit."""

import random
import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

import bcdata
from bcdata.catalog import load_catalog
from bcdata.errors import UsageError
from bcdata.pipeline.zones import Zone
from bcdata_tests.api.research import CATALOG, KEPT, PUBLISHED, D, Research
from bcdata_tests.run import Lake, utc


def zone(research: Research, interval: str, **options: object) -> pl.DataFrame:
    name = D.replace("1m", interval)
    return bcdata.load(name, zone="resampled", missing="ignore", **research.where, **options)


@pytest.mark.parametrize("interval", KEPT)
def test_they_equal_the_zone_with_gaps_and_at_edges_of_partitions(research: Research, interval: str) -> None:
    found = bcdata.load(D, interval=interval, missing="ignore", **research.where)
    kept = zone(research, interval)
    assert found.schema == kept.schema
    assert found.equals(kept, null_equal=True)
    assert found.height > 10


def test_intervals_that_nobody_keeps_equal_the_zone_that_would_keep_them(research: Research, tmp_path: Path) -> None:
    others = ["11m", "35m", "90m", "5h", "2d"]
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(CATALOG.replace(", ".join(KEPT), ", ".join(others)))
    shutil.copytree(research.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake", research.lake.now, load_catalog(catalog))
    for symbol, months in PUBLISHED.items():
        for month in months:
            assert lake.run(lake.plan(D, symbol, month), only=(Zone.RESAMPLED,)).ok
    for interval in others:
        found = bcdata.load(D, interval=interval, missing="ignore", **research.where)
        name = D.replace("1m", interval)
        kept = bcdata.load(name, zone="resampled", missing="ignore", root=lake.root, catalog=lake.catalog)
        assert found.equals(kept, null_equal=True), interval


def test_any_range_is_the_same_part_of_the_whole(research: Research) -> None:
    dice = random.Random(3)
    for _ in range(20):
        interval = dice.choice(KEPT)
        start = utc("2023-01-01") + timedelta(minutes=dice.randrange(100_000))
        end = start + timedelta(minutes=dice.randrange(1, 60_000))
        found = bcdata.load(D, None, start, end, interval=interval, missing="ignore", **research.where)
        whole = zone(research, interval)
        expected = whole.filter(pl.col("open_time").is_between(start, end, closed="left"))
        assert found.equals(expected, null_equal=True), (interval, start, end)


def test_the_own_interval_is_the_bars_as_they_are(research: Research) -> None:
    found = bcdata.load(D, interval="1m", missing="ignore", **research.where)
    assert found.equals(bcdata.load(D, missing="ignore", **research.where))


@pytest.mark.parametrize("interval", ["90s", "30s", "1mo", "0m", "1x", "7", "-1h"])
def test_an_interval_that_does_not_divide_is_refused(research: Research, interval: str) -> None:
    with pytest.raises(UsageError, match=r"multiple of 1m|is not an interval"):
        bcdata.load(D, interval=interval, **research.where)


@pytest.mark.parametrize(
    "options", [{"fill": "flat"}, {"split": True}, {"features": True}, {"labels": True}, {"zone": "features"}]
)
def test_what_does_not_go_with_an_interval_is_refused(research: Research, options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="leave"):
        bcdata.load(D, interval="1h", **options, **research.where)


def test_names_of_coarser_bars_are_told_where_they_are_no_dataset(research: Research) -> None:
    with pytest.raises(UsageError, match=r'made of spot_klines_1m: load them with zone="resampled".*interval=.1h'):
        bcdata.load("spot_klines_1h", **research.where)
    with pytest.raises(UsageError, match=r"did you mean 'spot_klines_"):
        bcdata.load("spot_klines_2h", zone="resampled", **research.where)


@pytest.mark.parametrize("interval", ["9999999999d", "3000000d", "1" * 25 + "m", "9" * 5000 + "m"])
def test_an_interval_that_no_bar_lasts_is_refused(research: Research, interval: str) -> None:
    with pytest.raises(UsageError, match=r"is too long for bars|is not an interval"):
        bcdata.load(D, interval=interval, **research.where)
