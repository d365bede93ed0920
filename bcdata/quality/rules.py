"""Row rules for bars: each one expression that is true where a row is sound. Source: semantics, "Severity".

The input is a raw frame: times in µs as Int64, plus `from_us` and `to_us`, the window that the row's object names.
The same expressions split bad rows off and, as Pandera checks, audit what is left.
"""

from dataclasses import dataclass

import polars as pl

from bcdata.intervals import EPOCH, Interval
from bcdata.quality.verdict import SAMPLE, Finding, Severity

VERSION = "2"
"""Change it with any rule: partitions audited by older rules become stale."""

PRICES = ("open", "high", "low", "close")
VOLUMES = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
_NUMBERS = (*PRICES, *VOLUMES)
_RELATIVE = 1e-9
_QUANTUM = 1e-8
"""Binance prints eight decimals: sums of rounded amounts may differ by a few of the last."""
_AMOUNT = "quote volume / volume lies outside low and high"
UNUSUAL_MOVE = 0.5
"""A close this far from the bar's before (as a share) is shown, never refused."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: true means sound; null counts as unsound."""

    name: str
    severity: Severity
    sound: pl.Expr
    why: str


def row_rules(interval: Interval, *, contracts: bool = False) -> tuple[Rule, ...]:
    """The rules that cost a row, in the order in which a row is blamed.

    Where volumes were `contracts`, the amount in quote currency follows from a table of contract sizes: what does not
    fit the prices may be the table's fault, and is a warning alone.
    """
    amounts = (_row("quote_volume", _amount_fits_prices(), _AMOUNT),)
    return (*_by_row(interval), *(() if contracts else amounts))


def _by_row(interval: Interval) -> tuple[Rule, ...]:
    o, h, low, c = (pl.col(name) for name in PRICES)
    start = pl.col("open_time")
    return (
        _row("values", pl.all_horizontal(pl.col(*_NUMBERS, "trades", "open_time", "close_time").is_not_null()),
             "a value is missing or no number"),
        _row("finite", pl.all_horizontal(pl.col(*_NUMBERS).is_finite()), "a value is infinite or NaN"),
        _row("content_matches_name", start.is_between(pl.col("from_us"), pl.col("to_us"), closed="left"),
             "the row lies outside the time that its object names"),
        _row("grid", _on_grid(interval), f"the open is not on the {interval.name} grid"),
        _row("positive_prices", pl.all_horizontal(pl.col(*PRICES) > 0), "a price is zero or negative"),
        _row("ohlc_bounds", (low <= o) & (low <= c) & (h >= o) & (h >= c) & (low <= h),
             "open or close lies outside low and high"),
        _row("non_negative_volumes", pl.all_horizontal(pl.col(*VOLUMES, "trades") >= 0),
             "a volume or count is negative"),
        _row("taker_within_total", _within("taker_buy_volume", "volume")
             & _within("taker_buy_quote_volume", "quote_volume"), "the taker's share exceeds the total"),
        _row("close_time", _closes_inside(interval), "the bar closes before it opens or after its interval"),
    )  # fmt: skip


def warning_rules(interval: Interval, *, contracts: bool = False) -> tuple[Rule, ...]:
    """The rules that are shown and cost nothing."""
    move = pl.col("close") / pl.col("close").shift(1) - 1
    return (
        *((_warn("quote_volume", _amount_fits_prices(), _AMOUNT),) if contracts else ()),
        _warn("early_close", _closes_at_end(interval), "the bar closed early"),
        _warn("unusual_move", move.abs().fill_null(0) <= UNUSUAL_MOVE, "the close moved by more than half"),
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


def _on_grid(interval: Interval) -> pl.Expr:
    start = pl.col("open_time")
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
