"""Splits and dividends as Polygon's reference data has them. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bcdata.simulate.session_market import ListedSymbol


def splits(symbol: ListedSymbol, asked: Mapping[str, str]) -> list[dict[str, Any]]:
    """The splits of a symbol that are asked for, in the order that is asked for."""
    rows = [
        {
            "id": f"E{at:04}",
            "execution_date": f"{one.ex}",
            "split_from": one.old,
            "split_to": one.new,
            "ticker": symbol.symbol,
        }
        for at, one in enumerate(symbol.splits)
    ]
    return _chosen(rows, "execution_date", asked)


def dividends(symbol: ListedSymbol, asked: Mapping[str, str]) -> list[dict[str, Any]]:
    """The dividends of a symbol that are asked for, in the order that is asked for."""
    rows = [
        {
            "id": f"E{at:04}",
            "cash_amount": one.amount,
            "currency": one.currency,
            "declaration_date": f"{one.ex - timedelta(days=14)}",
            "dividend_type": "CD",
            "ex_dividend_date": f"{one.ex}",
            "frequency": 4,
            "pay_date": f"{one.ex + timedelta(days=7)}",
            "record_date": f"{one.ex}",
            "ticker": symbol.symbol,
        }
        for at, one in enumerate(symbol.dividends)
    ]
    return _chosen(rows, "ex_dividend_date", asked)


def _chosen(rows: list[dict[str, Any]], at: str, asked: Mapping[str, str]) -> list[dict[str, Any]]:
    first, last = asked.get(f"{at}.gte", ""), asked.get(f"{at}.lte", "9999")
    inside = [row for row in rows if first <= row[at] <= last]
    return sorted(inside, key=lambda row: str(row[at]), reverse=asked.get("order", "desc") == "desc")
