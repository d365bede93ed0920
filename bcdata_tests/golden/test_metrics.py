"""A genuine day of um metrics against an independent reading."""

import csv
import io
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from statistics import pstdev

from bcdata.catalog import load_catalog
from bcdata.frames.columns import METRIC_VALUES
from bcdata.pipeline.zones import Zone
from bcdata_tests.golden import reader
from bcdata_tests.run import ARCHIVE, Lake, utc

D, DAY, BEFORE = "um_metrics", "2024-01-02", "2024-01-01"
CATALOG = "datasets:\n  um_metrics: {grain: day, start: 2024-01-01, symbols: [BTCUSDT], sources: [binance_archive]}\n"


def read(mirror: Path) -> dict[datetime, tuple[float, ...]]:
    """The values by the start of their five minutes: labels were ends in 2024."""
    path = mirror / f"data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-{DAY}.zip"
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode("ascii")
    found = {}
    for row in csv.DictReader(io.StringIO(text)):
        assert row["symbol"] == "BTCUSDT"
        label = datetime.fromisoformat(row["create_time"] + "+00:00")
        found[label - timedelta(minutes=5)] = tuple(float(row[name]) for name in METRIC_VALUES)
    return found


def hours(mirror: Path) -> dict[datetime, float]:
    """Opens of spot hours of that day."""
    path = mirror / f"data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-{DAY}.zip"
    return {reader.instant(row[0]): float(row[1]) for row in reader.fields(path)}


def test_labels_of_that_day_are_ends(mirror: Path) -> None:
    """Value / open interest is a price: that of the instant at which the five minutes end, and of no other."""
    opens, implied = hours(mirror), {time: row[1] / row[0] for time, row in read(mirror).items()}
    assert len(opens) == 24
    spread = {}
    for minutes in (-5, 0, 5):
        ends = {time + timedelta(minutes=5 - minutes): price for time, price in implied.items()}
        spread[minutes] = pstdev(ends[at] / price for at, price in opens.items() if at in ends)
    assert spread[0] < 5e-4
    assert min(spread[-5], spread[5]) > 3 * spread[0]


def test_a_day_equals_an_independent_reading(lake: Lake, mirror: Path, tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    own = Lake(lake.root, lake.now, load_catalog(tmp_path / "catalog.yaml"))
    ran = own.materialize(D, "BTCUSDT", BEFORE, DAY)
    assert ran.troubles == []
    expected = read(mirror)
    assert len(expected) == 288
    found = {}
    for day in (BEFORE, DAY):
        frame = own.bars(D, "BTCUSDT", day)
        assert frame is not None
        assert set(frame["source"]) == {ARCHIVE}
        found |= {row[0]: row[1:] for row in frame.select("time", *METRIC_VALUES).rows()}
        assert ran.of(Zone.PARSED, ARCHIVE)["BTCUSDT", day].verdict.findings == ()
    assert found == expected
    assert min(found) == utc("2024-01-01T23:55")
    # Of the day before the mirror has no file, and of the day after neither.
    gaps = own.ledger(D, "BTCUSDT", BEFORE, DAY).select("start", "end", "bars", "status").rows()
    assert gaps == [
        (utc("2024-01-01"), utc("2024-01-01T23:50"), 287, "open"),
        (utc("2024-01-02T23:55"), utc("2024-01-02T23:55"), 1, "open"),
    ]
