"""Klines as Binance sends them (CSV objects, JSON pages) -> one raw frame. Pure; no rule is applied here.

The raw frame has the columns of `_RAW`: times in µs since the epoch as sent (ms are scaled, row by row), prices and
volumes as sent, `object` = index of the object that held the row, `line` = its number there, from 0. A value that
is no number is null. Lines that are no rows at all come back beside it, as they stood.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from bcdata.frames.schema import BAD_LINES, schema_of
from bcdata.interval import EPOCH, Interval
from bcdata.providers.base import Series
from bcdata.providers.binance.contracts import contract_size
from bcdata.providers.binance.files.csv_text import first_width, rows_of, widest, width_of
from bcdata.providers.binance.files.joined import stamps_in
from bcdata.quality.verdict import Finding, Severity

_NUMBERS = schema_of(
    {
        "open_time": pl.Int64,
        "open": pl.Float64,
        "high": pl.Float64,
        "low": pl.Float64,
        "close": pl.Float64,
        "volume": pl.Float64,
        "close_time": pl.Int64,
        "quote_volume": pl.Float64,
        "trades": pl.Int64,
        "taker_buy_volume": pl.Float64,
        "taker_buy_quote_volume": pl.Float64,
    }
)
_AMOUNTS = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
WITHOUT_AMOUNTS = frozenset({"mark_klines", "index_klines", "premium_klines"})
"""Kinds of klines that have prices alone."""
CSV = schema_of({**_NUMBERS, "ignore": pl.String})
_HEADER = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume"
_WIDTH = len(CSV)
_RAW = schema_of({**_NUMBERS, "object": pl.Int64, "line": pl.Int64})

_MICROSECONDS_FROM = 10**14
"""Milliseconds reach this in the year 5138; microseconds passed it in 1973."""
_IRREGULAR = (1_514_764_800_000_000, 1_519_862_400_000_000)
"""From 2018-01-01 to 2018-03-01, in µs."""


@dataclass(frozen=True, slots=True)
class RawKlines:
    """Rows as sent, and the lines that are none; `wide` are the objects (by index) with more columns than the known."""

    rows: pl.DataFrame
    bad_lines: pl.DataFrame
    wide: tuple[int, ...] = ()


def check_columns(content: bytes) -> bytes:
    """Returns the content without byte-order mark, header and quotes, if it has any.

    Raises:
        ObjectError: `columns`: the header names, or most rows have, other columns than klines do.
    """
    return rows_of(content, _HEADER.split(","), width=_WIDTH, what="klines")


def read_csv(contents: Sequence[bytes]) -> RawKlines:
    """Reads the CSV contents of several objects (headers already taken off) as one frame.

    One buffer is parsed at once: file by file takes three times as long. Columns after the known ones are not read.
    """
    bodies = [body if body.endswith(b"\n") or not body else body + b"\n" for body in contents]
    widths = {max(first_width(body), _WIDTH) for body in bodies if body.strip()} or {_WIDTH}
    if len(widths) == 1 and max(widths) <= widest(_WIDTH) and (frame := _read_at_once(bodies, *widths)) is not None:
        wide = tuple(range(len(bodies))) if widths != {_WIDTH} else ()
        return RawKlines(_scaled(frame), pl.DataFrame(schema=BAD_LINES), wide)
    own = [max(width_of(body), _WIDTH) for body in bodies]
    each = [_read_line_by_line(at, body, width) for at, (body, width) in enumerate(zip(bodies, own, strict=True))]
    wide = tuple(at for at, width in enumerate(own) if width > _WIDTH)
    return RawKlines(_scaled(pl.concat(rows for rows, _ in each)), pl.concat(bad for _, bad in each), wide)


def _read_at_once(bodies: Sequence[bytes], width: int) -> pl.DataFrame | None:
    """All rows of all bodies; None where some line is no row of so many numbers."""
    more = {f"more_{at}": pl.String for at in range(width - _WIDTH)}
    schema = schema_of({**CSV, **more})
    try:
        frame = pl.read_csv(io.BytesIO(b"".join(bodies)), has_header=False, schema=schema, quote_char=None)
    except pl.exceptions.NoDataError:
        frame = pl.DataFrame(schema=schema)
    except pl.exceptions.PolarsError:
        return None
    # A line that lacks its end is filled up with nulls: in the last column too nothing may be null.
    lengths = [body.count(b"\n") for body in bodies]
    if frame.height != sum(lengths) or any(frame.null_count().row(0)):
        return None
    origin = pl.DataFrame({"object": pl.Series(range(len(bodies)), dtype=pl.Int64), "n": lengths}).select(
        pl.col("object").repeat_by("n").list.explode(keep_nulls=False, empty_as_null=False)
    )
    lines = pl.int_range(pl.len()).over("object").alias("line")
    return pl.concat([frame.select(_NUMBERS.names()), origin], how="horizontal").with_columns(lines)


def read_pages(pages: Sequence[bytes]) -> RawKlines:
    """Reads REST pages (JSON lists of rows; their shape was checked when they were asked for)."""
    frames = []
    for index, page in enumerate(pages):
        rows = [row[: len(_NUMBERS)] for row in json.loads(page)]
        columns = {name: [str(row[at]) for row in rows] if rows else [] for at, name in enumerate(_NUMBERS.names())}
        frame = pl.DataFrame(columns, schema=dict.fromkeys(_NUMBERS, pl.String))
        frames.append(_typed(frame, index, pl.int_range(pl.len())))
    rows_frame = pl.concat(frames) if frames else pl.DataFrame(schema=_RAW)
    return RawKlines(_scaled(rows_frame), pl.DataFrame(schema=BAD_LINES))


def canonical(rows: pl.DataFrame, series: Series, *, apart: Sequence[str] = ()) -> tuple[pl.DataFrame, list[Finding]]:
    """Raw rows in the meaning of canonical bars: volumes are of base and quote, opens of early 2018 on the grid.

    Args:
        rows: raw rows.
        series: whose rows they are, and of which interval.
        apart: as for `snap_early_2018`.

    Returns:
        The rows with `known_at`, those of COIN-M's trades with `contracts` too; and what was changed.
    """
    if series.kind in WITHOUT_AMOUNTS:
        rows = without_amounts(rows)
    elif series.market == "cm":
        rows = coin_margined(rows, contract_size(series.symbol))
    return snap_early_2018(rows, Interval.parse(series.interval or ""), apart=apart)


def without_amounts(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a price that is computed and not traded: amounts, which are written as 0, are null.

    What stands there in the place of the number of trades counts the values that the bar was made of. Another amount
    than 0 stays as it was sent: no such bar has one, and the audit says so.
    """
    amounts = [pl.when(pl.col(name) != 0).then(name).alias(name) for name in _AMOUNTS]
    return rows.with_columns(*amounts, pl.lit(None, dtype=pl.Int64).alias("trades"))


