"""Coarser bars of made days beside the minutes in raw: as raw keeps them, without asking an exchange."""

import hashlib
from collections.abc import Sequence

import polars as pl

from bcdata.bars.aggregate import aggregate
from bcdata.bars.schema import TIME
from bcdata.intervals import Interval
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.raw_archive import MANIFEST
from bcdata.providers.binance.klines import read_csv
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import Rows, csv_of, zipped
from bcdata_tests.run import Lake


def coarse_rows(rows: Rows, name: str) -> list[list[str]]:
    """Rows of minutes as rows of a coarser interval, in microseconds."""
    interval = Interval.parse(name)
    assert interval.length is not None
    step = int(interval.length.total_seconds()) * 1_000_000
    bars = read_csv([csv_of(rows)]).rows.with_columns(pl.col("open_time").cast(TIME))
    found = []
    for one in aggregate(bars, interval).iter_rows(named=True):
        at = int(one["open_time"].timestamp()) * 1_000_000
        prices = [f"{one[key]:.8f}" for key in ("open", "high", "low", "close", "volume")]
        flows = [f"{one['quote_volume']:.8f}", str(one["trades"])]
        takers = [f"{one[key]:.8f}" for key in ("taker_buy_volume", "taker_buy_quote_volume")]
        found.append([str(at), *prices, str(at + step - 1), *flows, *takers, "0"])
    return found


def put_controls(lake: Lake, raw: Partition, truth: dict[str, Rows], names: Sequence[str] = ("1h", "1d")) -> None:
    """Adds daily control objects to what raw holds of a partition; `truth` are the minutes by day."""
    store = Store(lake.root)
    manifest = store.get_json(raw, MANIFEST)
    assert manifest is not None
    manifest["controls"] = []
    for name in names:
        for day, rows in truth.items():
            stem = f"{raw.symbol}-{name}-{day}"
            body = zipped(f"{stem}.csv", csv_of(coarse_rows(rows, name)))
            store.objects.put(raw.key(f"{stem}.control.zip"), body)
            manifest["controls"].append(
                {
                    "name": f"{stem}.zip",
                    "file": f"{stem}.control.zip",
                    "period": "daily",
                    "date": day,
                    "interval": name,
                    "sha256": hashlib.sha256(body).hexdigest(),
                    "bytes": len(body),
                }
            )
    manifest["fingerprint"] = fingerprint(before=manifest["fingerprint"], controls=manifest["controls"])
    store.put_json(raw, MANIFEST, manifest)
