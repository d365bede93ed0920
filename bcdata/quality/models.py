"""Pandera models: the last audit before a frame is published, always on a collected frame.

On a LazyFrame Pandera checks the schema and no data; every audit here therefore takes a DataFrame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import pandera.polars as pa
import polars as pl

from bcdata.bars.known import bar_end
from bcdata.bars.resample import resampled_bar
from bcdata.frames.schema import BAR, CONTRACT_BAR, PARSED_BAR, Type, merged_bar
from bcdata.intervals import QUARTER_HOUR, SETTLEMENT_MINUTE, Interval
from bcdata.quality.rules import PRICES, VOLUMES
from bcdata.quality.verdict import Finding, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that holds in every row."""

    name: str
    sound: pl.Expr


@dataclass(frozen=True, slots=True)
class Model:
    """A Pandera model twice: `quick` says in one check whether all is well, `full` says what is not; and its rules."""

    quick: pa.DataFrameSchema
    full: pa.DataFrameSchema
    rules: Mapping[str, Rule]


def audit(frame: pl.DataFrame, model: Model) -> list[Finding]:
    """Validates the frame; every broken check is a finding that costs the partition."""
    try:
        model.quick.validate(frame)
    except (pa.errors.SchemaError, pa.errors.SchemaErrors):
        return _findings(frame, model) or [Finding("schema", Severity.PARTITION, 1, "breaks the model")]
    return []


def _findings(frame: pl.DataFrame, model: Model) -> list[Finding]:
    try:
        model.full.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        named = cases.group_by("column", "check", maintain_order=True).agg(
            pl.len(), pl.col("failure_case").cast(pl.String).first()
        )
        return [
            Finding("schema", Severity.PARTITION, count, _words(frame, model, column or "", check, case))
            for column, check, count, case in named.iter_rows()
        ]
    return []


def _words(frame: pl.DataFrame, model: Model, column: str, check: str, case: str) -> str:
    """What is broken. Of a rule over rows, the first row that breaks it: when it is, and what the rule reads there."""
    rule = None if column else model.rules.get(check)
    if rule is None or frame.columns != list(model.full.columns):
        return f"{column}: {check} (e.g. {case})"
    read = rule.sound.meta.root_names() or frame.columns  # several columns at once have no names of their own
    shown = dict.fromkeys([frame.columns[0], *(name for name in frame.columns if name in read)])
    row = frame.filter(~rule.sound.fill_null(value=False)).select(*shown).row(0, named=True)
    return f"not {check}: " + ", ".join(f"{name} {value}" for name, value in row.items())


@lru_cache(maxsize=64)
def bar_model(interval: Interval, *, contracts: bool = False) -> Model:
    """Parsed bars: types, no nulls, strictly ascending opens on the grid, sound prices and volumes.

    `known_at` stands only where the received bar ended after its calendar's end.
    """
    late = Rule("known_at", pl.col("known_at").is_null() | (pl.col("known_at") > bar_end(interval)))
    checks = [_ascending("open_time"), _on_grid(interval), *_sound_bars(), late]
    return _model(dict(CONTRACT_BAR if contracts else PARSED_BAR), checks, frozenset({"known_at"}))


@lru_cache(maxsize=64)
def merged_model(interval: Interval, *, funding: bool) -> Model:
    """Merged bars: as parsed ones, with vwap (null exactly where nothing was traded) and a source on every row.

    None is known before its end, or long after it.
    """
    vwap = Rule("vwap", pl.col("vwap").is_null() == (pl.col("volume") == 0))
    end = bar_end(interval)
    # Rows computed from bars count on the bound, so that it makes no difference how many older ones they read.
    slack = max(interval.length or timedelta(days=31), SETTLEMENT_MINUTE)
    known = Rule("known_at", pl.col("known_at").is_between(end, end + slack))
    checks = [_ascending("open_time"), _on_grid(interval), *_sound_bars(), vwap, known]
    nullable = frozenset({"vwap", "funding_rate"})
    return _model(dict(merged_bar(funding=funding)), checks, nullable)


@lru_cache(maxsize=64)
def resampled_model(length: timedelta, origin: datetime, *, funding: bool) -> Model:
    """Resampled bars: sound bars on their own grid, made of one finer bar at least and no more than there can be."""
    micros = length // timedelta(microseconds=1)
    off = (pl.col("open_time") - origin).dt.total_microseconds() % micros
    checks = [
        _ascending("open_time"),
        Rule("grid", off == 0),
        *_sound_prices(),
        Rule("known_at", pl.col("known_at") >= pl.col("open_time") + length),
        Rule("counts", (pl.col("bars") > 0) & (pl.col("bars") + pl.col("explained") <= pl.col("expected"))),
    ]
    own = frozenset({"open_time", *PRICES, "known_at", "bars", "expected", "explained"})
    schema = resampled_bar(funding=funding)
    return _model(dict(schema), checks, frozenset(schema) - own)


def funding_model(schema: pl.Schema) -> Model:
    """Settlements (`FUNDING`, `SETTLEMENT`): strictly ascending whole minutes, finite rates, sound or no intervals."""
    intervals = [name for name in schema if name.endswith("interval_hours")]
    return _funding_model(tuple(schema.items()), frozenset(intervals))


