"""The rows of Trades answers: which trade each is, and each trade once, however pages overlap. Pure."""

from collections import Counter
from collections.abc import Sequence
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
    before, after = _last_known(times), _last_known(times[::-1])[::-1]
    copies: Counter[str] = Counter()
    found: list[tuple[object, ...]] = []
    for line, (row, ns) in enumerate(zip(rows, times, strict=True)):
        is_trade = ns is not None and len(row) >= _FIELDS
        if not is_trade:
            opened = None if ns is None else ns // _NS // bar_seconds * bar_seconds
            bad.refuse(page, line, row, f"not a list of {_FIELDS} fields with a time in the third", opened)
        price, volume = (number(row[0]), number(row[1])) if is_trade else (None, None)
        own_id = whole(row[_ID_AT], _LARGEST_ID) if is_trade and len(row) > _ID_AT else None
        text = None if own_id is not None else text_of(row)
        if text is not None:
            copies[text] += 1
        copy = 0 if text is None else copies[text]
        where = {before[line], after[line]} - {None}
        found.extend((at, price, volume, own_id, text, copy, page, line) for at in where)
    return pl.DataFrame(found, _SCHEMA, orient="row")


def once(pages: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Each trade once, in order of time. What pages have in common is the same trade."""
    if not pages:
        return pl.DataFrame(schema=_SCHEMA)
    each = pl.concat(pages).unique(subset=_IDENTITY, keep="first", maintain_order=True)
    return each.sort("ns", "id", nulls_last=True, maintain_order=True)


def _last_known(times: Sequence[int | None]) -> list[int | None]:
    """For each row its own time, or that of the last row before it that has one."""
    known: list[int | None] = []
    for own in times:
        known.append(known[-1] if own is None and known else own)
    return known
