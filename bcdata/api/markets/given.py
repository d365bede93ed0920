"""Bars and actions that a user gives, as frames with the columns that are needed."""

import warnings
from typing import Any

import polars as pl

from bcdata.actions.table import ACTIONS, settled
from bcdata.errors import MissingDataWarning, UsageError
from bcdata.frames.schema import ACTION_KINDS, TIME, conform
from bcdata.hints import choose

KEYS: dict[str, type[pl.DataType]] = {"symbol": pl.String, "session": pl.Date}
"""What tells bars of markets with sessions apart."""


def frame_of(what: str, given: Any, needed: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    """A frame of any kind as one of polars, with the columns that are needed.

    Raises:
        UsageError: it is none, or a column is not there or holds something else.
    """
    try:
        frame = given.collect() if isinstance(given, pl.LazyFrame) else pl.DataFrame(given)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"`{what}` takes a frame with {', '.join(needed)}; this is none: {error}") from None
    if absent := [name for name in needed if name not in frame.columns]:
        raise UsageError(f"the {what} have no column {', '.join(absent)}; there are {', '.join(frame.columns)}")
    for name, dtype in needed.items():
        held = frame.schema[name]
        if dtype is pl.Date and isinstance(held, pl.Datetime):
            frame = frame.with_columns(pl.col(name).dt.date())  # pandas has no dates
        elif held != dtype and not (dtype is pl.Float64 and held.is_numeric()):
            raise UsageError(f"the column {name} of the {what} holds {held}; it has to be {dtype.__name__}")
    return frame


def actions_of(given: Any) -> pl.DataFrame:
    """One row an action (`ACTIONS`), known as its ex-session begins where nothing says when.

    Raises:
        UsageError: a column is not there, or holds something else.

    Warns:
        MissingDataWarning: two sources differ about an action.
    """
    frame = frame_of("actions", given, {"symbol": pl.String, "ex_session": pl.Date})
    if "kind" not in frame.columns:
        raise UsageError(f"the actions have no column kind; there are {', '.join(frame.columns)}")
    try:
        reports = conform(frame, ACTIONS)
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"the actions hold what they cannot: {str(error).splitlines()[0]}") from None
    if wrong := sorted(set(reports["kind"].drop_nulls()) - {*ACTION_KINDS}):
        raise UsageError(f"there is no kind of action {wrong[0]!r}; {choose(wrong[0], ACTION_KINDS)}")
    begun = pl.col("ex_session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(TIME)
    chosen, differing = settled(reports.with_columns(pl.col("known_at").fill_null(begun)), [])
    for symbol, kind, session, source, value, other, theirs in differing.iter_rows():
        tell(
            f"{source} has {value:g} for the {kind} of {symbol} on {session}, {other} has {theirs:g}; the first counts"
        )
    return chosen


def tell(words: str) -> None:
    """Warns, as the function that the user called."""
    warnings.warn(words, MissingDataWarning, stacklevel=4)
