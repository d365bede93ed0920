"""Splits and dividends as Alpaca has them, under the plural of their kinds. Pure."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bcdata.simulate.session_market import ListedSymbol


def by_kind(symbol: ListedSymbol) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each action under the name of its list: splits are processed at their ex-dates, dividends when they are paid."""
    for at, split in enumerate(symbol.splits):
        yield (
            "forward_splits" if split.ratio > 1 else "reverse_splits",
            {
                "id": f"split-{at}",
                "symbol": symbol.symbol,
                "ex_date": f"{split.ex}",
                "process_date": f"{split.ex}",
                "record_date": f"{split.ex}",
                "new_rate": split.new,
                "old_rate": split.old,
            },
        )
    for at, dividend in enumerate(symbol.dividends):
        paid = f"{dividend.ex + timedelta(days=21)}"
        yield (
            "cash_dividends",
            {
                "id": f"dividend-{at}",
                "symbol": symbol.symbol,
                "ex_date": f"{dividend.ex}",
                "process_date": paid,
                "payable_date": paid,
                "record_date": f"{dividend.ex}",
                "rate": dividend.amount,
                "foreign": False,
                "special": False,
            },
        )
    for at, rename in enumerate(symbol.renames):
        yield (
            "name_changes",
            {
                "id": f"rename-{at}",
                "old_symbol": rename.old,
                "new_symbol": rename.new,
                "old_cusip": f"OLD{at:06}",
                "new_cusip": f"NEW{at:06}",
                "process_date": f"{rename.ex}",
            },
        )
