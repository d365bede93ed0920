"""The rules of corporate actions, and the model that the last audit asks of them."""

from collections.abc import Iterator
from functools import lru_cache

import polars as pl

from bcdata.actions.table import OF_CASH, OF_SHARES
from bcdata.frames.schema import ACTION_KINDS
from bcdata.quality.validation import Model, Rule, model_of

VERSION = "2"
"""Raised when a rule changes."""
_LARGEST_RATIO = 10_000.0
_CURRENCY = "^[A-Z]{3}$|^[A-Z]{2}[a-z]$"


def action_rules() -> tuple[Rule, ...]:
    """What holds of each action: shares in a ratio above 0, a payment above 0 or a new symbol, of a known kind."""
    return tuple(_rules())


def _rules() -> Iterator[Rule]:
    kind, ratio, amount = pl.col("kind"), pl.col("ratio"), pl.col("amount")
    yield Rule("kind", kind.is_in(list(ACTION_KINDS)))
    yield Rule("ex_session", pl.col("ex_session").is_not_null())
    has_ratio = (ratio > 0) & (ratio <= _LARGEST_RATIO) & (ratio != 1)
    yield Rule(
        "ratio", pl.when(kind.is_in(OF_SHARES)).then(has_ratio.fill_null(value=False)).otherwise(ratio.is_null())
    )
    pays = ((amount > 0) & amount.is_finite()).fill_null(value=False)
    yield Rule("amount", pl.when(kind.is_in(OF_CASH)).then(pays).otherwise(statement=True))
    renamed = pl.any_horizontal(pl.col("renamed_from", "renamed_to").is_not_null())
    yield Rule("renamed", renamed == (kind == "rename"))
    yield Rule("currency", pl.col("currency").is_null() | pl.col("currency").str.contains(_CURRENCY))


@lru_cache(maxsize=2)
def action_model(schema: tuple[tuple[str, "pl.DataType"], ...]) -> Model:
    """Actions (`ACTION`, `MERGED_ACTION`): by time, each kind of an ex-session once, sound values."""
    once = pl.struct("ex_session", "kind").is_unique()
    ascending = (pl.col("time").diff().dt.total_microseconds() >= 0).fill_null(value=True)
    nullable = frozenset({"ratio", "amount", "currency", "declared", "record", "pay", "renamed_from", "renamed_to"})
    return model_of(dict(schema), [Rule("ascending", ascending), Rule("once", once), *action_rules()], nullable)
