"""Row rules for bars: each one expression that is true where a row is sound. Source: semantics, "Severity".

The input is a raw frame: times in µs as Int64, plus `from_us` and `to_us`, the window that the row's object names.
The same expressions split bad rows off and, as Pandera checks, audit what is left. They read the columns that the
source declares, and prices in any case; what it does not have is null, and passes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from bcdata.frames.columns import BAR_COLUMNS, PRICES
from bcdata.interval import EPOCH, Interval
from bcdata.quality.verdict import SAMPLE, Finding, Severity
from bcdata.venues.calendar import bar_floor

VERSION = "2"
"""Change it with any rule: partitions audited by older rules become stale."""

VOLUMES = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
_PARTS = (("taker_buy_volume", "volume"), ("taker_buy_quote_volume", "quote_volume"))
_RELATIVE = 1e-9
_QUANTUM = 1e-8
"""Amounts are printed with eight decimals: sums of rounded amounts may differ by a few of the last."""
_AMOUNT = "quote volume / volume lies outside low and high"
_LARGEST = 1e24
"""No price and no amount comes near it, and sums and squares of what is below are finite."""
_MOVED = "the close moved by more than half"
UNUSUAL_MOVE = 0.5
"""A close this far from the bar's before (as a share) is shown, never refused."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: true means sound; null counts as unsound."""

    name: str
    severity: Severity
    sound: pl.Expr
    why: str


def row_rules(
    interval: Interval,
    *,
    contracts: bool = False,
    columns: frozenset[str] = BAR_COLUMNS,
    by_window: bool = False,
    signed: bool = False,
) -> tuple[Rule, ...]:
    """The rules that cost a row, in the order in which a row is blamed.

    Where volumes were `contracts`, the amount in quote currency follows from a table of contract sizes: what does not
    fit the prices may be the table's fault, and is a warning alone.

    Args:
        interval: the length of the bars.
        contracts: whether volumes were contracts.
        columns: those that the source fills, `vwap` among them where it states its own.
        by_window: whether the source is asked by windows: its bars (`RAW_BAR`) have no `close_time`.
        signed: whether prices may be zero and negative.
    """
    return (*_by_row(interval, columns, by_window=by_window, signed=signed), *_amounts(columns, contracts=contracts))


def _by_row(interval: Interval, columns: frozenset[str], *, by_window: bool, signed: bool) -> Iterator[Rule]:
    o, h, low, c = (pl.col(name) for name in PRICES)
    start = pl.col("open_time")
    volumes = [name for name in VOLUMES if name in columns]
    counted = [*volumes, *(["trades"] if "trades" in columns else [])]
    times = ["open_time"] if by_window else ["open_time", "close_time"]
    yield _row("values", pl.all_horizontal(pl.col(*PRICES, *counted, *times).is_not_null()),
               "a value is missing or no number")  # fmt: skip
    yield _row("finite", pl.all_horizontal(pl.col(*PRICES, *volumes).is_finite()), "a value is infinite or NaN")
    if by_window:
        yield _row("magnitude", pl.all_horizontal(pl.col(*PRICES, *volumes) <= _LARGEST), "a value is too large")
    yield _row("content_matches_name", start.is_between(pl.col("from_us"), pl.col("to_us"), closed="left"),
               "the row lies outside the time that its object names")  # fmt: skip
    yield _row("grid", _on_grid(interval), f"the open is not on the {interval.name} grid")
    if not signed:
        yield _row("positive_prices", pl.all_horizontal(pl.col(*PRICES) > 0), "a price is zero or negative")
    yield _row("ohlc_bounds", (low <= o) & (low <= c) & (h >= o) & (h >= c) & (low <= h),
               "open or close lies outside low and high")  # fmt: skip
    if counted:
        yield _row("non_negative_volumes", pl.all_horizontal(pl.col(*counted) >= 0), "a volume or count is negative")
    if parts := [_within(part, total) for part, total in _PARTS if {part, total} <= columns]:
        yield _row("taker_within_total", pl.all_horizontal(parts), "the taker's share exceeds the total")
    if not by_window:
        yield _row("close_time", _closes_inside(interval), "the bar closes before it opens or after its interval")


def _amounts(columns: frozenset[str], *, contracts: bool) -> Iterator[Rule]:
    if {"volume", "quote_volume"} <= columns and not contracts:
        yield _row("quote_volume", _amount_fits_prices(), _AMOUNT)
    if "vwap" in columns:
        words = "the source's own VWAP lies outside low and high, or does not go with the volume"
        yield _row("vwap", _vwap_fits_prices(has_volume="volume" in columns), words)


def warning_rules(
    interval: Interval, *, contracts: bool = False, by_window: bool = False, signed: bool = False
) -> tuple[Rule, ...]:
    """The rules that are shown and cost nothing."""
    move = pl.col("close") / pl.col("close").shift(1) - 1
    return (
        *((_warn("quote_volume", _amount_fits_prices(), _AMOUNT),) if contracts else ()),
        *(() if by_window else (_warn("early_close", _closes_at_end(interval), "the bar closed early"),)),
        *(() if signed else (_warn("unusual_move", move.abs().fill_null(0) <= UNUSUAL_MOVE, _MOVED),)),
    )  # fmt: skip


