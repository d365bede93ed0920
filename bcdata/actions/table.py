"""The table of corporate actions, and how reports of several providers become one row each."""

import polars as pl

from bcdata.frames.money import converted, currency_of
from bcdata.frames.schema import TIME

OF_SHARES = ("split", "stock")
"""They change how many shares there are: `ratio` new ones for each old one."""
OF_CASH = ("cash", "special", "capital_gain")
"""They pay `amount` a share, in `currency`."""

ACTIONS = pl.Schema(
    {
        "symbol": pl.String(),
        "kind": pl.String(),
        "ex_session": pl.Date(),
        "ratio": pl.Float64(),
        "amount": pl.Float64(),
        "currency": pl.String(),
        "declared": pl.Date(),
        "record": pl.Date(),
        "pay": pl.Date(),
        "renamed_from": pl.String(),
        "renamed_to": pl.String(),
        "source": pl.String(),
        "known_at": TIME,
    }
)
"""One row an action. `ex_session` is the label of the first session without it, `known_at` when we could know of it."""

_TOLERANCE = 0.01
"""Two providers' reports of one action that differ by more, relative to the first one's, are told of."""
_EVENT = ["symbol", "kind", "ex_session"]


def settled(reports: pl.DataFrame, sources: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row for each action, that of the first source that has it; and the pairs of reports that differ.

    A split without a ratio, or with one of 0, is no action; nor is a payment of nothing or less. They are in neither.

    Args:
        reports: rows of `ACTIONS`.
        sources: the sources, the one that counts most first. Others count less, by their names.

    Returns:
        The actions by symbol and session; and `symbol`, `kind`, `ex_session`, `source`, `value`, `other_source`,
        `other_value` where two differ by more than a hundredth, or are in different currencies: 2 GBp are 0.02 GBP.
    """
    ranked = sound(reports).with_columns(
        rank=pl.col("source").replace_strict({name: at for at, name in enumerate(sources)}, default=len(sources)),
        value=_value(),
    )
    ordered = ranked.sort("symbol", "ex_session", "kind", "rank", "source", "known_at")
    chosen = ordered.unique(_EVENT, keep="first", maintain_order=True)
    first = chosen.select(*_EVENT, "source", "value", "currency")
    differing = (
        ordered.select(*_EVENT, other_source="source", other_value="value", other_currency="currency")
        .join(first, on=_EVENT, how="inner", maintain_order="left")
        .filter(_differ())
        .select(*_EVENT, "source", "value", "other_source", "other_value")
    )
    return chosen.select(ACTIONS.names()), differing


def sound(reports: pl.DataFrame) -> pl.DataFrame:
    """The reports that tell of an action: shares in a finite ratio above 0, or a finite payment above 0."""
    return reports.filter(
        pl.when(pl.col("kind").is_in([*OF_SHARES, *OF_CASH]))
        .then(_value().is_finite() & (_value() > 0))
        .otherwise(statement=True)
        .fill_null(value=False)
    )


def _value() -> pl.Expr:
    return pl.when(pl.col("kind").is_in(OF_SHARES)).then("ratio").otherwise("amount")


def _differ() -> pl.Expr:
    own, other = pl.col("currency"), pl.col("other_currency")
    is_far = (converted(pl.col("other_value"), other, own) - pl.col("value")).abs() > _TOLERANCE * pl.col("value").abs()
    return is_far | (currency_of(own) != currency_of(other)).fill_null(value=False)