def coin_margined(rows: pl.DataFrame, contract_size: float) -> pl.DataFrame:
    """COIN-M rows in the meaning of all other markets: base volume and quote volume; `contracts` beside them.

    There `volume` counts contracts and the columns named quote volume hold base volume (binance.md, bpd#267).
    """
    return rows.with_columns(
        pl.col("volume").alias("contracts"),
        pl.col("quote_volume").alias("volume"),
        (pl.col("volume") * contract_size).alias("quote_volume"),
        pl.col("taker_buy_quote_volume").alias("taker_buy_volume"),
        (pl.col("taker_buy_volume") * contract_size).alias("taker_buy_quote_volume"),
    )


def snap_early_2018(
    rows: pl.DataFrame, interval: Interval, *, apart: Sequence[str] = ()
) -> tuple[pl.DataFrame, list[Finding]]:
    """Puts off-grid opens of early 2018 onto the grid, where no bar stands there already (bpd#77).

    After the exchange's stand-still of February 2018 some bars opened seconds late, hours up to 28 minutes. They are
    real trading; only their label is off. Later off-grid rows are defects and left to the rules, and so are rows that
    close before they open or after the next bar's end.

    Args:
        rows: raw rows.
        interval: their length.
        apart: columns of which each value has a grid of its own: where a bar of one stands, one of another may be put.

    Returns:
        The rows with `known_at` (µs since the epoch): of a row that was moved the end that it really had, which is the
        greater of open + interval and close_time + 1 µs as sent; null for all others, which are known at their end.
    """
    nothing = pl.lit(None, dtype=pl.Int64).alias("known_at")
    dated = pl.col("open_time").is_between(*_IRREGULAR, closed="left")
    if interval.length is None or not rows.select(dated.any()).item():
        return rows.with_columns(nothing), []
    step = int(interval.length.total_seconds() * 1_000_000)
    anchor = int((interval.anchor - EPOCH).total_seconds() * 1_000_000)
    floor = (pl.col("open_time") - anchor) // step * step + anchor
    taken = (pl.col("open_time") == floor).any().over(floor, *apart)
    closes = pl.col("close_time").is_between(pl.col("open_time"), floor + 2 * step, closed="none")
    off = dated & (pl.col("open_time") != floor) & ~taken & closes
    count = rows.select(off.sum()).item()
    if not count:
        return rows.with_columns(nothing), []
    end = pl.max_horizontal(pl.col("open_time") + step, pl.col("close_time") + 1)
    close = pl.min_horizontal("close_time", floor + step - 1)
    snapped = rows.with_columns(
        pl.when(off).then(floor).otherwise("open_time").alias("open_time"),
        pl.when(off).then(close).otherwise("close_time").alias("close_time"),
        pl.when(off).then(end).alias("known_at"),
    )
    return snapped, [Finding("off_grid_2018", Severity.WARN, int(count), "opens off the grid, put onto it")]


