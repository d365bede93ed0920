"""A genuine day of um metrics against an independent reading."""

import csv
import io
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

from bcdata.catalog import load_catalog
from bcdata.frames.columns import METRIC_VALUES
from bcdata.pipeline.zones import Zone
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
