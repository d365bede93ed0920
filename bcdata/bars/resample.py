"""Coarser bars out of finer ones, which say how many of the finer ones were there. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from bcdata.bars.sums import IntArray, paid, reduced, sums, sums_where
from bcdata.errors import UsageError
from bcdata.frames.schema import BAR, TIME, Type, conform, schema_of
from bcdata.interval import EPOCH, Interval
from bcdata.ledger.ledger import Status
from bcdata.venues.calendar import Calendar, session_of
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window

EXPLAINED = (Status.UPSTREAM, Status.NO_TRADES, Status.NOT_LISTED, Status.DELISTED)
"""Reasons for which a bar will never come: nothing was to be had."""

EXACT = ("open", "high", "low", "close", "trades")
FLOWS = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
FLOW_TOLERANCE = 1e-12
"""Relative. Sums of floats depend on their order; rounding to eight decimals does not help (semantics)."""
_SUMS = (*FLOWS, "trades")
_COUNTS: dict[str, Type] = {"bars": pl.Int64, "expected": pl.Int64, "explained": pl.Int64}
_MICROSECOND = timedelta(microseconds=1)


def resampled_bar(*, funding: bool, sessions: bool = False) -> pl.Schema:
    """The schema of resampled bars.

    `known_at` (UTC) stands on each; perpetual markets carry the rates settled in the window, summed and counted, those
    with sessions `session`: the date by which the one is called in which the window opens.
    """
    settled: dict[str, Type] = {"funding_rate": pl.Float64, "settlements": pl.Int64} if funding else {}
    called: dict[str, Type] = {"session": pl.Date} if sessions else {}
    return schema_of({**BAR, "vwap": pl.Float64, "known_at": TIME, **settled, **called, **_COUNTS})


@dataclass(frozen=True, slots=True)
class Resampling:
    """A grid of windows: [open, open + length), opens at multiples of the length from the interval's anchor.

    The anchor is 1970-01-01 00:00 UTC, of weeks a Monday; so what divides a day begins with the day, and 7m or 90m
    run on across midnight. An offset shifts the grid.

    Of a market with sessions windows are the bars that its calendar has: they count from the open, and a day is a
    session.
    """

    interval: Interval
    offset: timedelta = timedelta()

    def __post_init__(self) -> None:
        if self.interval.length is None:
            raise UsageError(f"{self.interval.name} has no fixed length, so that bars cannot be resampled to it")
        if self.offset and self.interval.has_sessions:
            raise UsageError("windows of a market with sessions begin where these do; leave the offset out")
        if not timedelta() <= self.offset < self.interval.length:
            raise UsageError(f"an offset of {self.offset} does not lie within {self.interval.name}")

    @property
    def length(self) -> timedelta:
        """The length of a window."""
        if self.interval.length is None:
            raise UsageError(f"{self.interval.name} has no fixed length")
        return self.interval.length

    @property
    def origin(self) -> datetime:
        """An open that all others lie whole lengths away from."""
        return self.interval.anchor + self.offset

    def floor(self, instant: datetime) -> datetime:
        """The open of the window that holds the instant."""
        if self.interval.has_sessions:
            return self.interval.floor(instant)
        return instant - (instant - self.origin) % self.length

    def reach(self, window: Window) -> Window:
        """The finer bars that the windows opening in `window` are made of: up to the end of the last of them."""
        if self.interval.has_sessions:
            opens = self.interval.opens(window)
            if not opens.size:
                return Window(window.start, window.start)
            first, last = (EPOCH + int(one) * _MICROSECOND for one in (opens[0], opens[-1]))
            return Window(first, self.interval.end(last))
        first = -(-(window.start - self.origin) // self.length) * self.length + self.origin
        if first >= window.end:
            return Window(first, first)
        return Window(first, self.floor(window.end - _MICROSECOND) + self.length)

    def edges(self, reach: Window) -> tuple[IntArray, IntArray]:
        """Where the windows of a reach begin, and the end of the last one: (n + 1,); and where they end: (n,); µs."""
        if self.interval.has_sessions:
            opens = self.interval.opens(reach)
            ends = self.interval.ends(opens)
            return np.append(opens, ends[-1:]), ends
        edges = np.arange(_epoch(reach.start), _epoch(reach.end) + 1, _micros(self.length))
        return edges, edges[1:]


def resample(
    bars: pl.DataFrame,
    ledger: pl.DataFrame,
    grid: Resampling,
    *,
    window: Window,
    finer: Interval,
    calendar: Calendar,
) -> pl.DataFrame:
    """The coarser bars that open in the window; a window of the grid without any finer bar gives no row.

    Open is the first real bar's, close the last's, flows are summed in the order of time within the window alone (so
    that bits do not depend on partitions); a flow or count that one of the bars does not have is null. VWAP is
    Σquote / Σvolume, or where a bar has no quote volume the mean of the bars' own weighed by volume; null without
    volume, and where a bar that was traded has none. `bars` is how many finer ones were there, `expected` how many the
    calendar has, `explained` how many are missing for good (`EXPLAINED`): the window is complete where bars + explained
    = expected. `known_at` is the window's end, also where its last bars are missing, or the latest `known_at` of its
    bars.

    Args:
        bars: merged bars over `grid.reach(window)`, ascending by `open_time` (UTC).
        ledger: the gap ledger's rows over the same time.
        grid: where windows lie.
        window: half-open, UTC.
        finer: the length of `bars`.
        calendar: which of them are expected.
    """
    reach = grid.reach(window)
    edges, edge_ends = grid.edges(reach)
    has_sessions = grid.interval.has_sessions
    schema = resampled_bar(funding="funding_rate" in bars.columns, sessions=has_sessions)
    if not edge_ends.size:
        return pl.DataFrame(schema=schema)
    at = _positions(bars["open_time"], edges)
    inside, at = bars[int(at[0]) : int(at[-1])], at - at[0]
    if inside.is_empty():
        return pl.DataFrame(schema=schema)
    is_there = at[1:] > at[:-1]
    first, after = at[:-1][is_there], at[1:][is_there]
    opens, ends = edges[:-1][is_there], edge_ends[is_there]
    totals = {name: sums(inside[name], first) for name in _SUMS}
    columns = {
        "open_time": pl.Series(opens).cast(BAR["open_time"]),
        "known_at": pl.Series(_known(inside, first, ends)).cast(TIME),
        "open": inside["open"].gather(first),
        "high": reduced(np.maximum, inside["high"], first),
        "low": reduced(np.minimum, inside["low"], first),
        "close": inside["close"].gather(after - 1),
        **totals,
        "bars": after - first,
        **_settled(inside, first, has_funding="funding_rate" in bars.columns),
        **_calendar_counts(ledger, calendar, finer, opens, ends),
    }
    vwap = pl.when(pl.col("volume") != 0).then(pl.lit(paid(inside, first, totals["quote_volume"])) / pl.col("volume"))
    table = pl.DataFrame(columns).with_columns(vwap.alias("vwap"))
    if isinstance(grid.interval, SessionInterval):
        table = table.with_columns(session_of(grid.interval).alias("session"))
    return conform(table, schema)


def _positions(opens: pl.Series, instants: IntArray) -> IntArray:
    """How many of the ascending opens lie before each of the ascending instants (µs)."""
    found = np.zeros(len(instants), dtype=np.int64)
    for chunk in opens.to_physical().get_chunks():
        if len(chunk):
            micros = chunk.to_numpy()
            low, high = np.searchsorted(instants, [micros[0], micros[-1]], side="right")
            found[low:high] += np.searchsorted(micros, instants[low:high])
            found[high:] += len(chunk)
    return found


def _known(bars: pl.DataFrame, first: IntArray, ends: IntArray) -> IntArray:
    """When each window is known (µs): at its end, or when the last of its bars is."""
    if "known_at" not in bars.columns:
        return ends
    known = bars["known_at"].to_physical()
    latest = reduced(np.maximum, known.fill_null(0) if known.null_count() else known, first)
    found: IntArray = np.maximum(latest, ends)
    return found


def _settled(bars: pl.DataFrame, first: IntArray, *, has_funding: bool) -> dict[str, pl.Series | IntArray]:
    if not has_funding:
        return {}
    rates = bars["funding_rate"]
    settlements = np.add.reduceat(rates.is_not_null().to_numpy().astype(np.int64), first)
    return {"funding_rate": sums_where(rates, first, settlements > 0), "settlements": settlements}


def _calendar_counts(
    ledger: pl.DataFrame, calendar: Calendar, finer: Interval, opens: IntArray, ends: IntArray
) -> dict[str, IntArray]:
    """How many finer bars the windows [opens, ends) should have, and how many of them are explained."""
    told = ledger.filter(pl.col("status").is_in([status.value for status in EXPLAINED])).sort("start")
    start, last = (column.to_physical().to_numpy() for column in (told["start"], told["end"]))
    begin, stop = calendar.positions(finer, start), calendar.positions(finer, last + 1)
    begin = np.maximum(begin, np.concatenate([[0], np.maximum.accumulate(stop)[:-1]]) if begin.size else begin)
    lengths = np.maximum(stop - begin, 0)
    before = np.concatenate([[0], np.cumsum(lengths)])

    def explained(positions: IntArray) -> IntArray:
        """How many explained opens lie before each position."""
        run = np.searchsorted(begin, positions, side="right") - 1
        inside: IntArray = np.where(run < 0, 0, before[run] + np.clip(positions - begin[run], 0, lengths[run]))
        return inside

    low, high = calendar.positions(finer, opens), calendar.positions(finer, ends)
    if not begin.size:
        return {"expected": high - low, "explained": np.zeros_like(low)}
    return {"expected": high - low, "explained": explained(high) - explained(low)}


def _micros(length: timedelta) -> int:
    return length // _MICROSECOND


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000 + instant.microsecond


def aggregate(bars: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Bars of the coarser interval with `bars`, the number of finer bars in each, ascending by open (UTC).

    Open is the first bar's, close the last's, flows are sums, null where a bar has none; nothing is invented for
    windows without bars.
    """
    coarse = (
        bars.sort("open_time")
        .group_by_dynamic("open_time", every=_every(interval))
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            *[_whole_sum(bars[name]) for name in (*FLOWS, "trades")],
            pl.len().cast(pl.Int64).alias("bars"),
        )
    )
    return coarse.select(*BAR.names(), "bars")


