"""Funding settlements as Binance sends them -> one raw frame (`RAW_SETTLEMENT`). Pure; no rule is applied here."""

import json
from collections.abc import Sequence

import polars as pl

from bcdata.frames.schema import SENT_SETTLEMENT, TIME
from bcdata.providers.binance.files.csv_text import is_cut, rows_of, width_of
from bcdata.providers.binance.klines import micros
from bcdata.windows import Window

_COLUMNS = ("calc_time", "funding_interval_hours", "last_funding_rate")
_SENT_ORDER = ("calc_time", "interval_hours", "rate")
_MINUTE_US = 60_000_000


def read_funding_csv(content: bytes, name: str, window: Window) -> pl.DataFrame:
    """Reads the content of a fundingRate object; columns after the known ones are not read.

    Raises:
        ObjectError: `columns`: not the columns of fundingRate; `unreadable`: no CSV.
    """
    return _named(_read(_text(content)), name, window)


def has_more_columns(content: bytes) -> bool:
    """Whether a fundingRate object has columns after the known ones.

    Raises:
        ObjectError: `columns`: not the columns of fundingRate.
    """
    return width_of(_rows(content)) > len(_COLUMNS)


def read_funding_pages(pages: Sequence[bytes], asked: Window) -> pl.DataFrame:
    """Reads the REST pages that answer one question; its window stands for what an object's name says.

    REST states no interval: `hours` is null.
    """
    rows = [(str(row["fundingTime"]), str(row["fundingRate"]), None) for page in pages for row in json.loads(page)]
    return _named(_read(pl.DataFrame(rows, schema=SENT_SETTLEMENT, orient="row")), "fundingRate", asked)


def _rows(content: bytes) -> bytes:
    return rows_of(content, _COLUMNS, width=len(_COLUMNS), what="fundingRate")


def _text(content: bytes) -> pl.DataFrame:
    """The known columns as text. A line with fewer or more fields than most is no row: just its time is kept."""
    rows = _rows(content)
    width = max(width_of(rows), len(_COLUMNS))
    lines = pl.DataFrame({"text": rows.decode("utf-8", "replace").split("\n")})
    fields = lines.filter(pl.col("text").str.strip_chars() != "").select(
        pl.col("text").str.strip_suffix("\r").str.split(",").alias("fields")
    )
    known = {name: pl.col("fields").list.get(at, null_on_oob=True) for at, name in enumerate(_SENT_ORDER)}
    is_row = pl.col("fields").list.len() == width
    if rows and not rows.endswith(b"\n"):
        is_row &= ~((pl.int_range(pl.len()) == pl.len() - 1) & is_cut(known["rate"]))
    return fields.select(
        known["calc_time"].alias("calc_time"),
        **{name: pl.when(is_row).then(known[name]) for name in SENT_SETTLEMENT.names() if name != "calc_time"},
    )


def _read(text: pl.DataFrame) -> pl.DataFrame:
    """Snaps times to the minute: calc_time jitters by milliseconds, either side."""
    stamp = micros(pl.col("calc_time").cast(pl.Int64, strict=False))
    return text.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("line"),
        *SENT_SETTLEMENT.names(),
        ((stamp + _MINUTE_US // 2) // _MINUTE_US * _MINUTE_US).alias("time"),
        pl.col("rate").cast(pl.Float64, strict=False).alias("funding_rate"),
        pl.col("interval_hours").cast(pl.Int64, strict=False).alias("hours"),
    )


def _named(rows: pl.DataFrame, name: str, window: Window) -> pl.DataFrame:
    edges = pl.Series([window.start, window.end], dtype=TIME).cast(pl.Int64)
    named = {"from_us": edges[0], "to_us": edges[1]}
    return rows.with_columns(pl.lit(name).alias("name"), **{key: pl.lit(at, pl.Int64) for key, at in named.items()})
