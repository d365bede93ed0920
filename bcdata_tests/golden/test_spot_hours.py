"""Hours: equal to the aggregate of the minutes, and without a seam where the unit of time changed."""

import math
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.frames.schema import BAR
from bcdata.pipeline.zones import Zone
from bcdata.store.footer import Rows
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.golden import reader
from bcdata_tests.golden.conftest import Job
from bcdata_tests.run import Lake, Ran, utc

D = "spot_klines_1h"
HOUR = timedelta(hours=1)
CASES = [
    *(("BTCUSDT", month) for month in ("2023-01", "2023-02", "2023-03", "2023-04", "2023-05", "2023-06")),
    *(("ETHUSDT", month) for month in ("2023-03", "2023-04", "2023-05")),
    *(("ARBUSDT", month) for month in ("2023-04", "2023-05", "2023-06")),
]


@pytest.fixture(scope="package")
def hours(main_job: Job) -> tuple[Lake, Ran]:
    """The hours of the same symbols and months beside the minutes, without features."""
    lake, _ = main_job
    ran = lake.materialize(D, "BTCUSDT,ETHUSDT,ARBUSDT", "2023-01", "2023-06", until=Zone.MERGED)
    return lake, ran


def hourly(minutes: list[reader.Row]) -> dict[datetime, reader.Row]:
    """Hours out of minutes, in plain Python; only hours with all their minutes."""
    groups: dict[datetime, list[reader.Row]] = defaultdict(list)
    for row in minutes:
        groups[row[0].replace(minute=0)].append(row)
    return {start: _hour(start, rows) for start, rows in groups.items() if len(rows) == 60}


def _hour(start: datetime, rows: list[reader.Row]) -> reader.Row:
    return (
        start,
        rows[0][1],
        max(row[2] for row in rows),
        min(row[3] for row in rows),
        rows[-1][4],
        math.fsum(row[5] for row in rows),
        math.fsum(row[6] for row in rows),
        sum(row[7] for row in rows),
        math.fsum(row[8] for row in rows),
        math.fsum(row[9] for row in rows),
    )


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("symbol", "month"), CASES)
def test_hours_equal_the_aggregate_of_the_minutes(
    hours: tuple[Lake, Ran], mirror: Path, symbol: str, month: str
) -> None:
    lake, _ = hours
    bars = lake.bars(D, symbol, month)
    assert bars is not None
    folder = mirror / "data/spot/daily/klines" / symbol / "1m"
    expected = hourly(reader.klines(reader.days(folder, f"{symbol}-1m", month)))
    both = [(row, expected[row[0]]) for row in bars.select(BAR.names()).iter_rows() if row[0] in expected]
    assert len(both) >= 8 * 24 - 1
    for ours, theirs in both:
        assert (ours[1:5], ours[7]) == (theirs[1:5], theirs[7])
        for flow in (5, 6, 8, 9):
            assert ours[flow] == pytest.approx(theirs[flow], rel=1e-12, abs=0)


@pytest.mark.parametrize(("symbol", "month"), CASES)
def test_the_gate_compared_them_and_found_nothing(hours: tuple[Lake, Ran], symbol: str, month: str) -> None:
    _, ran = hours
    assert "interval_disagree" not in ran.rules(Zone.MERGED, symbol, month)


def test_an_hour_that_disagrees_is_found_and_kept(
    main_job: Job, mirror: Path, tmp_path: Path, real: dict[str, str]
) -> None:
    """The comparison can fail: one minute of an otherwise equal lake is changed."""
    assert real
    source, _ = main_job
    lake = Lake(tmp_path / "lake", source.now)
    bars = Partition("merged", "spot_klines_1m", "BTCUSDT", "2023-05")
    given, both = Store(source.root), []
    for place in (bars.in_zone("gaps"), bars):
        published, frame = given.published(place), given.read(place)
        assert published is not None
        assert frame is not None
        both.append(Rows(place, frame, published.record))
    one_more = pl.col("trades") + (pl.col("open_time") == utc("2023-05-04T05:06")).cast(pl.Int64)
    both[1] = replace(both[1], frame=both[1].frame.with_columns(trades=one_more))
    Store(lake.root).publish_together(both, fingerprint=published.fingerprint, rules="1")
    ran = lake.materialize(D, "BTCUSDT", "2023-05", until=Zone.MERGED)
    assert ran.troubles == []
    assert ran.rules(Zone.MERGED, "BTCUSDT", "2023-05")["interval_disagree"] == 1
    kept = lake.bars(D, "BTCUSDT", "2023-05")
    assert kept is not None
    folder = mirror / "data/spot/daily/klines/BTCUSDT/1h"
    assert kept.select(BAR.names()).rows() == reader.klines(reader.days(folder, "BTCUSDT-1h", "2023-05"))


def test_months_before_and_after_the_change_to_microseconds_join(lake: Lake, mirror: Path) -> None:
    ran = lake.materialize(D, "BTCUSDT", "2024-12", "2025-01", until=Zone.MERGED, refill=False)
    assert ran.troubles == []
    frames = [frame for month in ("2024-12", "2025-01") if (frame := lake.bars(D, "BTCUSDT", month)) is not None]
    bars = pl.concat(frames)
    assert bars["open_time"].to_list() == [utc("2024-12-01") + at * HOUR for at in range(62 * 24)]
    folder = mirror / "data/spot/monthly/klines/BTCUSDT/1h"
    paths = [folder / f"BTCUSDT-1h-{month}.zip" for month in ("2024-12", "2025-01")]
    digits = {len(row[0]) for path in paths for row in reader.fields(path)}
    assert digits == {13, 16}, "the files themselves are in two units"
    assert bars.select(BAR.names()).rows() == reader.klines(paths)
