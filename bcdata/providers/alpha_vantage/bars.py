"""The rows of Alpha Vantage's time series. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bcdata.interval import Interval
from bcdata.providers.alpha_vantage.answers import Answer, answers
from bcdata.providers.base import RawBars, Series
from bcdata.providers.raw_rows import RawRows
from bcdata.providers.stocks.local_time import day, is_long, local, midnight, seconds
from bcdata.providers.stocks.sent_rows import add_bar

_NAMES = ("open", "high", "low", "close", "volume")
_PRICES = frozenset(_NAMES[:4])


def read_bars(series: Series, bodies: Sequence[bytes]) -> RawBars:
    """The bars of pages in the order sent. Local times that there are twice, or not at all, are refused.

    Raises:
        BadAnswerError: a body is no page of this symbol and interval.
    """
    interval, found = Interval.parse(series.interval or ""), RawRows()
    for page, answer in answers(bodies, series):
        for line, (text, row) in enumerate(answer.rows):
            try:
                opened = _open_of(text, interval, answer.place)
            except ValueError as error:
                found.refuse(page, line, [text, row], f"its time cannot be read: {error}")
                continue
            sent = _named(row)
            if not sent.keys() >= _PRICES:
                found.refuse(page, line, [text, row], f"not an object with {', '.join(_NAMES[:4])}", seconds(opened))
            else:
                add_bar(found, page, line, opened, sent)
    return found.built()


def opens(answer: Answer, interval: Interval) -> list[datetime]:
    """The opens, or labels, of the rows that tell one."""
    found = []
    for text, _ in answer.rows:
        try:
            found.append(_open_of(text, interval, answer.place))
        except ValueError:
            continue
    return found


def _open_of(text: str, interval: Interval, place: ZoneInfo) -> datetime:
    return midnight(day(text)) if is_long(interval) else local(text, place)


def _named(row: Any) -> dict[str, Any]:
    """The values of a row by their names, which are numbered: `1. open`."""
    told = {name.partition(". ")[2]: value for name, value in row.items()} if isinstance(row, dict) else {}
    return {name: told[name] for name in _NAMES if name in told}
