"""What splits and dividends do to prices before them, as factors."""

from datetime import date, datetime
from typing import Literal

import polars as pl

from bcdata.actions.table import OF_CASH, OF_SHARES
from bcdata.frames.money import converted, currency_of

Adjusted = Literal["none", "splits", "all"]
FACTORS = pl.Schema(
    {
        "symbol": pl.String(),
        "ex_session": pl.Date(),
        "kind": pl.String(),
        "price": pl.Float64(),
        "volume": pl.Float64(),
        "known_at": pl.Datetime("us", "UTC"),
        "refused": pl.String(),
    }
)
"""Prices before `ex_session` are multiplied by `price`, volumes by `volume`; by 1 where `refused` says why."""
WHOLE_PRICE = "pays the whole price or more"
OTHER_CURRENCY = "is paid in another currency than that of the prices"


def factors(actions: pl.DataFrame, closes: pl.DataFrame) -> pl.DataFrame:
    """The factors of actions: 1/r and r of r new shares for an old one, 1 - d/C and 1 of a payment d.

    C is the raw close of the last session before the ex-session. Where shares are split on the same ex-session, the
    payment is that of a new share, and C is divided by the ratio. A payment of C or more, one without a close before
    it, and one in another currency than the prices has no factor. (CRSP, *Data Definitions*, factor to adjust price;
    payments as Yahoo and CRSP adjust.)

    Args:
        actions: one row an action (`table.settled`).
        closes: `symbol`, `session`, `close`, raw, in any order; `code` where it is known what they are in (`GBp`): a
            payment in pounds then counts in pence. What has no code on one side is in the unit of the other.

    Returns:
        A row for each action of shares or cash, by symbol and ex-session.
    """
    told = closes if "code" in closes.columns else closes.with_columns(code=pl.lit(None, pl.String))
    before = told.filter(pl.col("close").is_finite()).sort("symbol", "session").with_columns(day=pl.col("session"))
    of_shares = pl.col("kind").is_in(OF_SHARES)
    known = (
        actions.filter(pl.col("kind").is_in([*OF_SHARES, *OF_CASH]))
        .with_columns(day=pl.col("ex_session").dt.offset_by("-1d"))
        .sort("symbol", "ex_session", "kind")
        .sort("day", maintain_order=True)
        .join_asof(before.sort("day"), on="day", by="symbol", strategy="backward", check_sortedness=False)
        .with_columns(new_shares=pl.when(of_shares).then("ratio").otherwise(1.0).product().over("symbol", "ex_session"))
        .with_columns(paid=converted(pl.col("amount"), pl.col("currency"), pl.col("code")))
        .with_columns(share=pl.col("paid") * pl.col("new_shares") / pl.col("close"))
    )
    refused = (
        pl.when(of_shares).then(None)
        .when(pl.col("close").is_null()).then(pl.lit("no close before it"))
        .when(currency_of(pl.col("currency")) != currency_of(pl.col("code"))).then(pl.lit(OTHER_CURRENCY))
        .when(pl.col("share") >= 1).then(pl.lit(WHOLE_PRICE))
    )  # fmt: skip
    price = pl.when(of_shares).then(1 / pl.col("ratio")).otherwise(1 - pl.col("share"))
    return (
        known.with_columns(refused=refused)
        .with_columns(
            price=pl.when(pl.col("refused").is_null()).then(price).otherwise(1.0),
            volume=pl.when(of_shares).then("ratio").otherwise(1.0),
        )
        .sort("symbol", "ex_session", "kind")
        .select(pl.col(name).cast(dtype) for name, dtype in FACTORS.items())
    )


def in_force(found: pl.DataFrame, adjusted: Adjusted, as_of: datetime) -> pl.DataFrame:
    """The factors of a view: those known at an instant whose ex-session has begun by its date, UTC."""
    if adjusted == "none":
        return found.clear()
    kinds = OF_SHARES if adjusted == "splits" else (*OF_SHARES, *OF_CASH)
    return found.filter(
        pl.col("kind").is_in(kinds) & (pl.col("known_at") <= as_of) & (pl.col("ex_session") <= as_of.date())
    )


def after(found: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """The product of the factors of all later ex-sessions, for each row of `sessions` (`symbol`, `session`).

    Returns:
        `sessions` in its order with `price_factor` and `volume_factor`; 1 where nothing comes later.
    """
    steps = (
        found.group_by("symbol", "ex_session")
        .agg(pl.col("price", "volume").product())
        .sort("symbol", "ex_session")
        .with_columns(
            price_factor=pl.col("price").reverse().cum_prod().reverse().over("symbol"),
            volume_factor=pl.col("volume").reverse().cum_prod().reverse().over("symbol"),
            day=pl.col("ex_session"),
        )
        .select("symbol", "day", "price_factor", "volume_factor")
        .sort("day")
    )
    return (
        sessions.with_row_index("_row")
        .with_columns(day=pl.col("session").dt.offset_by("1d"))
        .sort("day")
        .join_asof(steps, on="day", by="symbol", strategy="forward", check_sortedness=False)
        .with_columns(pl.col("price_factor", "volume_factor").fill_null(1.0))
        .sort("_row")
        .drop("_row", "day")
    )


def last_known(actions: pl.DataFrame) -> date | None:
    """The newest ex-session."""
    found: date | None = actions["ex_session"].max()  # type: ignore[assignment]
    return found
