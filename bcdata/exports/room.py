"""What an export will take on the disk, by the sizes of the lake's files: nothing is read for it."""

from collections.abc import Iterable

from bcdata.api.loading.rows import Request
from bcdata.exports.layouts.layout import VALUES, Layout
from bcdata.reading.verified_files import over
from bcdata.store.layout import Partition

_ABOUT_ROWS = 6_000
"""Bytes of a file that tell of its rows, at most: a file of few rows has little else."""
_COLUMNS = 14
"""Of merged bars."""


def read_of(request: Request, partitions: Iterable[Partition]) -> int:
    """About how many bytes the lake's files have of the rows that are asked for."""
    source, window = request.of.source, request.window
    total = 0.0
    for one in over(source, partitions, window):
        info, held = request.store.objects.stat(one.key()), source.grain.window(one.date)
        inside = min(held.end, window.end) - max(held.start, window.start)
        if info is not None:
            total += max(info.size - _ABOUT_ROWS, 0) * (inside / (held.end - held.start))
    return int(total * _left(request))


def written_of(layout: Layout, read: int, features: int) -> int:
    """About how many bytes a layout writes of the rows that so many are read of, with so many features beside them."""
    values = 1 + len(VALUES) if layout.is_engine else _COLUMNS
    return int(read * layout.size * (values + features) / values)


def _left(request: Request) -> float:
    """The part of its rows that is left where coarser bars are computed."""
    own, wanted = request.of.source.interval, request.of.interval
    if request.of.grid is None or not (own and own.length and wanted and wanted.length):
        return 1.0
    return own.length / wanted.length
