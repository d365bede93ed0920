"""Splits, dividends, spin-offs and new symbols as Alpaca tells of them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from bcdata.providers.alpaca.answers import answers
from bcdata.providers.alpaca.symbols import written
from bcdata.providers.base import RawActions, Series
from bcdata.providers.json_body import number
from bcdata.providers.stocks.sent_rows import RawReports, quotient
from bcdata.venues.symbols import complaint

TYPES = ("forward_split", "reverse_split", "stock_dividend", "cash_dividend", "spin_off", "name_change")
"""What is asked for; answers have it under the plural."""
RENAMES = "name_changes"


def read_actions(series: Series, bodies: Sequence[bytes]) -> RawActions:
    """The actions of one symbol. Lines are numbered through all lists of a page, in the order sent.

    Raises:
        BadAnswerError: a body is no page of corporate actions.
    """
    found, own = RawReports(), written(series.symbol)
    for page, answer in answers(bodies, "corporate_actions"):
        rows = ((kind, row) for kind, listed in answer.lists.items() for row in listed)
        for line, (kind, row) in enumerate(rows):
            if not isinstance(row, dict) or own not in [row.get(name) for name in _named(kind, row)]:
                found.refuse(page, line, row, f"not an object that tells of {own}")
            elif kind != RENAMES:
                found.add(page, line, row, **_told(kind, row))
            elif _is_symbol(row["old_symbol"]) and _is_symbol(row["new_symbol"]):
                if row["old_symbol"] != row["new_symbol"]:  # else only the name or the identifier is another one
                    found.add(page, line, row, "rename", ex=row.get("process_date"), **_renamed(row, own))
            else:
                found.refuse(page, line, row, "a new symbol that is none")
    return found.built()


def _named(kind: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a row names the symbols that it is of."""
    if kind == RENAMES:
        return ("old_symbol", "new_symbol")
    return ("symbol",) if "symbol" in row else ("source_symbol",)


def _is_symbol(value: object) -> bool:
    return isinstance(value, str) and complaint(value) is None


def _renamed(row: Mapping[str, Any], own: str) -> dict[str, Any]:
    """What became of the instrument that had the symbol, or what that had before which has it now."""
    return {"renamed_to": row["new_symbol"]} if row["old_symbol"] == own else {"renamed_from": row["old_symbol"]}


def _told(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says, as `RawReports.add` takes it. What is new for a share of a stock dividend comes on top of it."""
    dates = {"ex": row.get("ex_date"), "record": row.get("record_date"), "pay": row.get("payable_date")}
    if kind in ("forward_splits", "reverse_splits"):
        return {"kind": "split", "ratio": quotient(row.get("new_rate"), row.get("old_rate")), **dates}
    rate = number(row.get("rate"))
    if kind == "stock_dividends":
        return {"kind": "stock", "ratio": 1 + rate if rate and rate > 0 else None, **dates}
    if kind == "cash_dividends":
        paid = "special" if row.get("special") is True else "cash"
        return {"kind": paid, "amount": rate, "currency": "USD", **dates}
    return {"kind": "spin_off" if kind == "spin_offs" else kind, **dates}
