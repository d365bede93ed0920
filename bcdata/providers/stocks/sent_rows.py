"""Rows as providers of stocks send them: bars without a trade, and what companies do to their shares."""

import math
from collections.abc import Mapping
from datetime import date, datetime

import polars as pl

from bcdata.frames.columns import PRICES
from bcdata.frames.schema import ACTION_KINDS, REFUSED, REPORTS, conform
from bcdata.providers.base import RawActions
from bcdata.providers.json_body import number, text_of, whole
from bcdata.providers.raw_rows import UNREADABLE_LINE, RawRows
from bcdata.providers.stocks.local_time import day, midnight, seconds

_NOTHING = frozenset({"", "-", "none", "null", "nan", "n/a"})
_OF_SHARES = frozenset({"split", "stock"})
_WITHOUT_VALUE = frozenset({"spin_off", "rename"})
_MOST_TRADES = 2**53
_US = 1_000_000


def is_nothing(value: object) -> bool:
    """Whether a value says that there is none: null, or a word for it."""
    return value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING)


def add_bar(found: RawRows, page: int, line: int, opened: datetime, sent: Mapping[str, object]) -> None:
    """A bar of values as sent, by their names in the lake; one without any price had no trade, and is left out."""
    if all(is_nothing(sent.get(name)) for name in PRICES):
        return
    values = {name: whole(value, _MOST_TRADES) if name == "trades" else number(value) for name, value in sent.items()}
    found.add(page, line, seconds(opened), values)


class RawReports:
    """Corporate actions one by one; `object` is the index of the page, `line` the number of the row there, from 0."""

    def __init__(self) -> None:
        self._rows: list[dict[str, object]] = []
        self._bad: list[tuple[object, ...]] = []

    def add(
        self,
        page: int,
        line: int,
        row: object,
        kind: str,
        *,
        ex: object,
        ratio: float | None = None,
        amount: float | None = None,
        currency: object = None,
        renamed_from: str | None = None,
        renamed_to: str | None = None,
        **dates: object,
    ) -> None:
        """An action, or a line that is refused: without its date, or without shares or a payment above 0.

        Args:
            page: the index of the page.
            line: the number of the row there.
            row: as it was sent.
            kind: one of `ACTION_KINDS`; shares need `ratio`, payments `amount`.
            ex: the first date without it, as sent.
            ratio: new shares for each old one.
            amount: what is paid for a share.
            currency: as sent.
            renamed_from: the symbol that the instrument had before this one.
            renamed_to: the symbol under which the instrument goes on that had this one.
            **dates: `declared`, `record` and `pay`, as sent; what is no date is null.
        """
        try:
            on = day(ex)
        except ValueError as error:
            self.refuse(page, line, row, f"its ex-date cannot be read: {error}")
            return
        value, name = (ratio, "ratio") if kind in _OF_SHARES else (amount, "amount")
        if kind not in ACTION_KINDS:
            self.refuse(page, line, row, f"{kind!r} is no action that is kept", on)
        elif kind not in _WITHOUT_VALUE and not (value is not None and math.isfinite(value) and value > 0):
            self.refuse(page, line, row, f"a {kind} whose {name} is not above 0", on)
        else:
            told = {one: _day_or_none(sent) for one, sent in dates.items()}
            of = currency if isinstance(currency, str) and not is_nothing(currency) else None
            own = {"kind": kind, "ex_session": on, "ratio": ratio, "amount": amount, "currency": of}
            own |= {"renamed_from": renamed_from, "renamed_to": renamed_to}
            self._rows.append({**own, **told, "object": page, "line": line})

    def refuse(self, page: int, line: int, row: object, evidence: str, on: date | None = None) -> None:
        """A row that is no action, with what is wrong and the date that it tells."""
        told = None if on is None else seconds(midnight(on)) * _US
        self._bad.append((page, line, text_of(row), evidence, told, UNREADABLE_LINE))

    def built(self) -> RawActions:
        """All that was collected, in that order."""
        rows = pl.DataFrame(self._rows, REPORTS, orient="row") if self._rows else pl.DataFrame(schema=REPORTS)
        return RawActions(conform(rows, REPORTS), pl.DataFrame(self._bad, REFUSED, orient="row"))


def quotient(above: object, below: object) -> float | None:
    """One number by another, as sent; None where that is none."""
    first, second = number(above), number(below)
    if first is None or not second:
        return None
    found = first / second
    return found if math.isfinite(found) else None


def _day_or_none(sent: object) -> date | None:
    try:
        return day(sent)
    except ValueError:
        return None