@lru_cache(maxsize=2)
def _funding_model(schema: tuple[tuple[str, Type], ...], intervals: frozenset[str]) -> Model:
    sound = pl.all_horizontal(pl.col(name).is_between(1, 24).fill_null(value=True) for name in sorted(intervals))
    checks = [
        _ascending("time"),
        Rule("whole_minute", pl.col("time").dt.truncate("1m") == pl.col("time")),
        Rule("finite", pl.col("funding_rate").is_finite()),
        Rule("interval", sound),
    ]
    return _model(dict(schema), checks, intervals)


def feature_model(ranges: Sequence[tuple[str, float | None, float | None]]) -> Model:
    """Features: opens and known_at in order, every value null or finite, inside its declared range."""
    schema: dict[str, Type] = {
        "open_time": BAR["open_time"],
        "known_at": BAR["open_time"],
    }
    checks = [_ascending("open_time"), Rule("known_at", pl.col("known_at") > pl.col("open_time"))]
    for name, low, high in ranges:
        schema[name] = pl.Float64
        sound = pl.col(name).is_finite()
        if low is not None:
            sound &= pl.col(name) >= low
        if high is not None:
            sound &= pl.col(name) <= high
        checks.append(Rule(f"{name} in range", sound.fill_null(value=True)))
    return _model(schema, checks, nullable=frozenset(name for name, _, _ in ranges))


@lru_cache(maxsize=1)
def profile_model() -> Model:
    """Profiles of the day: whole days of quarters of an hour, known from midnight on; deviations finite or null."""
    time, midnight = BAR["open_time"], pl.col("open_time").dt.truncate("1d")
    schema: dict[str, Type] = {"open_time": time, "known_at": time, "sigma": pl.Float64, "relative": pl.Float64}
    checks = [
        _ascending("open_time"),
        Rule("quarters", pl.col("open_time").dt.truncate("15m") == pl.col("open_time")),
        Rule("whole_days", pl.len().over(midnight) == timedelta(days=1) // QUARTER_HOUR),
        Rule("known_at", pl.col("known_at").is_between(midnight, midnight + QUARTER_HOUR)),
        Rule("sigma", _is_deviation("sigma")),
        Rule("relative", _is_deviation("relative") & (pl.col("relative").is_null() | pl.col("sigma").is_not_null())),
    ]
    return _model(schema, checks, frozenset({"sigma", "relative"}))


def _is_deviation(column: str) -> pl.Expr:
    return (pl.col(column).is_finite() & (pl.col(column) >= 0)).fill_null(value=True)


def _sound_bars() -> list[Rule]:
    return [
        Rule("finite", pl.all_horizontal(pl.col(*PRICES, *VOLUMES).is_finite())),
        _ohlc_bounds(),
        Rule("non_negative_volumes", pl.all_horizontal(pl.col(*VOLUMES, "trades") >= 0)),
    ]


def _sound_prices() -> list[Rule]:
    """Prices are there and sound; what a provider does not have is null."""
    volumes = pl.col(*VOLUMES, "trades")
    return [
        Rule("finite", pl.all_horizontal(pl.col(*PRICES, *VOLUMES).is_finite().fill_null(value=True))),
        _ohlc_bounds(),
        Rule("non_negative_volumes", pl.all_horizontal((volumes >= 0).fill_null(value=True))),
    ]


def _ohlc_bounds() -> Rule:
    o, h, low, c = (pl.col(name) for name in PRICES)
    return Rule("ohlc_bounds", (low > 0) & (low <= o) & (low <= c) & (h >= o) & (h >= c))


def _on_grid(interval: Interval) -> Rule:
    if interval.length is None:
        return Rule("grid", pl.col("open_time").dt.truncate("1mo") == pl.col("open_time"))
    since = pl.col("open_time") - interval.anchor
    micros = int(interval.length.total_seconds() * 1_000_000)
    return Rule("grid", since.dt.total_microseconds() % micros == 0)


def _ascending(column: str) -> Rule:
    return Rule("ascending", (pl.col(column).diff().dt.total_microseconds() > 0).fill_null(value=True))


def _model(
    schema: dict[str, Type],
    checks: list[Rule],
    nullable: frozenset[str] = frozenset(),
) -> Model:
    required = [pl.col(name).is_not_null() for name in schema if name not in nullable]
    sound = [rule.sound.fill_null(value=False) for rule in checks]
    everything = Rule("sound", pl.all_horizontal(*required, *sound))
    return Model(
        quick=_schema({name: pa.Column(dtype, nullable=True) for name, dtype in schema.items()}, [everything]),
        full=_schema({name: pa.Column(dtype, nullable=name in nullable) for name, dtype in schema.items()}, checks),
        rules={rule.name: rule for rule in checks},
    )


def _schema(columns: dict[str, pa.Column], rules: list[Rule]) -> pa.DataFrameSchema:
    checks = [
        pa.Check(lambda data, rule=rule: data.lazyframe.select(rule.sound.alias(rule.name)), name=rule.name)
        for rule in rules
    ]
    return pa.DataFrameSchema(columns, checks=checks, strict=True, ordered=True)
