"""The rows of Alpaca's bars. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bcdata.errors import BadAnswerError
from bcdata.interval import Interval
from bcdata.providers.alpaca.answers import NAME, Answer, answers
from bcdata.providers.alpaca.symbols import written
from bcdata.providers.base import RawBars, Series
from bcdata.providers.raw_rows import RawRows
from bcdata.providers.stocks.local_time import NEW_YORK, instant, labelled, seconds
from bcdata.providers.stocks.sent_rows import add_bar

_NAMES = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume", "vw": "vwap", "n": "trades"}
_NEEDED = frozenset("ohlc")
_NO_BAR = "not an object with prices `o`, `h`, `l`, `c` and an instant `t`, of days and longer a midnight of New York"


def read_bars(series: Series, bodies: Sequence[bytes]) -> RawBars:
    """The bars of pages in the order sent; rows of other symbols are not looked at.

    Raises:
        BadAnswerError: a body is no page of bars, or has bars of other symbols alone.
    """
    interval, found = Interval.parse(series.interval or ""), RawRows()
    for page, answer in answers(bodies, "bars"):
        try:
            rows = rows_of(answer, series.symbol)
        except ValueError as error:
            raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None
        for line, row in enumerate(rows):
            opened = open_of(row, interval)
            if opened is None or not row.keys() >= _NEEDED:
                told = None if opened is None else seconds(opened)
                found.refuse(page, line, row, _NO_BAR, told)
            else:
                add_bar(found, page, line, opened, {name: row.get(short) for short, name in _NAMES.items()})
    return found.built()


def rows_of(answer: Answer, symbol: str) -> list[Any]:
    """The rows of a symbol as sent.

    Raises:
        ValueError: there are those of others alone.
    """
    own = written(symbol)
    if answer.lists and own not in answer.lists:
        raise ValueError(f"it has bars of {', '.join(sorted(answer.lists))[:80]}, and {own} was asked for")
    return answer.lists.get(own, [])


def open_of(row: Any, interval: Interval) -> datetime | None:
    """The open of a row, or the label of one of a day or longer; None where it tells none."""
    try:
        return labelled(instant(row.get("t") if isinstance(row, dict) else None), interval, NEW_YORK)
    except (ValueError, OverflowError):
        return None
