"""What is in a klines object of the archive: its lines, and its bars as they stand there."""

import polars as pl

from bcdata.intervals import Interval
from bcdata.providers.binance.files.peek import content_bound, member_name
from bcdata.providers.binance.files.unzip import unzip
from bcdata.providers.binance.klines import check_columns, read_csv
from bcdata.windows import Window


def lines_in(body: bytes, name: str, window: Window, interval: Interval) -> bytes:
    """The lines of an object, without a header.

    Args:
        body: the zip.
        name: the object's name, by which its member is named.
        window: the time that it covers: it bounds what the zip may inflate to.
        interval: the length of its bars.

    Raises:
        ObjectError: it cannot be read.
    """
    content = unzip(body, member=member_name(name), max_bytes=content_bound(window, interval))
    return check_columns(content)


def bars_in(body: bytes, name: str, window: Window, interval: Interval) -> pl.DataFrame:
    """The bars of an object as sent, in its order: `open_time` is in µs (Int64), and nothing is judged.

    Args:
        body: the zip.
        name: the object's name, by which its member is named.
        window: the time that it covers.
        interval: the length of its bars.

    Raises:
        ObjectError: it cannot be read.
    """
    return read_csv([lines_in(body, name, window, interval)]).rows
