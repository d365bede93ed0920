"""Coarser bars of made days, as the archive has them beside the minutes."""

from collections.abc import Sequence

import polars as pl

from bcdata.bars.resample import aggregate
from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.providers.binance.klines import read_csv
from bcdata_tests.mirror import Mirror, Rows, csv_of


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


def put_controls(mirror: Mirror, truth: dict[str, Rows], names: Sequence[str] = ("1h", "1d")) -> None:
    """Puts daily objects of coarser intervals into the archive; `truth` are the minutes by day."""
    for name in names:
        for day, rows in truth.items():
            mirror.put_day("BTCUSDT", day, coarse_rows(rows, name), interval=name)
