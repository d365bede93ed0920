"""Schemas of frames in the lake. Units: prices and quote volumes in quote currency, volumes in base units."""

from collections.abc import Mapping

import polars as pl

from bcdata.frames.columns import METRIC_VALUES
from bcdata.frames.types import Rows

Type = pl.DataType | type[pl.DataType]
TIME = pl.Datetime("us", "UTC")


def schema_of(columns: Mapping[str, Type]) -> pl.Schema:
    """A schema out of columns and types."""
    return pl.Schema(dict(columns))


BAR = schema_of(
    {
        "open_time": TIME,
        "open": pl.Float64,
        "high": pl.Float64,
        "low": pl.Float64,
        "close": pl.Float64,
        "volume": pl.Float64,
        "quote_volume": pl.Float64,
        "trades": pl.Int64,
        "taker_buy_volume": pl.Float64,
        "taker_buy_quote_volume": pl.Float64,
    }
)
"""A bar, labelled by its open (UTC). What a provider does not have is null, not 0."""

PARSED_BAR = schema_of({**BAR, "known_at": TIME})
"""A bar in parsed: `known_at` (UTC) where the received bar ended later than its calendar says, else null."""

WINDOW_BAR = schema_of({**PARSED_BAR, "vwap": pl.Float64})
"""A bar in parsed of a source that is asked by windows: `vwap` (quote currency) where the source states its own."""

RAW_BAR = schema_of(
    {
        **{name: dtype for name, dtype in WINDOW_BAR.items() if name != "known_at"},
        "open_time": pl.Int64,
        "object": pl.Int64,
        "line": pl.Int64,
    }
)
"""A bar as a page holds it: `open_time` in µs since the epoch, UTC; a value that is no number is null. `object` is the
index of the page, `line` the number of the row there, from 0."""

BAD_LINES = schema_of(
    {"object": pl.Int64, "line": pl.Int64, "text": pl.String, "evidence": pl.String, "open_time": pl.Int64}
)
"""Lines that are no rows: as they stood, what is wrong, and the open that they tell (µs; null where they tell none)."""

REFUSED = schema_of({**BAD_LINES, "reason": pl.String})
"""Lines that are no rows, and those that are held back, with the rule."""

DAMAGED = schema_of({"rule": pl.String, "open_time": pl.Int64, "session": pl.Date, "words": pl.String})
"""What contradicts itself in answers: the rule, the bar's `open_time` as in `RAW_BAR`, its date, and how."""

CONTRACT_BAR = schema_of({**PARSED_BAR, "contracts": pl.Float64})
"""A COIN-M bar in parsed: `contracts` as traded beside base and quote volume."""

FUNDING = schema_of({"time": TIME, "funding_rate": pl.Float64, "interval_hours": pl.Int64})
"""A funding settlement in parsed: the minute at which it is paid (UTC), the rate, the interval that its source states
(null where it states none)."""

SENT_SETTLEMENT = schema_of(dict.fromkeys(("calc_time", "rate", "interval_hours"), pl.String))
"""A settlement as sent, as text: its time, its rate, and the interval that its source states."""

RAW_SETTLEMENT = schema_of(
    {
        "line": pl.Int64,
        **SENT_SETTLEMENT,
        "time": pl.Int64,
        "funding_rate": pl.Float64,
        "hours": pl.Int64,
        "name": pl.String,
        "from_us": pl.Int64,
        "to_us": pl.Int64,
    }
)
"""A settlement as sent and as read: `time` in µs since the epoch (UTC), snapped to the minute; `hours`, the interval;
`line` its number, from 0; `name`, `from_us`, `to_us` the file that it stood in and the window that the file names. What
is no number is null."""

SETTLEMENT = schema_of({**FUNDING, "file_interval_hours": pl.Int64})
"""A funding settlement in merged: `interval_hours` follows from the settlements up to it (null where nothing tells);
`file_interval_hours` is what the archive's file states, null where REST gave the settlement."""

METRIC = schema_of({"time": TIME, **dict.fromkeys(METRIC_VALUES, pl.Float64)})
"""Metrics in parsed: the start (UTC) of the five minutes that they are of. What the file leaves blank is null."""

