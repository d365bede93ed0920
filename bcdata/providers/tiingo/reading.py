"""Bars and corporate actions out of kept answers of Tiingo. Pure functions of bytes."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from bcdata.errors import BadAnswerError
from bcdata.interval import Interval
from bcdata.providers.base import RawActions, RawBars, Series
from bcdata.providers.json_body import decoded, number, text_of
from bcdata.providers.raw_rows import RawRows
from bcdata.providers.stocks.local_time import day, instant, is_long, midnight
from bcdata.providers.stocks.sent_rows import RawReports, add_bar, is_nothing

NAME = "tiingo"
_VALUES = ("open", "high", "low", "close", "volume")
_MIDNIGHT = re.compile(r"T00:00:00(\.0+)?(Z|\+00:00)", re.ASCII)
"""What stands behind a date that is no instant."""
_DATE = len("2024-03-08")


def read_bars(series: Series, bodies: Sequence[bytes]) -> RawBars:
    """The bars of kept answers, as they were traded, in the order in which they were sent.

    Raises:
        BadAnswerError: a body is no list of bars.
    """
    interval, found = Interval.parse(series.interval or ""), RawRows()
    for page, rows in _pages(bodies):
        for line, row in enumerate(rows):
            try:
                opened = opened_at(row, interval)
            except ValueError as error:
                found.refuse(page, line, row, f"its date cannot be read: {error}")
                continue
            # A bar whose month ends on its first day was cut off by the end of what was asked for.
            if interval.length is not None or opened.day > 1:
                add_bar(found, page, line, opened, {name: row.get(name) for name in _VALUES})
    return found.built()


def read_actions(series: Series, bodies: Sequence[bytes]) -> RawActions:
    """Splits and payments, which stand at the bars of their days.

    Raises:
        BadAnswerError: a body is no list of bars.
    """
    del series
    found = RawReports()
    for page, rows in _pages(bodies):
        for line, row in enumerate(rows):
            ex = date_of(row)
            ratio, paid = (row.get(name) if isinstance(row, dict) else None for name in ("splitFactor", "divCash"))
            if ex is None or not (is_nothing(ratio) or number(ratio) == 1):
                found.add(page, line, row, "split", ex=ex, ratio=number(ratio))
            if ex is not None and not (is_nothing(paid) or number(paid) == 0):
                found.add(page, line, row, "cash", ex=ex, amount=number(paid), currency="USD")
    return found.built()


def rows_of(body: bytes) -> list[Any]:
    """The rows of an answer.

    Raises:
        ValueError: it is no list of them.
    """
    rows = decoded(body)
    if not isinstance(rows, list):
        raise ValueError(f"it is no list of bars: {text_of(rows)}")  # noqa: TRY004 (an answer, not an argument)
    return rows


def opened_at(row: Any, interval: Interval) -> datetime:
    """The open of a row, or its label.

    Raises:
        ValueError: it tells none.
    """
    if not is_long(interval):
        return instant(row.get("date") if isinstance(row, dict) else None)
    return midnight(day(date_of(row)))


def opens_of(rows: Sequence[Any], interval: Interval) -> list[datetime]:
    """The opens of rows that tell any.

    Raises:
        ValueError: bars are closer to each other than those of the interval are.
    """
    found = []
    for row in rows:
        try:
            found.append(opened_at(row, interval))
        except ValueError:
            continue
    length = interval.length
    if length is not None and any(after - before < length for before, after in pairwise(sorted(set(found)))):
        raise ValueError(f"its bars are closer to each other than {interval.name}")
    return found


def date_of(row: Any) -> str | None:
    """The date of a row of a day, which is written as if it were an instant; None where it is another one."""
    text = row.get("date") if isinstance(row, dict) else None
    if not isinstance(text, str) or not (len(text) == _DATE or _MIDNIGHT.fullmatch(text[_DATE:])):
        return None
    return text[:_DATE]


def _pages(bodies: Sequence[bytes]) -> Iterator[tuple[int, list[Any]]]:
    for page, body in enumerate(bodies):
        try:
            rows = rows_of(body)
        except ValueError as error:
            raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None
        yield page, rows
