"""NautilusTrader: bars in the folder of a `ParquetDataCatalog`, in fixed-point numbers of 128 bits.

`ts_event` is the end of a bar, `ts_init` when it is known: a backtest replays data in the order of `ts_init`.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bcdata.errors import UsageError
from bcdata.exports.layouts.layout import PRICES, Content, File
from bcdata.exports.layouts.names import exchange_of
from bcdata.interval import Interval
from bcdata.store.layout import escape

_UNITS = {"s": "SECOND", "m": "MINUTE", "h": "HOUR", "d": "DAY", "w": "WEEK", "mo": "MONTH"}
_PRICE_TYPES = {"klines": "LAST", "mark_klines": "MARK"}
_DIGITS = 16
"""Of the fraction, in every number of a file."""
_SIZE_DIGITS = 8
"""Of volumes, which are sums in coarser bars, and end in noise; prices have all of theirs."""
_MOST = {"price": 17_014_118_346_046.0, "volume": 34_028_236_692_093.0}
_EXACT = 1e15
"""Below it, no two numbers of so many digits are the same float."""


def files(content: Content) -> Iterator[File]:
    """`data/bar/<SYMBOL>.<VENUE>-1-MINUTE-LAST-EXTERNAL/<first>_<last>.parquet`, by `ts_init`.

    Raises:
        UsageError: a number is too large for it, or bars are of a price that it does not know.
    """
    if content.kind not in _PRICE_TYPES:
        raise UsageError(f"nautilus has bars of trades and marks; export {content.name} as csv or parquet")
    rows = content.rows.with_columns(pl.col("volume").fill_null(0.0))
    for name, columns in (("price", PRICES), ("volume", ("volume",))):
        largest = rows.select(pl.max_horizontal(pl.col(*columns).abs().max())).item()
        if largest > _MOST[name]:
            raise UsageError(
                f"a {name} of {content.symbol} is {largest:,.0f}, and nautilus holds {_MOST[name]:,.0f} at most; "
                "export it as csv or parquet, or shorter bars"
            )
    instrument = f"{_instrument(content)}.{exchange_of(content.market).upper()}"
    bar_type = f"{instrument}-{_specification(content.bar)}-{_PRICE_TYPES[content.kind]}-EXTERNAL"
    first, last = (_named(rows["known_at"].dt.epoch("us")[at]) for at in (0, -1))
    path = f"data/bar/{bar_type}/{first}_{last}.parquet"
    yield File(path, rows.height, partial(_write, rows, instrument, bar_type))


def _instrument(content: Content) -> str:
    """A symbol as its adapters write it: perpetual contracts end in `-PERP`. It takes ASCII alone."""
    found = content.market.split(content.symbol)
    if not content.market.is_perpetual or found.contract != "perpetual":
        return escape(content.symbol)
    return f"{escape(found.base + (found.quote or ''))}-PERP"


def _specification(interval: Interval) -> str:
    count, unit = re.fullmatch(r"(\d+)([a-z]+)", interval.name).groups()  # type: ignore[union-attr]
    return f"{count}-{_UNITS[unit]}"


def _named(microseconds: int) -> str:
    """An instant as it stands in names of files."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    text = pl.Series([seconds * 1_000_000], dtype=pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H-%M-%S")[0]
    return f"{text}-{fraction:06d}000Z"


def _write(rows: pl.DataFrame, instrument: str, bar_type: str, path: Path) -> None:
    price = max(_decimals(rows[name], _DIGITS) for name in PRICES)
    size = _decimals(rows["volume"], _SIZE_DIGITS)
    digits = {**dict.fromkeys(PRICES, price), "volume": size}
    columns = {name: _fixed(rows[name], count) for name, count in digits.items()}
    for name, of in (("ts_event", "end"), ("ts_init", "known_at")):
        columns[name] = (rows[of].dt.epoch("us") * 1000).cast(pl.UInt64).to_arrow()
    known = {"bar_type": bar_type, "instrument_id": instrument}
    known |= {"price_precision": str(price), "size_precision": str(size)}
    schema = pa.schema([pa.field(name, one.type, nullable=False) for name, one in columns.items()], metadata=known)
    pq.write_table(pa.Table.from_arrays(list(columns.values()), schema=schema), str(path), compression="snappy")


def _decimals(values: pl.Series, most: int) -> int:
    """How many digits after the point hold all values exactly; `most` where more would be needed."""
    numbers = values.to_numpy()  # polars multiplies by 1/10 where numpy divides by 10
    for count in range(most):
        scaled = np.rint(numbers * 10.0**count)
        if np.abs(scaled).max() >= _EXACT:
            return min(most, max(_exponent(one) for one in numbers.tolist()))
        if bool((scaled / 10.0**count == numbers).all()):
            return count
    return most


def _exponent(value: float) -> int:
    return max(0, -int(Decimal(repr(value)).as_tuple().exponent))


def _fixed(values: pl.Series, digits: int) -> pa.Array:
    """The values as integers of 128 bits, little-endian, in units of the last of 16 digits."""
    scaled = np.rint(values.to_numpy() * 10.0**digits)
    if np.abs(scaled).max() < _EXACT:
        whole = pl.Series("whole", scaled).cast(pl.Int128)
    else:  # as they are written in decimals: no genuine price has so many
        whole = pl.Series("whole", [round(Decimal(repr(one)).scaleb(digits)) for one in values], pl.Int128)
    scale = pl.lit(10 ** (_DIGITS - digits), pl.Int128)
    found = whole.to_frame().select((pl.col("whole") * scale).cast(pl.Decimal(38, 0))).to_arrow()
    numbers = found.column(0).combine_chunks()
    return pa.Array.from_buffers(pa.binary(16), len(numbers), [None, numbers.buffers()[1]], offset=numbers.offset)
