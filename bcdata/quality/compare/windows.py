"""Bars laid beside coarser ones of the same symbol, window by window: where they differ, and by how much. Pure.

A window is the time of one coarse bar. Where all its fine bars are there the check is two-sided. Where some are
missing the fine bars have to lie within the coarse one: high, low and sums not above; open and close only where the
first or last fine bar is there.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import polars as pl

from bcdata.bars.resample import EXACT, FLOW_TOLERANCE, FLOWS
from bcdata.interval import Interval

VALUES = (*EXACT, *FLOWS)
"""What is compared, in the order in which a difference is named."""
_PRICES = EXACT[:4]
_AMOUNTS = ("trades", *FLOWS)
LARGE_PRICE, LARGE_AMOUNT = 0.005, 0.05
"""Relative. Beyond these data are wrong; genuine bars agree exactly (semantics, *Suspicious data*)."""
_QUANTUM = 1e-8
"""Amounts are printed with eight decimals: those of next to nothing are no large difference."""
_LACKING = (pl.col("trades_control") > pl.col("trades")).fill_null(value=False)


@dataclass(frozen=True, slots=True)
class ControlComparison:
    """One control beside the bars.

    `windows` are all windows that have bars (as `windows_of` makes them). `table` has those that the control has too:
    `open_time` (UTC), the values of the bars and of the control (`<value>_control`), `rows`, and as booleans
    `complete`, `differs` (largely), `unequal` (at all), `lacking` (the control has more trades), `edges` (complete, and
    open or close are not equal).
    """

    fine: Interval
    coarse: Interval
    windows: pl.DataFrame
    table: pl.DataFrame


def can_compare(fine: Interval, coarse: Interval) -> bool:
    """Whether bars of the one make up bars of the other, and days hold whole ones of these."""
    if fine.length is None or coarse.length is None or coarse.length % fine.length:
        return False
    return coarse.fills(timedelta(days=1))


def windows_of(rows: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Bars, or the windows of a finer interval, as windows of this interval, ascending by open.

    Columns: those of a bar; `rows`, the number of bars; `first_at` and `last_at`, opens of the first and last bar.
    """
    is_bars = "rows" not in rows.columns
    # A sum over nulls would be a number: a column that is not all there is null throughout, and passes.
    amounts = [
        pl.lit(None, dtype=rows[name].dtype).alias(name) if rows[name].null_count() else pl.col(name).sum()
        for name in _AMOUNTS
    ]
    return rows.group_by_dynamic("open_time", every=length_of(interval)).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        *amounts,
        (pl.len() if is_bars else pl.col("rows").sum()).cast(pl.Int64).alias("rows"),
        pl.col("open_time" if is_bars else "first_at").first().alias("first_at"),
        pl.col("open_time" if is_bars else "last_at").last().alias("last_at"),
    )


def lay_beside(windows: pl.DataFrame, control: pl.DataFrame, fine: Interval, coarse: Interval) -> ControlComparison:
    """Windows of bars beside the control's bars of the same time."""
    both = windows.join(control.select("open_time", *VALUES), on="open_time", how="inner", suffix="_control")
    length, step = length_of(coarse), length_of(fine)
    table = both.with_columns(
        complete=pl.col("rows") == length // step,
        starts=pl.col("first_at") == pl.col("open_time"),
        ends=pl.col("last_at") == pl.col("open_time") + (length - step),
    )
    unequal, lacking = table.select(_unequal().alias("unequal"), _LACKING.alias("lacking"))
    if not unequal.any():
        nothing = pl.lit(value=False)
        return ControlComparison(
            fine, coarse, windows, table.with_columns(unequal, lacking, differs=nothing, edges=nothing)
        )
    flags = table.select(differs=_largely(), edges=pl.col("complete") & (_apart("open", 0) | _apart("close", 0)))
    return ControlComparison(fine, coarse, windows, table.with_columns(unequal, lacking, *flags).sort("open_time"))


@cache
def _unequal() -> pl.Expr:
    return pl.any_horizontal(any_differences())


@cache
def _largely() -> pl.Expr:
    return pl.any_horizontal(large_differences())


def large_differences() -> list[pl.Expr]:
    """For each of `VALUES` whether it differs so much that the data are wrong."""
    return _differences(LARGE_PRICE, LARGE_AMOUNT, LARGE_AMOUNT)


def any_differences() -> list[pl.Expr]:
    """For each of `VALUES` whether it differs at all."""
    return _differences(0, 0, FLOW_TOLERANCE)


def lies_within() -> pl.Expr:
    """Whether bars lie within the control, exactly: nothing above it, and the edges that are there equal."""
    return ~pl.any_horizontal(_one_sided(name, FLOW_TOLERANCE).fill_null(value=False) for name in VALUES)


def may_have_traded() -> pl.Expr:
    """Whether a bar has trades, or is of a type that counts none."""
    return (pl.col("trades") > 0).fill_null(value=True)


def length_of(interval: Interval) -> timedelta:
    """The interval's fixed length (`can_compare` refuses months)."""
    assert interval.length is not None  # noqa: S101 # nosec B101 # `can_compare` was asked
    return interval.length


def _differences(price: float, trades: float, flow: float) -> list[pl.Expr]:
    share = {**dict.fromkeys(_PRICES, price), "trades": trades, **dict.fromkeys(FLOWS, flow)}
    return [_difference(name, share[name]).fill_null(value=False).alias(name) for name in VALUES]


def _difference(name: str, share: float) -> pl.Expr:
    if name in {"open", "close"}:
        return _one_sided(name, share)
    return pl.when("complete").then(_apart(name, share)).otherwise(_one_sided(name, share))


def _one_sided(name: str, share: float) -> pl.Expr:
    mine, other = pl.col(name), pl.col(f"{name}_control")
    part = share * other.sign()  # a price may be negative
    match name:
        case "open":
            return pl.col("starts") & _apart(name, share)
        case "close":
            return pl.col("ends") & _apart(name, share)
        case "low":
            return mine < other * (1 - part)
    return mine > other * (1 + part) + _slack(name, share)


def _apart(name: str, share: float) -> pl.Expr:
    mine, other = pl.col(name), pl.col(f"{name}_control")
    return (mine - other).abs() > share * pl.max_horizontal(mine.abs(), other.abs()) + _slack(name, share)


def _slack(name: str, share: float) -> pl.Expr | float:
    """Every amount is rounded: COIN-M's base volumes differ from the sum by the last decimal of each bar."""
    if name not in FLOWS:
        return 0.0
    return _QUANTUM if share > FLOW_TOLERANCE else pl.col("rows") * _QUANTUM
