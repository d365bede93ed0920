"""freqtrade: Feather files in its `user_data`, named by pair and timeframe.

It takes the label of a candle as its open, and acts when the next one begins.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
from pyarrow import feather

from bcdata.exports.layouts.layout import PRICES, Content, File
from bcdata.exports.layouts.names import exchange_of, pair_of, safe

_CANDLES = {"klines": "futures", "mark_klines": "mark", "index_klines": "index", "premium_klines": "premiumIndex"}
"""What it calls candles of contracts, by the type of ours."""
_UNDERSCORED = str.maketrans(dict.fromkeys("/ .@$+:", "_"))


def files(content: Content) -> Iterator[File]:
    """`data/<exchange>/BTC_USDT-1h.feather`, and for contracts `futures/BTC_USDT_USDT-1h-futures.feather` there."""
    table = content.rows.select(
        pl.col("open_time").dt.cast_time_unit("ms").alias("date"), *PRICES, pl.col("volume").fill_null(0.0)
    ).to_arrow()

    def write(path: Path) -> None:
        feather.write_feather(table, str(path), compression="lz4")

    yield File(_path(content), content.rows.height, write)


def _path(content: Content) -> str:
    pair = pair_of(content.market, content.symbol)
    assets = [one for one in (pair.base, pair.quote, pair.settle) if one is not None]
    name = "_".join(safe(one.translate(_UNDERSCORED)) for one in assets)
    file = f"{name}-{content.bar.name.replace('mo', 'Mo')}"
    folder = f"data/{exchange_of(content.market)}"
    if pair.settle is None:
        return f"{folder}/{file}.feather"
    return f"{folder}/futures/{file}-{_CANDLES[content.kind]}.feather"
