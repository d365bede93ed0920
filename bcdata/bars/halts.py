"""Halts: stretches of time in which nobody traded, in any liquid symbol of a venue. Pure.

A halt shows in two ways: as bars without a trade, and as bars that are missing. On 2023-03-24 the market `spot`
stood still for 152 minutes, of which 72 are bars without a trade and 80 are missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bcdata.frames.schema import TIME, schema_of
from bcdata.ledger.ledger import Status

HALT = schema_of(
    {
        "start": TIME,
        "end": TIME,
        "bars": pl.Int64,
        "missing": pl.Int64,
        "zero_trade": pl.Int64,
        "symbols": pl.Int64,
        "evidence": pl.String,
    }
)
"""A halt: its first and last bar by their opens (both included, UTC), how many bars that is, in how many of them no
liquid symbol has a bar, in how many there are bars without a trade, how many liquid symbols were looked at."""

LIQUID = 0.95
"""A symbol is liquid on a UTC day if it traded in this share of the bars in which anybody did."""
MIN_SYMBOLS = 3
"""So many liquid symbols must be seen to stand still, or all that there are."""
BY_CHANCE = 1e-3
"""A run counts if quiet markets would make fewer such runs a day, were the symbols' silences independent."""

_ABSENT, _TRADED, _QUIET, _CONFIRMED, _OPEN, _UNTOLD = range(6)
States = NDArray[np.uint8]
"""What one symbol did in each expected bar."""
_BY_STATUS = {
    Status.UPSTREAM.value: _CONFIRMED,
    Status.NO_TRADES.value: _QUIET,
    Status.OPEN.value: _OPEN,
}
_GONE = {Status.NOT_LISTED.value, Status.DELISTED.value, Status.REFILLED.value}
_SHOWN = 5


def states_of(opens: pl.Series, bars: pl.DataFrame, ledger: pl.DataFrame) -> States:
    """What a symbol did in each expected bar.

    Args:
        opens: opens of all expected bars, ascending, UTC.
        bars: merged bars (`open_time`, `trades`, `volume`; trades may be null).
        ledger: the gap ledger of the same time.

    Returns:
        One state a bar: traded, quiet, missing with proof, missing without, or not there.
    """
    states = np.full(opens.len(), _ABSENT, dtype=np.uint8)
    for start, end, status in ledger.select("start", "end", "status").iter_rows():
        if status not in _GONE:
            first, last = opens.search_sorted(start, "left"), opens.search_sorted(end, "right")
            states[first:last] = _BY_STATUS.get(status, _UNTOLD)
    traded = pl.coalesce(pl.col("trades").cast(pl.Float64), "volume") > 0
    held = pl.DataFrame({"open_time": opens}).with_row_index("at").join(bars, on="open_time", how="inner")
    flags = held.select("at", traded.fill_null(value=False).alias("traded"))
    states[flags["at"].to_numpy()] = np.where(flags["traded"].to_numpy(), _TRADED, _QUIET)
    return states


def find_halts(opens: pl.Series, states: Mapping[str, States]) -> pl.DataFrame:
    """The runs of bars in which no liquid symbol traded, each proven by what is known to have stood still.

    A missing bar proves something only where its ledger says that the exchange has nothing there. One that is still
    open may belong to a halt that other bars prove; bars that are not published yet, or in quarantine, end it.

    Args:
        opens: opens of all expected bars, ascending, UTC.
        states: by symbol, from `states_of`; at most an hour a bar, for days are the measure of liquidity.

    Returns:
        A frame of `HALT`, by start.
    """
    if not states or opens.is_empty():
        return pl.DataFrame(schema=HALT)
    names = sorted(states)
    grid = np.stack([states[name] for name in names])
    date_of = opens.dt.date().to_numpy()
    edges = [0, *(np.flatnonzero(date_of[1:] != date_of[:-1]) + 1), opens.len()]
    days = [_judge(grid[:, first:last]) for first, last in pairwise(edges)]
    still = np.concatenate([day.still for day in days])
    proven = np.concatenate([day.log_chance for day in days])
    day_of = np.repeat(np.arange(len(days)), np.diff(edges))
    rows = []
    for first, last in _runs(still):
        touched = range(day_of[first], day_of[last - 1] + 1)
        bars_a_day = max(edges[at + 1] - edges[at] for at in touched)
        if np.log(bars_a_day) + proven[first:last].sum() < np.log(BY_CHANCE):
            liquid = np.logical_or.reduce([days[at].liquid for at in touched])
            rows.append(_row(opens[first], opens[last - 1], grid[liquid, first:last], _named(names, liquid)))
    return pl.DataFrame(rows, schema=HALT, orient="row")


@dataclass(frozen=True, slots=True)
class _Day:
    """One UTC day: which symbols are liquid; by bar, whether none of them traded, and how likely that is by chance.

    `log_chance` counts those alone whose silence is known, so it is 0 where nothing is.
    """

    liquid: NDArray[np.bool_]
    still: NDArray[np.bool_]
    log_chance: NDArray[np.float64]


def _judge(grid: States) -> _Day:
    """Looks at the states (symbols × bars) of a day."""
    traded = grid == _TRADED
    active = traded.any(axis=0)
    told = ~np.isin(grid, (_OPEN, _UNTOLD)) & active
    moves, bars = (traded & told).sum(axis=1), told.sum(axis=1)
    liquid = (moves >= LIQUID * bars) & (2 * bars >= active.sum()) & (moves > 0)
    silent = np.isin(grid, (_QUIET, _CONFIRMED)) & liquid[:, None]
    unknown = (grid == _OPEN) & liquid[:, None]
    enough = min(MIN_SYMBOLS, len(grid))
    still = ~(traded & liquid[:, None]).any(axis=0) & ((silent | unknown).sum(axis=0) >= enough)
    # Laplace's rule: a symbol that never fell silent may yet do so.
    falls_silent = np.log((bars - moves + 1) / (bars + 2))
    is_known = still & (silent.sum(axis=0) >= enough)
    return _Day(liquid, still, np.where(is_known, falls_silent @ silent, 0.0))


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The runs of true ones as half-open ranges."""
    steps = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    yield from zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True)


def _row(start: datetime, end: datetime, states: States, symbols: Sequence[str]) -> tuple[Any, ...]:
    """One row of `HALT` out of the states of the liquid symbols over the run."""
    missing = ~(states == _QUIET).any(axis=0)
    unproven = int((missing & ~(states == _CONFIRMED).any(axis=0)).sum())
    shown = ", ".join(symbols[:_SHOWN]) + (f" and {len(symbols) - _SHOWN} more" if len(symbols) > _SHOWN else "")
    words = [f"no trade in any liquid symbol ({shown})"]
    if len(symbols) < MIN_SYMBOLS:
        words.append(f"there {'is' if len(symbols) == 1 else 'are'} only {len(symbols)}, so a quiet market looks alike")
    if missing.any():
        proof = "the exchange has none of the missing bars"
        words.append(f"{unproven} of {missing.sum()} missing bars are open" if unproven else proof)
    length, gone = states.shape[1], int(missing.sum())
    return start, end, length, gone, length - gone, len(symbols), "; ".join(words)


def _named(names: Sequence[str], chosen: NDArray[np.bool_]) -> list[str]:
    return [name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen]
