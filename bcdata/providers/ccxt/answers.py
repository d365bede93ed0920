"""What is kept of an answer, and what it proves. Pure, and without ccxt."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bcdata.interval import EPOCH, Interval
from bcdata.providers.json_body import decoded, text_of, whole
from bcdata.providers.raw_rows import LATEST
from bcdata.windows import Window, overlap

FIELDS = 6
"""Of a row: its open (ms), open, high, low, close, volume."""
_MS = timedelta(milliseconds=1)
_LATEST_MS = (LATEST - 86_400) * 1000
"""A bar that opens later does not end before there are no more instants."""


@dataclass(frozen=True, slots=True)
class CcxtPage:
    """One answer of an exchange: path and query of the question without the server's address, and the text as sent."""

    url: str
    body: str


def body_of(about: Mapping[str, str], rows: Sequence[Any], sent: Sequence[CcxtPage]) -> bytes:
    """The body of a page: rows as ccxt reads them, and beside them the answers as the exchange sent them.

    Each exchange has a format of its own, which ccxt alone can read; its rows are what is parsed.
    """
    answers = [{"url": one.url, "body": one.body} for one in sent]
    page = {**about, "rows": rows, "sent": answers}
    return json.dumps(page, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def rows_of(body: bytes) -> list[Any]:
    """The rows of a page's body.

    Raises:
        ValueError: it is none.
    """
    page = decoded(body)
    rows = page.get("rows") if isinstance(page, dict) else None
    if not isinstance(rows, list):
        raise ValueError(f"it has no list of rows: {text_of(page)}")  # noqa: TRY004 (an answer, not an argument)
    return rows


def open_ms(row: Any) -> int | None:
    """The open of a row, ms since the epoch, UTC; None where it tells none."""
    return whole(row[0], _LATEST_MS) if isinstance(row, list) and row else None


def opens_of(rows: Sequence[Any], interval: Interval) -> list[datetime]:
    """The opens (UTC) of rows that lie on the interval's grid, once each, ascending."""
    found = {EPOCH + ms * _MS for row in rows if (ms := open_ms(row)) is not None}
    return sorted(one for one in found if interval.floor(one) == one)


def within(rows: Sequence[Any], window: Window) -> list[Any]:
    """The rows that open in a window, and those that tell no time."""
    return [row for row in rows if (ms := open_ms(row)) is None or EPOCH + ms * _MS in window]


def proven(rows: Sequence[Any], interval: Interval, window: Window) -> list[Window]:
    """The parts of a window about which an answer says everything.

    Exchanges differ in where an answer begins and ends, so that silence before its first row and after its last one
    proves nothing. Between two of its rows, a bar is left out because nothing was traded; unless there are rows without
    a volume: who sends those leaves out nothing for that reason, and a missing bar is not explained.
    """
    opens = opens_of(rows, interval)
    if not opens:
        return []
    sends_empty = any(row[FIELDS - 1] == 0 for row in rows if isinstance(row, list) and len(row) >= FIELDS)
    parts = _unbroken(opens, interval) if sends_empty else [Window(opens[0], interval.next(opens[-1]))]
    return [part for one in parts if not (part := overlap(one, window)).is_empty]


def _unbroken(opens: Sequence[datetime], interval: Interval) -> Iterator[Window]:
    """The spans in which each bar has a row."""
    start = opens[0]
    for one, following in zip(opens, [*opens[1:], None], strict=True):
        end = interval.next(one)
        if following != end:
            yield Window(start, end)
            start = following or end