def _read_line_by_line(index: int, body: bytes, width: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The slow way, taken when a buffer holds something that is no kline: keeps what it cannot read as text."""
    text = body.decode("utf-8", "replace").split("\n")[:-1]
    frame = pl.DataFrame({"line": range(len(text)), "text": text}, schema={"line": pl.Int64, "text": pl.String})
    fields = frame.filter(pl.col("text").str.strip_chars() != "").with_columns(
        pl.col("text").str.strip_suffix("\r").str.split(",").alias("fields")
    )
    count = pl.col("fields").list.len()
    numbers = [pl.col("fields").list.get(at).alias(name) for at, name in enumerate(_NUMBERS.names())]
    whole = fields.filter(count == width).select("line", *numbers)
    bad = fields.filter(count != width).with_columns(
        pl.lit(index, dtype=pl.Int64).alias("object"),
        (pl.lit("the line has ") + count.cast(pl.String) + f" fields where klines have {width}").alias("evidence"),
    )
    stamps = [stamps_in(one, width) for one in bad["fields"].to_list()]
    bad = bad.with_columns(pl.Series("open_time", stamps, dtype=pl.List(pl.Int64)))
    bad = bad.explode("open_time", keep_nulls=True, empty_as_null=True).with_columns(micros(pl.col("open_time")))
    return _typed(whole, index, pl.col("line")), bad.select(BAD_LINES.names())


def _typed(text: pl.DataFrame, index: int, line: pl.Expr) -> pl.DataFrame:
    numbers = [pl.col(name).cast(dtype, strict=False) for name, dtype in _NUMBERS.items()]
    origin = pl.lit(index, dtype=pl.Int64).alias("object")
    return text.select(*numbers, origin, line.cast(pl.Int64).alias("line"))


def micros(stamp: pl.Expr, *, unit_end: int = 0) -> pl.Expr:
    """A stamp in µs: milliseconds are told by their magnitude, row by row (binance.md: the unit changed in 2025).

    A stamp in another unit stays a time far from what its object names, and is left to the rules. `unit_end` is added
    to milliseconds alone.
    """
    return pl.when(stamp.abs() >= _MICROSECONDS_FROM).then(stamp).otherwise(stamp * 1000 + unit_end)


def _scaled(frame: pl.DataFrame) -> pl.DataFrame:
    """Brings the times to µs. A close in ms names the last millisecond of the bar, and is scaled to its end."""
    close = micros(pl.col("close_time"), unit_end=999)
    return frame.with_columns(micros(pl.col("open_time")).alias("open_time"), close.alias("close_time"))