MERGED_METRIC = schema_of({**METRIC, "source": pl.String, "known_at": TIME})
"""Metrics in merged: known at the end of their five minutes."""

RAW_METRIC = schema_of(
    {
        "name": pl.String,
        "line": pl.Int64,
        "text": pl.String,
        "time": pl.Int64,
        "other_time": pl.Int64,
        "unclear": pl.String,
        "is_row": pl.Boolean,
        "symbol": pl.String,
        **dict.fromkeys(METRIC_VALUES, pl.Float64),
        "are_numbers": pl.Boolean,
        "from_us": pl.Int64,
        "to_us": pl.Int64,
    }
)
"""Metrics as read: `text`, the line as it stood, and `line`, its number, from 0, of the file `name`.

`time` is the start of the five minutes in µs since the epoch (UTC), null where the line tells none; where its label may
mean another time too, that is `other_time`, and `unclear` the rule that it breaks. `is_row` says whether the line has
as many fields as others, `are_numbers` whether each value is blank (null) or a number. `from_us`, `to_us` is the time
of the file."""

LEDGER = schema_of(
    {
        "start": TIME,
        "end": TIME,
        "bars": pl.Int64,
        "status": pl.String,
        "evidence": pl.String,
    }
)
"""A run of missing bars: first and last open (both included), how many, why, and how that is known."""


def merged_bar(*, funding: bool, sessions: bool = False) -> pl.Schema:
    """The schema of merged bars: `known_at` (UTC) on each.

    Perpetual markets carry `funding_rate`, those with sessions `session`: the date by which each bar's is called.
    """
    extra: dict[str, pl.DataType] = {"vwap": pl.Float64(), "source": pl.String(), "known_at": TIME}
    if funding:
        extra["funding_rate"] = pl.Float64()
    if sessions:
        extra["session"] = pl.Date()
    return pl.Schema({**BAR, **extra})


def merged_schema(rows: Rows, *, funding: bool, sessions: bool = False) -> pl.Schema:
    """The schema of merged rows of a frame type; whether their market pays funding, and whether it has sessions."""
    schemas: dict[Rows, pl.Schema] = {
        "bars": merged_bar(funding=funding, sessions=sessions),
        "settlements": SETTLEMENT,
        "metrics": MERGED_METRIC,
        "actions": MERGED_ACTION,
    }
    return schemas[rows]


def conform(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """The frame with just the schema's columns, in its order and types; absent ones are null."""
    columns = [
        (pl.col(name) if name in frame.columns else pl.lit(None, dtype=dtype)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    ]
    return frame.select(columns)


_ACTION = {
    "kind": pl.String,
    "ex_session": pl.Date,
    "ratio": pl.Float64,
    "amount": pl.Float64,
    "currency": pl.String,
    "declared": pl.Date,
    "record": pl.Date,
    "pay": pl.Date,
    "renamed_from": pl.String,
    "renamed_to": pl.String,
}
ACTION = schema_of({"time": TIME, **_ACTION})
"""A corporate action in parsed: `time` is the midnight (UTC) of its ex-date as its source states it, `ex_session` the
label of the first session without it, `ratio` new shares for each old one, `amount` what is paid for a share in
`currency`. At a rename `renamed_from` is the symbol that the instrument had before it took this one, `renamed_to` that
under which the instrument goes on that had this one: both where a symbol goes from one to another on one day."""

MERGED_ACTION = schema_of({**ACTION, "source": pl.String, "known_at": TIME})
"""A corporate action in merged. It is known when the day is over on which it was declared, and at the open of its
ex-session at the latest, where no source says when it was declared."""

ACTION_KINDS = ("split", "stock", "cash", "special", "capital_gain", "spin_off", "rename")
"""What a company does to its shares."""
REPORTS = schema_of({**_ACTION, "kind": pl.Enum(ACTION_KINDS), "object": pl.Int64, "line": pl.Int64})
"""A corporate action as a page tells of it: `ratio` is new shares for each old one, `amount` what is paid for a share,
in `currency` (ISO 4217, or its hundredths: `GBp`). `object` is the index of the page, `line` the number there."""
