"""Real minutes for tests of families: BTCUSDT of January 2023, with all flows, as the exchange archived them."""

import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path

import polars as pl

_COLUMNS = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "trades"),
    *("taker_buy_volume", "taker_buy_quote_volume"),
)


@cache
def january(shared_data: Path) -> pl.DataFrame:
    """44,640 bars, none missing; `open_time` in µs, UTC."""
    folder = shared_data / "binance_vision/data/spot/daily/klines/BTCUSDT/1m"
    files = [folder / f"BTCUSDT-1m-2023-01-{day:02}.zip" for day in range(1, 32)]
    text = b"".join(zipfile.ZipFile(path).read(f"{path.stem}.csv") for path in files)
    bars = pl.read_csv(BytesIO(text), has_header=False).select(pl.nth(range(len(_COLUMNS))))
    bars.columns = list(_COLUMNS)
    opened = pl.from_epoch("open_time", time_unit="ms").dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    return bars.with_columns(opened).drop("close_time")
