"""Collects the rows of pages, good and bad, into `RawBars`."""

from collections.abc import Mapping

import polars as pl

from bcdata.frames.schema import RAW_BAR, REFUSED
from bcdata.providers.base import RawBars
from bcdata.providers.json_body import text_of

LATEST = 253_402_300_799
"""The last second of the year 9999: what opens later is no bar."""
_US = 1_000_000
UNREADABLE_LINE = "unreadable_line"
"""The rule of a row that is none."""


class RawRows:
    """Rows one by one; `object` is the index of the page, `line` the number of the row there, from 0."""

    def __init__(self) -> None:
        self._rows: list[tuple[object, ...]] = []
        self._bad: list[tuple[object, ...]] = []

    def add(self, page: int, line: int, opened: int, values: Mapping[str, float | int | None]) -> None:
        """A bar: its open in seconds since the epoch, UTC, and the values that it has."""
        known = {**values, "open_time": opened * _US, "object": page, "line": line}
        self._rows.append(tuple(known.get(name) for name in RAW_BAR))

    def refuse(
        self,
        page: int,
        line: int,
        row: object,
        evidence: str,
        opened: int | None = None,
        *,
        reason: str = UNREADABLE_LINE,
    ) -> None:
        """A row that is none, or is held back: by which rule, what is wrong with it, and the open (s) that it tells."""
        self._bad.append((page, line, text_of(row), evidence, None if opened is None else opened * _US, reason))

    def bad_lines(self) -> pl.DataFrame:
        """The rows that are none."""
        return pl.DataFrame(self._bad, REFUSED, orient="row")

    def built(self, damage: pl.DataFrame | None = None) -> RawBars:
        """All that was collected, in that order, and what it contradicts itself in."""
        return RawBars(pl.DataFrame(self._rows, RAW_BAR, orient="row"), self.bad_lines(), damage)
