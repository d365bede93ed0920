"""The rows of Trades answers: which trade each is, and each trade once, however pages overlap. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from bcdata.providers.json_body import number, text_of, whole
from bcdata.providers.raw_rows import LATEST, RawRows

_NS = 1_000_000_000
_MOST_DIGITS = 30
_FIELDS = 6
_ID_AT = 6
_LARGEST_ID = (1 << 63) - 1
_SCHEMA = pl.Schema(
    {
        "ns": pl.Int64,
        "price": pl.Float64,
        "volume": pl.Float64,
        "id": pl.Int64,
        "text": pl.String,
        "copy": pl.Int64,
        "object": pl.Int64,
        "line": pl.Int64,
    }
)
_IDENTITY = ("ns", "id", "text", "copy")


def time_of(row: Any) -> int | None:
    """The time of a trade, ns since the epoch, as exactly as it is written; None where it tells none."""
    if not isinstance(row, list) or len(row) < 3 or number(row[2]) is None:  # noqa: PLR2004
        return None
    text = str(row[2])
    if len(text) > _MOST_DIGITS:
        return None
    ns = int(Decimal(text) * _NS)
    return ns if 0 <= ns <= LATEST * _NS and ns <= _LARGEST_ID else None


def trades(page: int, rows: Sequence[Any], bad: RawRows, bar_seconds: int) -> pl.DataFrame:
    """The trades of one page. One that cannot be read spoils the bar that it lies in: its price and size are null.

    A row without a time lies where its neighbours in the page do. Rows without an id are told apart by all that they
    say, and equal ones by their number in the page.
    """
    times = [time_of(row) for row in rows]
    copies: Counter[str] = Counter()
    found: list[tuple[object, ...]] = []
    for line, (row, ns) in enumerate(zip(rows, times, strict=True)):
        values = (number(row[0]), number(row[1])) if ns is not None else (None, None)
        is_trade = ns is not None and len(row) >= _FIELDS
        if not is_trade:
            opened = None if ns is None else ns // _NS // bar_seconds * bar_seconds
            bad.refuse(page, line, row, f"not a list of {_FIELDS} fields with a time in the third", opened)
        number_of = whole(row[_ID_AT], _LARGEST_ID) if is_trade and len(row) > _ID_AT else None
        text = None if number_of is not None else text_of(row)
        copies[text or ""] += text is not None
        for near in [ns] if ns is not None else _beside(times, line):
            price, volume = values if is_trade else (None, None)
            found.append((near, price, volume, number_of, text, copies[text or ""] if text else 0, page, line))
    return pl.DataFrame(found, _SCHEMA, orient="row")


def once(pages: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Each trade once, in order of time. What pages have in common is the same trade."""
    if not pages:
        return pl.DataFrame(schema=_SCHEMA)
    each = pl.concat(pages).unique(subset=_IDENTITY, keep="first", maintain_order=True)
    return each.sort("ns", "id", nulls_last=True, maintain_order=True)


def _beside(times: Sequence[int | None], line: int) -> Iterator[int]:
    """The times of the nearest rows before and after this one that have any."""
    for near in (reversed(times[:line]), times[line + 1 :]):
        yield from (ns for ns in [next((ns for ns in near if ns is not None), None)] if ns is not None)
