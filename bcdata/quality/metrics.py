"""The audit of metrics: bad rows are split off with their reason, the rest is judged as a whole.

The input is a raw frame (`RAW_METRIC`) of all objects that a partition reads. An object is believed or not as a whole;
of its rows the partition has those of its own time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from bcdata.frames.columns import METRIC_VALUES
from bcdata.frames.schema import METRIC, TIME
from bcdata.quality.duplicates import AMBIGUOUS, CONFLICT, said_once
from bcdata.quality.models import METRIC_PACE, audit, metric_model
from bcdata.quality.rules import Rule, blame, blamed_findings, sample
from bcdata.quality.shares import BadRows, bad_objects, set_aside_objects
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.windows import Window

VERSION = "1"
"""Change it with any rule: partitions audited by older rules become stale."""
LARGEST = 1e15
"""No open interest comes near it, in contracts, coins or money, and no ratio does."""
ZERO = "open_interest_zero"
_WHY = ": its label was the end of five minutes before, and is their start since"
_OPEN_INTEREST = ("sum_open_interest", "sum_open_interest_value")
_NAMED = pl.col("time").is_between(pl.col("from_us"), pl.col("to_us"), closed="left")
IS_NAMED = _NAMED.fill_null(value=False)
"""Whether a row lies in the time of which its object is."""


def rules(symbol: str) -> tuple[Rule, ...]:
    """The rules that cost a row of a symbol's metrics, in the order in which a row is blamed."""
    values = pl.col(METRIC_VALUES)
    on_grid = pl.col("time").cast(TIME).dt.truncate(METRIC_PACE.name).cast(pl.Int64) == pl.col("time")
    is_told = pl.col("time").is_not_null() & pl.col("are_numbers") & pl.any_horizontal(values.is_not_null())
    return (
        _row("unreadable_line", pl.col("is_row"), "the line is no row of metrics"),
        _row("values", is_told, "the time or a value is none, or all values are blank"),
        _row(AMBIGUOUS, pl.col("unclear").ne_missing(AMBIGUOUS),
             "its label was an end before and is a start since, and nothing tells which this is"),
        _row(CONFLICT, pl.col("unclear").ne_missing(CONFLICT),
             "rows of a label that is there as an end and as a start differ, and no order tells which is which"),
        _row("foreign_symbol", pl.col("symbol") == symbol, "the row is of another symbol"),
        _row("finite", _each(values.is_finite()), "a value is infinite or NaN"),
        _row("non_negative", _each(values >= 0), "a value is negative"),
        _row("magnitude", _each(values <= LARGEST), "a value is too large"),
        _row("content_matches_name", _NAMED, "the row lies outside the time that its object names"),
        _row("grid", on_grid, f"the time is not on the {METRIC_PACE.name} grid"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditedMetrics:
    """What the audit makes of the rows that a partition reads.

    Attributes:
        metrics: fit to publish (`METRIC`), by time.
        rejected: rows of the partition that are set aside (raw, with `reason` and `evidence`).
        elsewhere: rows of other partitions that are set aside.
        verdict: what was found of the partition's own.
        bad_objects: the objects (by name) that are set aside whole, and why.
    """

    metrics: pl.DataFrame
    rejected: pl.DataFrame
    elsewhere: pl.DataFrame
    verdict: Verdict
    bad_objects: Mapping[str, BadRows]


def audit_metrics(raw: pl.DataFrame, *, symbol: str, window: Window, max_bad_share: float) -> AuditedMetrics:
    """Judges raw rows, in any order.

    Args:
        raw: the rows of all objects that the partition reads.
        symbol: the partition's.
        window: its time.
        max_bad_share: the share of an object's rows above which the whole object is set aside.
    """
    broken = rules(symbol)
    judged, bad = _judged(raw, broken, max_bad_share)
    if starts := _told_by_others(judged):
        is_start = pl.col("unclear").is_not_null() & pl.col("name").is_in(starts)
        time = pl.when(is_start).then(pl.max_horizontal("time", "other_time")).otherwise("time")
        clear = {name: pl.when(~is_start).then(name) for name in ("other_time", "unclear")}
        judged, bad = _judged(raw.with_columns(time=time, **clear), broken, max_bad_share)
    ours = judged.filter(_is_of(window))
    found = blamed_findings(ours.drop("evidence"), broken)
    sound = ours.filter(pl.col("reason").is_null()).drop("reason", "evidence").sort("time", maintain_order=True)
    unique, conflicting, repeated = said_once(sound, "time", ("time", *METRIC_VALUES), "five minutes")
    kept, zero, zeros = _without_zeros(unique)
    aside = [ours.filter(pl.col("reason").is_not_null()), conflicting, zero]
    metrics = kept.select(pl.col("time").cast(TIME), *METRIC_VALUES)
    found += [*repeated, *zeros, *_blanks(metrics), *audit(metrics, metric_model(METRIC))]
    elsewhere = judged.filter(~_is_of(window) & pl.col("reason").is_not_null())
    verdict = Verdict(metrics.height, tuple(found))
    return AuditedMetrics(metrics, pl.concat(aside).sort("name", "line"), elsewhere, verdict, bad)


def _judged(
    raw: pl.DataFrame, broken: tuple[Rule, ...], max_bad_share: float
) -> tuple[pl.DataFrame, dict[str, BadRows]]:
    """The rows with `reason` and `evidence`, and the objects (by name) that are set aside whole."""
    blamed = raw.with_columns(blame(broken))
    none: dict[str, int] = {}
    bad = bad_objects(blamed, none, max_bad_share, by="name")
    return _explained(set_aside_objects(blamed, bad, by="name")), bad


def _told_by_others(judged: pl.DataFrame) -> list[str]:
    """The objects whose ambiguous row is a start, as the end stands in another object, with other values."""
    found = []
    for (name,), rows in judged.filter(pl.col("reason") == AMBIGUOUS).group_by("name"):
        end = rows.select(pl.min_horizontal("time", "other_time").min()).item()
        is_end = (pl.col("time") == end) & pl.col("unclear").is_null() & (pl.col("name") != name)
        ends = judged.filter(is_end & pl.col("reason").is_null()).select(METRIC_VALUES).rows()
        if ends and not {*ends} & {*rows.select(METRIC_VALUES).rows()}:
            found.append(str(name))
    return found


def _explained(judged: pl.DataFrame) -> pl.DataFrame:
    """The rows with the two times as evidence where their label does not tell which it is."""
    times = [pl.col(name).cast(TIME).dt.strftime("%Y-%m-%d %H:%M") for name in ("time", "other_time")]
    words = pl.lit("it is of ") + pl.min_horizontal(times) + " or of " + pl.max_horizontal(times)
    is_unclear = pl.col("unclear") == pl.col("reason")
    return judged.with_columns(evidence=pl.when(is_unclear).then(words + _WHY).otherwise("evidence"))


def _is_of(window: Window) -> pl.Expr:
    """Whether a row is of the window, so that each of every object belongs to just one partition.

    A row belongs where its time is; what lies outside the time of its object, to the day that this names.
    """
    place = pl.when(IS_NAMED).then("time").otherwise(pl.col("to_us") - 1).cast(TIME)
    return place.is_between(window.start, window.end, closed="left")


def _without_zeros(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, list[Finding]]:
    """The rows without those whose open interest is zero between others, which are set aside; and what there is to say.

    At the beginning and the end it may be true: a contract begins and ends without any.
    """
    zero = pl.any_horizontal(pl.col(_OPEN_INTEREST) == 0).fill_null(value=False)
    number = pl.int_range(pl.len())
    others = rows.select(number.filter(pl.any_horizontal(pl.col(_OPEN_INTEREST) > 0) & ~zero)).to_series()
    first, last = (others[0], others[-1]) if others.len() else (rows.height, rows.height)
    is_between = zero & number.is_between(first, last)
    words = "open interest is zero between rows where it is not"
    aside = rows.filter(is_between).with_columns(reason=pl.lit(ZERO), evidence=pl.lit(None, dtype=pl.String))
    kept, found = rows.filter(~is_between), []
    if aside.height:
        found.append(Finding(ZERO, Severity.ROW, aside.height, words, sample(aside)))
    if (left := kept.filter(zero)).height:
        words = "open interest is zero at the beginning or the end; kept"
        found.append(Finding(ZERO, Severity.WARN, left.height, words, sample(left)))
    return kept, aside, found


def _blanks(metrics: pl.DataFrame) -> list[Finding]:
    """The warning that values are blank in the file, and null."""
    lacking = metrics.filter(pl.any_horizontal(pl.col(METRIC_VALUES).is_null()))
    if lacking.is_empty():
        return []
    count = sum(lacking.select(pl.col(METRIC_VALUES).null_count()).row(0))
    return [Finding("blank", Severity.WARN, count, "values are blank in the file; they are null", sample(lacking))]


def _each(sound: pl.Expr) -> pl.Expr:
    return pl.all_horizontal(sound.fill_null(value=True))


def _row(name: str, sound: pl.Expr, why: str) -> Rule:
    return Rule(name, Severity.ROW, sound, why)