def count_violations(frame: pl.DataFrame, rules: tuple[Rule, ...]) -> dict[str, int]:
    """How many rows break each rule; one pass, rules that hold are left out."""
    broken = frame.select([(~rule.sound).fill_null(value=True).sum().alias(rule.name) for rule in rules]).row(
        0, named=True
    )
    return {name: int(count) for name, count in broken.items() if count}


def findings(frame: pl.DataFrame, rules: tuple[Rule, ...]) -> list[Finding]:
    """The rules that some row breaks, with samples."""
    counts = count_violations(frame, rules)
    return [
        Finding(rule.name, rule.severity, counts[rule.name], rule.why, sample(frame, ~rule.sound))
        for rule in rules
        if rule.name in counts
    ]


def blamed_findings(blamed: pl.DataFrame, rules: tuple[Rule, ...]) -> list[Finding]:
    """The rules that rows are blamed for (column `reason`), with samples: each row for the first that it breaks.

    A value that is no number breaks every rule that reads it, and is one defect.
    """
    counts = dict(blamed.drop_nulls("reason").group_by("reason").len().iter_rows())
    return [
        Finding(rule.name, rule.severity, counts[rule.name], rule.why, sample(_of(blamed, rule)))
        for rule in rules
        if rule.name in counts
    ]


def blame(rules: tuple[Rule, ...]) -> pl.Expr:
    """The name of the first rule that a row breaks; null for sound rows."""
    return pl.coalesce([pl.when((~rule.sound).fill_null(value=True)).then(pl.lit(rule.name)) for rule in rules]).alias(
        "reason"
    )


def sample(frame: pl.DataFrame, unsound: pl.Expr | None = None) -> tuple[dict[str, object], ...]:
    """A few rows (those that are unsound, or the first) as plain values."""
    rows = (frame if unsound is None else frame.filter(unsound.fill_null(value=True))).head(SAMPLE)
    return tuple({name: _plain(value) for name, value in row.items()} for row in rows.iter_rows(named=True))


def _of(blamed: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    return blamed.filter(pl.col("reason") == rule.name).drop("reason")


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int | str) else str(value)


def _row(name: str, sound: pl.Expr, why: str) -> Rule:
    return Rule(name, Severity.ROW, sound, why)


def _warn(name: str, sound: pl.Expr, why: str) -> Rule:
    return Rule(name, Severity.WARN, sound, why)


def _within(part: str, total: str) -> pl.Expr:
    return pl.col(part) <= pl.col(total) * (1 + _RELATIVE) + _QUANTUM


def _amount_fits_prices() -> pl.Expr:
    """Rounded amounts of next to nothing may miss the prices by far: both may be off by the last decimal."""
    low, high, volume = pl.col("low"), pl.col("high"), pl.col("volume")
    slack = _RELATIVE * high * volume + _QUANTUM * (high + 1)
    return pl.col("quote_volume").is_between(low * volume - slack, high * volume + slack)


def _vwap_fits_prices(*, has_volume: bool) -> pl.Expr:
    """A source's own VWAP: null exactly where nothing was traded; else as near to the prices as amounts have to be."""
    low, high, volume, vwap = (pl.col(name) for name in ("low", "high", "volume", "vwap"))
    if not has_volume:
        return vwap.is_null() | vwap.is_between(low * (1 - _RELATIVE), high * (1 + _RELATIVE))
    slack = _RELATIVE * high + _QUANTUM * (high + 1) / volume
    return pl.when(volume == 0).then(vwap.is_null()).otherwise(vwap.is_between(low - slack, high + slack))


def _on_grid(interval: Interval) -> pl.Expr:
    start = pl.col("open_time")
    if interval.has_sessions:
        return bar_floor(interval).cast(pl.Int64) == start.cast(pl.Int64)
    if interval.length is None:
        return start.cast(pl.Datetime("us", "UTC")).dt.truncate("1mo").cast(pl.Int64) == start
    anchor = int((interval.anchor - EPOCH).total_seconds() * 1_000_000)
    return (start - anchor) % _micros(interval) == 0


def _end(interval: Interval) -> pl.Expr:
    start = pl.col("open_time")
    if interval.length is None:
        return start.cast(pl.Datetime("us", "UTC")).dt.offset_by("1mo").cast(pl.Int64)
    return start + _micros(interval)


def _closes_inside(interval: Interval) -> pl.Expr:
    close = pl.col("close_time")
    # A close in ms stands for the end of its millisecond: one in the first millisecond is no close at all.
    return (close > pl.col("open_time") + 999) & (close < _end(interval))


def _closes_at_end(interval: Interval) -> pl.Expr:
    return pl.col("close_time") >= _end(interval) - 1000


def _micros(interval: Interval) -> int:
    assert interval.length is not None  # noqa: S101 # nosec B101 # callers branch on it
    return int(interval.length.total_seconds() * 1_000_000)
