"""One truth per bar out of several sources, by precedence."""

from collections.abc import Sequence

import polars as pl
from typing_extensions import TypedDict

from bcdata.bars.known import with_known_at
from bcdata.frames.schema import FUNDING, PARSED_BAR, WINDOW_BAR, conform, merged_bar
from bcdata.interval import SETTLEMENT_MINUTE, Interval

_NOTE = {"source": pl.String, "rank": pl.Int32}
_PRICES = ("open", "high", "low", "close")
_FLOWS = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
_SHARE, _QUANTUM = 1e-9, 1e-8
"""Sums of trades and an exchange's own are both rounded."""


class Tolerance(TypedDict):
    """What is no difference: see `disagreements`."""

    exact: bool
    precision: float


def merge(sources: Sequence[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    """Bars of all sources, one per open; where several have it, the source named first wins.

    A row keeps what its source has: what that one does not have is null there, whatever the others say.

    Args:
        sources: (name, parsed bars) in order of precedence; a `vwap` of the source's own may be among the columns.

    Returns:
        Bars with `vwap` (quote currency) and `source`, ascending by open. It is quote volume / volume, or the source's
        own where there is no quote volume; null where nothing was traded. `known_at` is as in parsed: null where the
        bar is known at its end (`bcdata.bars.known`).
    """
    has_own = any("vwap" in frame.columns for _, frame in sources)
    schema = WINDOW_BAR if has_own else PARSED_BAR
    frames = [
        conform(frame, schema).with_columns(pl.lit(name).alias("source"), pl.lit(rank).alias("rank"))
        for rank, (name, frame) in enumerate(sources)
    ]
    # A provider that is down leaves a dataset without a frame.
    rows = pl.concat([pl.DataFrame(schema={**schema, **_NOTE}), *frames])
    if len([frame for frame in frames if frame.height]) > 1:
        rows = rows.sort("open_time", "rank").unique("open_time", keep="first", maintain_order=True)
    return conform(rows.with_columns(_vwap(has_own=has_own).alias("vwap")), merged_bar(funding=False))


def disagreements(
    first: pl.DataFrame, second: pl.DataFrame, *, exact: bool = True, precision: float = 0.0
) -> pl.DataFrame:
    """The bars that both frames hold with different values: opens, and both closes and volumes.

    What one of them does not have is no difference.

    Args:
        first: parsed bars of a source.
        second: those of another one.
        exact: whether flows have to be equal to the last bit; else they may differ by 1e-9 of them, and by the eighth
            decimal, as the sum of trades does from what an exchange states. Counts have to be equal always.
        precision: by which share prices may differ, where one of the sources rounds them.
    """
    both = first.join(second, on="open_time", how="inner", suffix="_other")
    differs = pl.any_horizontal(differing(exact=exact, precision=precision).values())
    return both.filter(differs).select("open_time", "close", "close_other", "volume", "volume_other")


def differing(*, exact: bool = True, precision: float = 0.0) -> dict[str, pl.Expr]:
    """By column, whether the values of two sources differ, that of the second one being `<column>_other`.

    It is null where one of them has none; `exact` and `precision` are what they are for `disagreements`.
    """
    found = {name: _are_apart(name, precision) for name in _PRICES}
    found["trades"] = _are_apart("trades")
    return found | {name: _are_apart(name) if exact else _are_apart(name, _SHARE, _QUANTUM) for name in _FLOWS}


def _vwap(*, has_own: bool) -> pl.Expr:
    was_traded = pl.col("volume") != 0
    paid = pl.when(was_traded).then(pl.col("quote_volume") / pl.col("volume"))
    return pl.coalesce(paid, pl.when(was_traded.fill_null(value=True)).then(pl.col("vwap"))) if has_own else paid


def _are_apart(name: str, share: float = 0.0, quantum: float = 0.0) -> pl.Expr:
    one, other = pl.col(name), pl.col(f"{name}_other")
    if not share and not quantum:
        return one != other
    return (one - other).abs() > share * pl.max_horizontal(one.abs(), other.abs()) + quantum


def join_funding(bars: pl.DataFrame, funding: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Adds `funding_rate`: what was settled in [open, open + interval), summed; null where nothing was.

    A settlement belongs to the bar that opens at its minute: whoever holds at that open pays. It is known at the end
    of that minute, and so is the bar at the earliest.
    """
    if interval.length is None:
        opens = pl.col("time").dt.truncate("1mo")
    else:
        step = int(interval.length.total_seconds() * 1_000_000)
        anchor = pl.lit(interval.anchor).cast(FUNDING["time"])
        since = (pl.col("time") - anchor).dt.total_microseconds()
        opens = anchor + pl.duration(microseconds=since // step * step)
    settled = funding.group_by(opens.alias("open_time")).agg(
        pl.col("funding_rate").sum(), settled_at=pl.col("time").max() + SETTLEMENT_MINUTE
    )
    joined = with_known_at(bars, interval).join(settled, on="open_time", how="left", maintain_order="left")
    known = pl.max_horizontal("known_at", "settled_at").alias("known_at")
    return conform(joined.with_columns(known), merged_bar(funding=True))
