"""Bars and corporate actions out of kept answers of FMP. Pure functions of bytes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from bcdata.errors import BadAnswerError
from bcdata.interval import Interval
from bcdata.providers.base import RawActions, RawBars, Series
from bcdata.providers.json_body import decoded, number, text_of
from bcdata.providers.raw_rows import RawRows
from bcdata.providers.stocks.local_time import NEW_YORK, day, is_long, local, midnight, seconds
from bcdata.providers.stocks.sent_rows import RawReports, add_bar, quotient
from bcdata.providers.stocks.suffixes import is_foreign, suffixed

NAME = "fmp"
_WITHIN = {name: name for name in ("open", "high", "low", "close", "volume")}
_OF_DAYS = {"open": "adjOpen", "high": "adjHigh", "low": "adjLow", "close": "adjClose", "volume": "volume"}
"""FMP's names of prices that are not adjusted: those called `open` and so on are, for splits."""
_ADJUSTED = "prices called open, high, low and close are adjusted for splits, and raw ones were not sent"


def read_bars(series: Series, bodies: Sequence[bytes]) -> RawBars:
    """The bars of kept answers, as they were traded, in the order in which they were sent.

    Raises:
        BadAnswerError: a body is no list of bars.
    """
    interval, found = Interval.parse(series.interval or ""), RawRows()
    names = _OF_DAYS if is_long(interval) else _WITHIN
    for page, rows in _pages(bodies):
        for line, row in enumerate(rows):
            try:
                opened = opened_at(row, interval)
                require_symbol(row, series.symbol)
            except ValueError as error:
                found.refuse(page, line, row, str(error))
                continue
            if names is _OF_DAYS and "adjClose" not in row and "close" in row:
                found.refuse(page, line, row, _ADJUSTED, seconds(opened), reason="adjustment_unknown")
            else:
                add_bar(found, page, line, opened, {name: row.get(sent) for name, sent in names.items()})
    return found.built()


def read_actions(series: Series, bodies: Sequence[bytes]) -> RawActions:
    """Splits and dividends, which come in answers of their own; dividends as they were paid on their day.

    Raises:
        BadAnswerError: a body is no list of them.
    """
    found = RawReports()
    currency = None if is_foreign(series.symbol) else "USD"
    for page, rows in _pages(bodies):
        for line, row in enumerate(rows):
            try:
                require_symbol(row, series.symbol)
            except ValueError as error:
                found.refuse(page, line, row, str(error))
                continue
            ex = row.get("date")
            if "numerator" in row or "denominator" in row:
                ratio = quotient(row.get("numerator"), row.get("denominator"))
                found.add(page, line, row, "split", ex=ex, ratio=ratio)
            else:
                names = {"declared": "declarationDate", "record": "recordDate", "pay": "paymentDate"}
                dates = {name: row.get(sent) for name, sent in names.items()}
                amount = number(row.get("dividend"))
                found.add(page, line, row, "cash", ex=ex, amount=amount, currency=currency, **dates)
    return found.built()


def rows_of(body: bytes) -> list[Any]:
    """The rows of an answer.

    Raises:
        ValueError: it is no list of them.
    """
    rows = decoded(body)
    if not isinstance(rows, list):
        raise ValueError(f"it is no list: {text_of(rows)}")  # noqa: TRY004 (an answer, not an argument)
    return rows


def opened_at(row: Any, interval: Interval) -> datetime:
    """The open of a row, which is told in New York's time, or its label.

    Raises:
        ValueError: it tells none.
    """
    text = row.get("date") if isinstance(row, dict) else None
    return midnight(day(text)) if is_long(interval) else local(text, NEW_YORK)


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


def require_symbol(row: Mapping[str, Any], symbol: str) -> None:
    """Does nothing where a row is of this symbol, or does not say of which it is.

    Raises:
        ValueError: it is of another, or no row.
    """
    if not isinstance(row, dict):
        raise ValueError("it is no row of names and values")  # noqa: TRY004 (an answer, not an argument)
    name = row.get("symbol")
    if name is not None and name != suffixed(symbol):
        raise ValueError(f"it is of {text_of(name)}, and not of {suffixed(symbol)}")


def _pages(bodies: Sequence[bytes]) -> Iterator[tuple[int, list[Any]]]:
    for page, body in enumerate(bodies):
        try:
            rows = rows_of(body)
        except ValueError as error:
            raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None
        yield page, rows
