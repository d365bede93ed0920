"""Whether an answer of Binance's REST API is what was asked for. One that is not proves nothing. Pure."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from bcdata.interval import EPOCH

_KLINE_FIELDS = 11
_NO_SYMBOL = -1121
_TOO_LARGE = 1 << 63
"""What no column of integers holds; JSON has numbers of any length."""


def kline_times(body: bytes, start_ms: int, end_ms: int) -> list[int]:
    """The open times of a klines answer, ascending, all in [start, end).

    Raises:
        ValueError: it is not a list of klines, or not of that range; the text says how.
    """
    if b"\\" in body:
        raise ValueError("it has escapes, which numbers do not")  # half a surrogate pair is no text, and fits no column
    times = []
    for row in _rows(body):
        if not isinstance(row, list) or len(row) < _KLINE_FIELDS:
            raise ValueError(f"a row is not a list of {_KLINE_FIELDS} fields and more")
        if not (_is_int(row[0]) and _is_int(row[6]) and _is_int(row[8])):
            raise ValueError("open time, close time or number of trades is no integer")
        times.append(row[0])
    return _in_order(times, start_ms, end_ms)


def kline_opens(body: bytes) -> list[datetime]:
    """The opens (UTC) of an answer whose shape was checked when it came."""
    return [EPOCH + timedelta(milliseconds=row[0]) for row in json.loads(body)]


def funding_times(body: bytes, symbol: str, start_ms: int, end_ms: int) -> list[int]:
    """The times of a fundingRate answer, ascending, all in [start, end).

    Raises:
        ValueError: it is not a list of this symbol's settlements, or not of that range.
    """
    times = []
    for row in _rows(body):
        if not isinstance(row, dict) or not _is_int(row.get("fundingTime")) or "fundingRate" not in row:
            raise ValueError("a row has no integer fundingTime or no fundingRate")
        if row.get("symbol") != symbol:
            raise ValueError("a row is another symbol's")
        times.append(row["fundingTime"])
    return _in_order(times, start_ms, end_ms)


def is_unknown_symbol(body: bytes) -> bool:
    """Whether an error body says that there is no such symbol."""
    try:
        error = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(error, dict) and error.get("code") == _NO_SYMBOL


def _rows(body: bytes) -> Sequence[Any]:
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(rows, list):
        raise ValueError("it is not a list")  # noqa: TRY004 (an answer, not an argument)
    return rows


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _TOO_LARGE


def _in_order(times: list[int], start_ms: int, end_ms: int) -> list[int]:
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError("times do not ascend, or repeat")
    if times and not (start_ms <= times[0] and times[-1] < end_ms):
        raise ValueError(f"times {times[0]}..{times[-1]} lie outside of {start_ms}..{end_ms - 1}")
    return times
