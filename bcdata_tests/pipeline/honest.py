"""What must hold of a published partition whatever the exchange did: no wrong bar, no bar lost without a word."""

from datetime import datetime, timedelta

import polars as pl

from bcdata.frames.schema import BAR
from bcdata.pipeline.lake import trusted
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.golden.reader import Row, instant
from bcdata_tests.mirror import Rows
from bcdata_tests.run import Lake

MINUTE = timedelta(minutes=1)


def bars_of(rows: Rows) -> list[Row]:
    """Rows as a file holds them, as bars; no code of bcdata in it."""
    return [
        (
            instant(row[0]), float(row[1]), float(row[2]), float(row[3]), float(row[4]), float(row[5]),
            float(row[7]), int(row[8]), float(row[9]), float(row[10]),
        )
        for row in rows
    ]  # fmt: skip


def published(lake: Lake, symbol: str, date: str, dataset: str = "spot_klines_1m") -> list[Row]:
    """The merged bars of a partition, without vwap and source; a partition that is not published fails."""
    frame = lake.bars(dataset, symbol, date)
    assert frame is not None
    rows: list[Row] = frame.select(BAR.names()).rows()
    return rows


def assert_honest(lake: Lake, symbol: str, date: str, truth: Rows, dataset: str = "spot_klines_1m") -> pl.DataFrame:
    """Merged bars are true ones, and bars and ledger tile the partition; returns the ledger."""
    assert trusted(Store(lake.root), Partition("merged", dataset, symbol, date))
    bars = published(lake, symbol, date, dataset)
    assert set(bars) <= set(bars_of(truth))
    ledger = lake.ledger(dataset, symbol, date)
    missing = ledger.filter(pl.col("status") != "refilled")
    told = [at for row in missing.iter_rows(named=True) for at in _run(row["start"], row["end"])]
    window = lake.catalog[dataset].grain.window(date).until(lake.now)
    expected = _run(window.start, window.end - MINUTE)
    assert sorted([*(row[0] for row in bars), *told]) == expected
    return ledger


def assert_absent(lake: Lake, symbol: str, date: str, dataset: str = "spot_klines_1m") -> None:
    """Nothing of the partition is in merged or features."""
    for zone in ("merged", "features"):
        assert not (lake.root / Partition(zone, dataset, symbol, date).prefix).exists()


def _run(first: datetime, last: datetime) -> list[datetime]:
    return [first + at * MINUTE for at in range((last - first) // MINUTE + 1)]
