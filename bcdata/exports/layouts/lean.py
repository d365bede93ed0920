"""Lean: zipped CSV in its data folder; minutes and seconds a file a day, hours and days one for all.

It takes the label of a bar as its open, and adds the resolution to get the end. Times are UTC.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from bcdata.errors import UsageError
from bcdata.exports.layouts.layout import PRICES, Content, File
from bcdata.exports.layouts.names import exchange_of, pair_of, safe

_KINDS = {"klines"}
"""Whose bars are of trades."""
_RESOLUTIONS = {"1s": "second", "1m": "minute", "1h": "hour", "1d": "daily"}
BY_DAY = frozenset({"1s", "1m"})
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of what is in a zip: the same rows give the same bytes."""
_MIDNIGHT_MS = 86_400_000


def files(content: Content) -> Iterator[File]:
    """`crypto/<market>/minute/btcusdt/20230101_trade.zip` or `crypto/<market>/hour/btcusdt_trade.zip`.

    Raises:
        UsageError: it has no bars of this length, or of this kind.
    """
    resolution = _resolution(content)
    pair = pair_of(content.market, content.symbol)
    ticker = safe(f"{pair.base}{pair.quote}".lower())
    security = "crypto" if pair.settle is None else "cryptofuture"
    folder = f"{security}/{exchange_of(content.market)}/{resolution}"
    values: list[str | pl.Expr] = [*PRICES, pl.col("volume").fill_null(0.0)]
    if content.bar.name not in BY_DAY:
        table = content.rows.select(pl.col("open_time").dt.strftime("%Y%m%d %H:%M"), *values)
        yield _zipped(f"{folder}/{ticker}_trade.zip", f"{ticker}.csv", table)
        return
    since = (pl.col("open_time").dt.epoch("ms") % _MIDNIGHT_MS).alias("milliseconds")
    days = content.rows.with_columns(pl.col("open_time").dt.strftime("%Y%m%d").alias("day"))
    for (day,), rows in days.partition_by("day", as_dict=True, maintain_order=True).items():
        inside = f"{day}_{ticker}_{resolution}_trade.csv"
        yield _zipped(f"{folder}/{ticker}/{day}_trade.zip", inside, rows.select(since, *values))


def _resolution(content: Content) -> str:
    if content.kind not in _KINDS:
        raise UsageError(f"lean has bars of trades, and {content.name} are none; export them as csv or parquet")
    if content.bar.name not in _RESOLUTIONS:
        lengths = ", ".join(_RESOLUTIONS)
        raise UsageError(
            f"lean has bars of {lengths}, and makes others of them itself; these are of {content.bar.name}: export "
            "finer ones, or name one of these with --interval"
        )
    return _RESOLUTIONS[content.bar.name]


def _zipped(path: str, inside: str, table: pl.DataFrame) -> File:
    def write(target: Path) -> None:
        body = io.BytesIO()
        table.write_csv(body, include_header=False, float_scientific=False)
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(zipfile.ZipInfo(inside, _EPOCH), body.getvalue(), zipfile.ZIP_DEFLATED)

    return File(path, table.height, write)
