"""Bars of any interval out of minutes, exactly; and how Binance writes them, in files and in JSON."""

import polars as pl

from bcdata.interval import Interval
from bcdata.simulate.binance.market.market import KlineRow
from bcdata.simulate.binance.market.symbols import GeneratedSymbol, to_ms

PLACES = 8
"""Spot decimals are padded to eight places."""
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore\n"
)
_PRICES = ("open", "high", "low", "close")
_FLOWS = ("volume", "quote_volume", "trades", "taker_volume", "taker_quote_volume")
_MICROSECONDS_FROM = 1_735_689_600_000  # 2025-01-01, spot
_HEADER_FROM = "2022-05"  # futures


def aggregate(minutes: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Groups minutes into bars of the interval, labelled by their open (ms, UTC). Whole numbers stay whole."""
    return minutes.group_by(_floor(interval).alias("open_time"), maintain_order=True).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col(*_FLOWS).sum(),
    )


def _floor(interval: Interval) -> pl.Expr:
    time = pl.col("open_time")
    if interval.length is None:
        return time.cast(pl.Datetime("ms")).dt.truncate("1mo").cast(pl.Int64)
    length = int(interval.length.total_seconds() * 1000)
    floor: pl.Expr = time - (time - to_ms(interval.anchor)) % length
    return floor


def _close_time(interval: Interval) -> pl.Expr:
    """The last millisecond of the bar."""
    time = pl.col("open_time")
    if interval.length is None:
        return time.cast(pl.Datetime("ms")).dt.offset_by("1mo").cast(pl.Int64) - 1
    return time + int(interval.length.total_seconds() * 1000) - 1


def as_written(bars: pl.DataFrame, symbol: GeneratedSymbol, interval: Interval) -> pl.DataFrame:
    """Binance's twelve columns: times in ms, prices and volumes as decimals with the venue's places."""
    spot = symbol.venue == "spot"

    def decimal(column: str, decimals: int) -> pl.Expr:
        places = PLACES if spot else decimals
        exact: pl.Expr = pl.col(column).cast(pl.Decimal(38, places)) / 10**decimals
        return exact

    return bars.select(
        "open_time",
        *(decimal(column, symbol.price_decimals) for column in _PRICES),
        decimal("volume", symbol.volume_decimals),
        _close_time(interval).alias("close_time"),
        decimal("quote_volume", symbol.quote_decimals),
        "trades",
        decimal("taker_volume", symbol.volume_decimals),
        decimal("taker_quote_volume", symbol.quote_decimals),
        pl.lit(0, pl.Int64).alias("ignore"),
    )


def csv(written: pl.DataFrame, venue: str, date: str) -> bytes:
    """The rows as an archive file of this date holds them.

    Spot has no header, and microseconds from 2025-01-01; futures have a header from 2022-05 on.
    """
    if venue == "spot":
        late = pl.col("open_time") >= _MICROSECONDS_FROM
        time = pl.col("open_time")
        last = pl.col("close_time")
        written = written.with_columns(
            open_time=pl.when(late).then(time * 1000).otherwise(time),
            close_time=pl.when(late).then(last * 1000 + 999).otherwise(last),
        )
    header = HEADER if venue != "spot" and date >= _HEADER_FROM else ""
    return (header + written.write_csv(include_header=False)).encode()


def json_rows(written: pl.DataFrame) -> list[KlineRow]:
    """The rows as REST sends them: times in ms, decimals and the last field as strings."""
    decimals = [name for name, kind in written.schema.items() if isinstance(kind, pl.Decimal)]
    text = written.with_columns(pl.col(*decimals, "ignore").cast(pl.String))
    return [list(row) for row in text.iter_rows()]