def _whole_sum(column: pl.Series) -> pl.Expr:
    """The sum of a column within groups; null where a value is."""
    values = pl.col(column.name)
    return pl.when(~values.has_nulls()).then(values.sum()) if column.null_count() else values.sum()


def disagree(coarse: pl.DataFrame, fine: pl.DataFrame, interval: Interval, *, complete: int) -> pl.DataFrame:
    """Coarser bars that differ from the aggregate of the finer, where all `complete` finer bars are there.

    Open, high, low, close and trade counts must be equal, flows to a relative 1e-12. What one of the two does not have
    is no difference.
    """
    sums = aggregate(fine, interval).filter(pl.col("bars") == complete)
    both = coarse.join(sums, on="open_time", how="inner", suffix="_sum")
    exact = [pl.col(name) != pl.col(f"{name}_sum") for name in EXACT]
    flows = [
        (pl.col(name) - pl.col(f"{name}_sum")).abs()
        > FLOW_TOLERANCE * pl.max_horizontal(pl.col(name).abs(), pl.col(f"{name}_sum").abs())
        for name in FLOWS
    ]
    return both.filter(pl.any_horizontal(*exact, *flows))


def _every(interval: Interval) -> str:
    """The interval in polars' words: weeks start on Monday, everything else on multiples since the epoch."""
    if interval.length is None or interval.name.endswith("w"):
        return interval.name
    return f"{int(interval.length.total_seconds())}s"
