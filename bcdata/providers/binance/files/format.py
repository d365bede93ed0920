"""How the archive's files are read (`BulkFormat`): zips with one CSV each."""

from collections.abc import Sequence

import polars as pl

from bcdata.interval import Interval
from bcdata.providers.base import Series
from bcdata.providers.binance.files.peek import content_of, coverage, lines, opens
from bcdata.providers.binance.funding import has_more_columns, read_funding_csv
from bcdata.providers.binance.klines import canonical, read_csv
from bcdata.providers.binance.metrics import read_metrics
from bcdata.providers.formats import FileBars, FileMetrics, FileSettlements, PublishedFile

__all__ = ["bars", "bars_as_sent", "coverage", "lines", "metrics", "opens", "settlements"]


def bars_as_sent(file: PublishedFile, interval: Interval) -> pl.DataFrame:
    """The bars of a klines object as sent, in its order: `open_time` is in µs (Int64), and nothing is judged.

    Raises:
        ObjectError: it cannot be read.
    """
    return read_csv([lines(file, interval)]).rows


def bars(contents: Sequence[bytes], series: Series, *, apart: bool = False) -> FileBars:
    """The bars of several klines objects in the meaning of canonical bars; no rule is applied.

    Args:
        contents: the lines of each.
        series: whose bars they are, and of which interval.
        apart: whether each object has a grid of its own.
    """
    found = read_csv(contents)
    rows, findings = canonical(found.rows, series, apart=("object",) if apart else ())
    return FileBars(rows, found.bad_lines, found.wide, tuple(findings))


def settlements(file: PublishedFile) -> FileSettlements:
    """The settlements of a fundingRate object; columns after the known ones are not read.

    Raises:
        ObjectError: it cannot be read, or has other columns.
    """
    content = content_of(file, None)
    return FileSettlements(read_funding_csv(content, file.name, file.window), has_more_columns(content))


def metrics(file: PublishedFile, series: Series) -> FileMetrics:
    """The metrics of a metrics object; columns that are not known are not read.

    Raises:
        ObjectError: it cannot be read, lacks columns, or holds no row.
    """
    return read_metrics(content_of(file, None), file.name, file.window, series.market)
