"""The models of bars, settlements, features and profiles that the last audit asks of a frame."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

import polars as pl

from bcdata.bars.resample import Resampling, resampled_bar
from bcdata.frames.columns import BAR_COLUMNS, METRIC_VALUES, PRICES, with_vwap
from bcdata.frames.schema import BAR, CONTRACT_BAR, PARSED_BAR, WINDOW_BAR, Type, merged_bar
from bcdata.frames.types import METRICS
from bcdata.interval import QUARTER_HOUR, SETTLEMENT_MINUTE, Interval
from bcdata.quality.rules import VOLUMES
from bcdata.quality.validation import Model, Rule, audit, model_of
from bcdata.venues.calendar import bar_end, bar_floor, is_expected

__all__ = [
    "METRIC_PACE",
    "audit",
    "bar_model",
    "feature_model",
    "funding_model",
    "merged_model",
    "metric_model",
    "parsed_bar",
    "profile_model",
    "resampled_model",
]

METRIC_PACE = Interval.parse(METRICS.pace or "")
"""The length of time that a row of metrics is of."""


def parsed_bar(*, contracts: bool = False, by_window: bool = False) -> pl.Schema:
    """The schema of parsed bars: those of a source that is asked by windows, those made of contracts, or others."""
    if by_window:
        return WINDOW_BAR
    return CONTRACT_BAR if contracts else PARSED_BAR


@lru_cache(maxsize=64)
def bar_model(
    interval: Interval,
    *,
    contracts: bool = False,
    columns: frozenset[str] = BAR_COLUMNS,
    by_window: bool = False,
    signed: bool = False,
) -> Model:
    """Parsed bars: types, no nulls, strictly ascending opens on the grid, sound prices and volumes.

    `known_at` stands only where the received bar ended after its calendar's end. Columns are null throughout if the
    source does not fill them; its own `vwap` is null exactly where nothing was traded.

    Args:
        interval: the length of the bars.
        contracts: whether the bars have `contracts` (`CONTRACT_BAR`).
        columns: those that the source fills.
        by_window: whether the source is asked by windows (`WINDOW_BAR`).
        signed: whether prices may be zero and negative.
    """
    schema = dict(parsed_bar(contracts=contracts, by_window=by_window))
    late = Rule("known_at", pl.col("known_at").is_null() | (pl.col("known_at") > bar_end(interval)))
    checks = [_ascending("open_time"), _on_grid(interval), *_sound_bars(columns, signed=signed), late]
    if absent := [name for name in (*BAR.names()[1:], "vwap") if name in schema and name not in columns]:
        checks.append(Rule("undeclared", pl.all_horizontal(pl.col(absent).is_null())))
    if "vwap" in columns:
        checks.append(_vwap(columns))
    return model_of(schema, checks, frozenset({"known_at", "vwap"}) | (BAR_COLUMNS - columns))


@lru_cache(maxsize=64)
def merged_model(
    interval: Interval, *, funding: bool, columns: frozenset[str] = BAR_COLUMNS, signed: bool = False
) -> Model:
    """Merged bars: as parsed ones, with a source on every row, and with vwap.

    That is null exactly where nothing was traded, or where neither a quote volume nor a VWAP of the source's own is
    there. None is known before its end, or long after it.

    Args:
        interval: the length of the bars.
        funding: whether the market pays funding.
        columns: those that each of the sources fills (`bcdata.frames.columns.in_all`); others may be null.
        signed: whether prices may be zero and negative.
    """
    end = bar_end(interval)
    # Rows computed from bars count on the bound, so that it makes no difference how many older ones they read.
    slack = max(interval.length or timedelta(days=31), SETTLEMENT_MINUTE)
    known = Rule("known_at", pl.col("known_at").is_between(end, end + slack))
    values = [*_sound_bars(columns, signed=signed), _vwap(with_vwap(columns))]
    checks = [_ascending("open_time"), _on_grid(interval), *values, known]
    nullable = frozenset({"vwap", "funding_rate"}) | (BAR_COLUMNS - columns)
    schema = merged_bar(funding=funding, sessions=interval.has_sessions)
    return model_of(dict(schema), checks, nullable)


@lru_cache(maxsize=64)
def resampled_model(
    grid: Resampling,
    *,
    funding: bool,
    columns: frozenset[str] = BAR_COLUMNS,
    signed: bool = False,
) -> Model:
    """Resampled bars: sound bars on their own grid, made of one finer bar at least and no more than there can be.

    Args:
        grid: where windows lie.
        funding: whether the market pays funding.
        columns: those that each of the finer bars has (`bcdata.frames.columns.in_all`); others may be null.
        signed: whether prices may be zero and negative.
    """
    if grid.interval.has_sessions:
        on_grid, end = is_expected(grid.interval), bar_end(grid.interval)
    else:
        micros = grid.length // timedelta(microseconds=1)
        on_grid = (pl.col("open_time") - grid.origin).dt.total_microseconds() % micros == 0
        end = pl.col("open_time") + grid.length
    checks = [
        _ascending("open_time"),
        Rule("grid", on_grid),
        *_sound_bars(columns, signed=signed),
        _vwap(with_vwap(columns)),
        Rule("known_at", pl.col("known_at") >= end),
        Rule("counts", (pl.col("bars") > 0) & (pl.col("bars") + pl.col("explained") <= pl.col("expected"))),
    ]
    own = frozenset({"open_time", *PRICES, "known_at", "session", "bars", "expected", "explained"})
    schema = resampled_bar(funding=funding, sessions=grid.interval.has_sessions)
    return model_of(dict(schema), checks, frozenset(schema) - own - (columns - {"vwap"}))


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
    return model_of(dict(schema), checks, intervals)


def metric_model(schema: pl.Schema) -> Model:
    """Metrics (`METRIC`, `MERGED_METRIC`): strictly ascending five minutes, values null or finite and not negative.

    A row has one value at least, and where it has a source it is known at the end of its time.
    """
    return _metric_model(tuple(schema.items()))


@lru_cache(maxsize=2)
def _metric_model(schema: tuple[tuple[str, Type], ...]) -> Model:
    values, pace = pl.col(METRIC_VALUES), METRIC_PACE.name
    sound = [(values.is_finite() & (values >= 0)).fill_null(value=True)]
    checks = [
        _ascending("time"),
        Rule("grid", pl.col("time").dt.truncate(pace) == pl.col("time")),
        Rule("values", pl.all_horizontal(sound)),
        Rule("blank", pl.any_horizontal(values.is_not_null())),
    ]
    if "known_at" in dict(schema):
        checks.append(Rule("known_at", pl.col("known_at") == pl.col("time").dt.offset_by(pace)))
    return model_of(dict(schema), checks, frozenset(METRIC_VALUES))


def feature_model(ranges: Sequence[tuple[str, float | None, float | None]], *, sessions: bool = False) -> Model:
    """Features: opens and known_at in order, every value null or finite, inside its declared range."""
    schema: dict[str, Type] = {
        "open_time": BAR["open_time"],
        "known_at": BAR["open_time"],
        **({"session": pl.Date} if sessions else {}),
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
    return model_of(schema, checks, nullable=frozenset(name for name, _, _ in ranges))


@lru_cache(maxsize=64)
def profile_model(interval: Interval) -> Model:
    """Profiles of the day or session: quarters of an hour, known from its begin on; deviations finite or null."""
    time = BAR["open_time"]
    if interval.has_sessions:
        begin, whole = bar_floor(interval.of("1d")), []
        quarters = is_expected(interval.of("15m"))
    else:
        begin, quarters = (pl.col("open_time").dt.truncate(one) for one in ("1d", "15m"))
        whole = [Rule("whole_days", pl.len().over(begin) == timedelta(days=1) // QUARTER_HOUR)]
        quarters = quarters == pl.col("open_time")
    schema: dict[str, Type] = {"open_time": time, "known_at": time, "sigma": pl.Float64, "relative": pl.Float64}
    checks = [
        _ascending("open_time"),
        Rule("quarters", quarters),
        *whole,
        Rule("known_at", pl.col("known_at").is_between(begin, begin + QUARTER_HOUR)),
        Rule("sigma", _is_deviation("sigma")),
        Rule("relative", _is_deviation("relative") & (pl.col("relative").is_null() | pl.col("sigma").is_not_null())),
    ]
    return model_of(schema, checks, frozenset({"sigma", "relative"}))


def _is_deviation(column: str) -> pl.Expr:
    return (pl.col(column).is_finite() & (pl.col(column) >= 0)).fill_null(value=True)


def _sound_bars(columns: frozenset[str], *, signed: bool) -> list[Rule]:
    """Values are sound; in other columns than these they may be null, and prices above zero unless they are signed."""
    finite, volumes = pl.col(*PRICES, *VOLUMES).is_finite(), pl.col(*VOLUMES, "trades") >= 0
    if not columns >= BAR_COLUMNS:
        finite, volumes = finite.fill_null(value=True), volumes.fill_null(value=True)
    return [
        Rule("finite", pl.all_horizontal(finite)),
        _ohlc_bounds(signed=signed),
        Rule("non_negative_volumes", pl.all_horizontal(volumes)),
    ]


def _vwap(columns: frozenset[str]) -> Rule:
    """VWAP is null exactly where nothing was traded; rows may lack it where it is none of the columns.

    It is there also where volume and quote volume are. Without a volume nothing tells whether there was a trade.
    """
    is_null, volume = pl.col("vwap").is_null(), pl.col("volume")
    if columns >= {"volume", "vwap"}:
        return Rule("vwap", is_null == (volume == 0))
    paid = volume * pl.col("quote_volume")
    return Rule("vwap", pl.when(volume == 0).then(is_null).otherwise(~is_null | paid.is_null()))


def _ohlc_bounds(*, signed: bool) -> Rule:
    o, h, low, c = (pl.col(name) for name in PRICES)
    bounds = (low <= o) & (low <= c) & (h >= o) & (h >= c)
    return Rule("ohlc_bounds", bounds if signed else (low > 0) & bounds)


def _on_grid(interval: Interval) -> Rule:
    if interval.has_sessions:
        return Rule("grid", is_expected(interval))
    if interval.length is None:
        return Rule("grid", pl.col("open_time").dt.truncate("1mo") == pl.col("open_time"))
    since = pl.col("open_time") - interval.anchor
    micros = int(interval.length.total_seconds() * 1_000_000)
    return Rule("grid", since.dt.total_microseconds() % micros == 0)


def _ascending(column: str) -> Rule:
    return Rule("ascending", (pl.col(column).diff().dt.total_microseconds() > 0).fill_null(value=True))
