"""What faults do to answers and objects. Pure: the same fault does the same to the same request."""

import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bcdata.simulate.answers import Answer, rest_error, s3_error
from bcdata.simulate.binance.market.market import StoredObject
from bcdata.simulate.binance.market.names import ObjectName
from bcdata.simulate.binance.market.symbols import to_ms
from bcdata.simulate.binance.market.zips import make_zip, read_zip
from bcdata.simulate.damage import damaged_body
from bcdata.simulate.faults import ROW_KINDS, Fault

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_MICROSECONDS_FROM = 10**14
_REST_WORDS = {
    418: (-1003, "Way too much request weight used; IP banned. Please use WebSocket Streams to avoid bans."),
    429: (-1003, "Too many requests; please use WebSocket Streams for live updates to avoid polling the API."),
    451: (0, "Service unavailable from a restricted location according to 'b. Eligibility'."),
    500: (-1000, "An unknown error occurred while processing the request."),
    503: (-1008, "Server is currently overloaded with other requests. Please try again in a few minutes."),
}


def changed_object(stored: StoredObject, name: ObjectName, fault: Fault) -> StoredObject:
    """The object as a `republish` or `half_day` fault has it."""
    if fault.kind == "republish":
        return StoredObject(fault.body, fault.last_modified or stored.last_modified + timedelta(days=1))
    return replace(stored, body=_first_half(stored.body, name))


def _first_half(body: bytes, name: ObjectName) -> bytes:
    """The object as it is when it is cut in the middle of its day or month; a damaged one stays as it is."""
    try:
        member, content = read_zip(body)
    except zipfile.BadZipFile:
        return body
    window = name.window
    middle = to_ms(window.start + (window.end - window.start) / 2)
    kept = [line for line in content.splitlines(keepends=True) if _opens_before(line, middle)]
    return make_zip(member, b"".join(kept), window.end)


def _opens_before(line: bytes, middle: int) -> bool:
    first = line.partition(b",")[0]
    if not first.isdigit():
        return True
    opening = int(first)
    return (opening // 1000 if opening >= _MICROSECONDS_FROM else opening) < middle


def damaged(answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
    """The answer as a fault on status, body or rows has it; other kinds leave it alone."""
    if fault.kind == "status":
        return _status(fault, line)
    if answer.status != 200:  # noqa: PLR2004
        return answer
    if fault.kind in ROW_KINDS:
        rows = _ROW_FAULTS[fault.kind](json.loads(answer.body), to_ms(now))
        return replace(answer, body=json.dumps(rows, separators=(",", ":")).encode())
    if fault.kind == "wrong_checksum":
        return replace(answer, body=_lie(answer.body))
    return damaged_body(answer, fault, line)


def _status(fault: Fault, line: str) -> Answer:
    if " /archive/" in line or " /listing" in line:
        answer = s3_error(fault.status, "SlowDown", "Please reduce your request rate.")
    else:
        answer = rest_error(fault.status, *_REST_WORDS.get(fault.status, (-1000, "An unknown error occurred.")))
    wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    return answer.with_headers(wait)


def _lie(body: bytes) -> bytes:
    """Another digest of the right form: every digit moved by one."""
    digest, separator, name = body.partition(b" ")
    return digest.translate(bytes.maketrans(b"0123456789abcdef", b"123456789abcdef0")) + separator + name


def _moved(rows: list[Any], _now: int) -> list[Any]:
    """The same rows, a day earlier than they are."""
    if rows and isinstance(rows[0], dict):
        return [{**row, "fundingTime": row["fundingTime"] - _DAY_MS} for row in rows]
    return [[row[0] - _DAY_MS, *row[1:6], row[6] - _DAY_MS, *row[7:]] for row in rows]


def _with_open_bar(rows: list[Any], now: int) -> list[Any]:
    """One bar more, which opens now or earlier and closes later."""
    if not rows or isinstance(rows[-1], dict):
        return rows
    last = rows[-1]
    length = int(last[6]) - int(last[0]) + 1
    opening = now - now % length
    return [*rows, [opening, *last[1:6], opening + length - 1, *last[7:]]]


def _twice(rows: Sequence[Any], _now: int) -> list[Any]:
    return [row for row in rows for _ in range(2)]


def _with_rows_before(rows: list[Any], _now: int) -> list[Any]:
    """The same rows, and before them the same ones as they would stand an hour earlier."""
    if rows and isinstance(rows[0], dict):
        return [{**rows[0], "fundingTime": rows[0]["fundingTime"] - _HOUR_MS}, *rows]
    before = [[row[0] - _HOUR_MS, *row[1:6], row[6] - _HOUR_MS, *row[7:]] for row in rows]
    return [*(row for row in before if row[0] < rows[0][0]), *rows]


_ROW_FAULTS: dict[str, Callable[[list[Any], int], list[Any]]] = {
    "empty": lambda _rows, _now: [],
    "wrong_range": _moved,
    "duplicate_rows": _twice,
    "unfinished_rows": _with_open_bar,
    "unsorted_rows": lambda rows, _now: rows[::-1],
    "extra_rows": _with_rows_before,
}
