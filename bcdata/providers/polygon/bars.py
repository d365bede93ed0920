"""The rows of Polygon's aggregates. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bcdata.interval import EPOCH, Interval
from bcdata.providers.base import RawBars, Series
from bcdata.providers.json_body import whole
from bcdata.providers.polygon.answers import Answer, answers
from bcdata.providers.polygon.symbols import is_pair, written, zone_of
from bcdata.providers.raw_rows import LATEST, RawRows
from bcdata.providers.stocks.local_time import labelled, seconds
from bcdata.providers.stocks.sent_rows import add_bar

_NAMES = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume", "vw": "vwap", "n": "trades"}
_PRICES = {name: _NAMES[name] for name in "ohlc"}
_MS = timedelta(milliseconds=1)
ADJUSTMENT_UNKNOWN = "adjustment_unknown"


def read_bars(series: Series, bodies: Sequence[bytes]) -> RawBars:
    """The bars of pages in the order sent. What currencies have in place of a volume counts quotes, and is left out.

    Raises:
        BadAnswerError: a body is no page of aggregates of this symbol.
    """
    interval, place = Interval.parse(series.interval or ""), zone_of(series.symbol)
    names = _PRICES if is_pair(series.symbol) else _NAMES
    found = RawRows()
    for page, answer in answers(bodies, written(series.symbol)):
        for line, row in enumerate(answer.rows):
            opened = open_of(row, interval, place)
            if opened is None or not row.keys() >= _PRICES.keys():
                told = None if opened is None else seconds(opened)
                found.refuse(page, line, row, _NO_BAR, told)
            elif answer.is_adjusted:
                found.refuse(page, line, row, _ADJUSTED, seconds(opened), reason=ADJUSTMENT_UNKNOWN)
            else:
                add_bar(found, page, line, opened, _named(row, names))
    return found.built()


_NO_BAR = "not an object with prices `o`, `h`, `l`, `c` and a time `t`, of days and longer a midnight of the exchange"
_ADJUSTED = "the answer says that it is adjusted, for splits that it does not tell of"


def opens(answer: Answer, interval: Interval, place: ZoneInfo) -> list[datetime | None]:
    """The opens, or labels, of the rows of an answer; None where a row tells none."""
    return [open_of(row, interval, place) for row in answer.rows]


def open_of(row: Any, interval: Interval, place: ZoneInfo) -> datetime | None:
    """The open of a row, or the label of one of a day or longer; None where it tells none."""
    ms = whole(row.get("t"), LATEST * 1000) if isinstance(row, dict) else None
    if ms is None or ms % 1000:
        return None
    try:
        return labelled(EPOCH + ms * _MS, interval, place)
    except (ValueError, OverflowError):
        return None


def _named(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: row.get(short) for short, name in names.items()}
