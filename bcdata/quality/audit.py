"""The audit of parsed bars: bad rows are split off with their reason, the rest is judged as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from bcdata.frames.columns import BAR_COLUMNS
from bcdata.frames.schema import BAR, RAW_BAR, conform
from bcdata.frames.types import BARS, FrameType
from bcdata.interval import Interval
from bcdata.quality.compare.alternatives import as_bars, prefer_what_fits, within
from bcdata.quality.compare.coarser import Contradiction
from bcdata.quality.compare.refutation import CheckedRows, check
from bcdata.quality.compare.unconfirmed import STEP, look_into
from bcdata.quality.duplicates import Deduplicated, resolve
from bcdata.quality.models import audit, bar_model, parsed_bar
from bcdata.quality.rules import (
    Rule,
    blame,
    blamed_findings,
    count_violations,
    findings,
    row_rules,
    sample,
    warning_rules,
)
from bcdata.quality.shares import BadRows, bad_objects, set_aside_objects
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.venues.calendar import is_in_session
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window

OFF_SESSION = "off_session"
"""The reason of rows that open while their market is closed."""
_NOTES = {"reason": pl.String, "evidence": pl.String}


@dataclass(frozen=True, slots=True)
class Audited:
    """What the audit makes of the rows of a partition.

    Attributes:
        bars: fit to publish.
        rejected: rows set aside, as sent (but for columns that the source does not declare), with `reason` (the rule)
            and `evidence` (in words; null where the rule says all).
        verdict: what was found.
        questioned: windows whose bars are published, but of which a second source should be asked.
        uncompared: UTC days with bars that no control covers.
        bad_objects: the objects (by index) that are set aside whole, and why.
    """

    bars: pl.DataFrame
    rejected: pl.DataFrame
    verdict: Verdict
    questioned: tuple[Contradiction, ...] = ()
    uncompared: tuple[date, ...] = ()
    bad_objects: Mapping[int, BadRows] = field(default_factory=dict)


def audit_bars(
    raw: pl.DataFrame,
    *,
    interval: Interval,
    max_bad_share: float,
    of: FrameType = BARS,
    columns: frozenset[str] = BAR_COLUMNS,
    by_window: bool = False,
    bad_lines: Mapping[int, int] | None = None,
    elsewhere: Mapping[int, BadRows] | None = None,
    controls: Mapping[str, pl.DataFrame] | None = None,
    between: Sequence[Window] = (),
    is_published: bool = True,
) -> Audited:
    """Judges raw rows of one partition.

    Args:
        raw: rows as sent (times in µs), with `from_us`, `to_us` (the window of the row's object) and `rank`; and
            `known_at` (µs), if the received bars of some ended later than their calendar says.
        interval: the length of the bars.
        max_bad_share: the share of an object's rows above which the whole object is set aside.
        of: the type of the bars.
        columns: those that the source fills, `vwap` among them where it states its own; of them those count that the
            type has. In others a null passes, and what stands there all the same is not believed: it is null from here
            on, and a warning.
        by_window: whether the source is asked by windows: rows are those of `RAW_BAR`, without `close_time`, and bars
            those of `WINDOW_BAR`.
        bad_lines: lines that were no rows at all, by object; they count as bad rows.
        elsewhere: rows of the objects that lie outside the partition: they count for the share of bad ones alone.
        controls: coarser bars of the same symbol, by interval name; None where they are not to be compared.
        between: the times between two instruments of one ticker.
        is_published: whether the bars are to be published: then the strict model looks at them. No row depends on it.
    """
    contracts = "contracts" in raw.columns
    columns = of.filled(columns)
    raw, off, outside = _in_session(raw, interval)
    raw, undeclared = _declared(raw, columns)
    rules = row_rules(interval, contracts=contracts, columns=columns, by_window=by_window, signed=of.is_signed)
    sound, rejected, found, bad = _by_row(raw, rules, max_bad_share, bad_lines or {}, elsewhere or {})
    found += [*undeclared, *outside]
    resolved = resolve(sound, by_window=by_window)
    checked = _against_controls(resolved, interval, controls)
    rows = checked.rows
    found += [*resolved.findings, *checked.findings]
    held = rows.clear().with_columns(**{name: pl.lit(None, dtype=dtype) for name, dtype in _NOTES.items()})
    if controls is not None and not of.is_signed:
        rows, held, suspicious = _unconfirmed(rows, resolved.others, interval, checked.uncompared, between)
        found += suspicious
    found.extend(findings(rows, warning_rules(interval, contracts=contracts, by_window=by_window, signed=of.is_signed)))
    schema = parsed_bar(contracts=contracts, by_window=by_window)
    bars = conform(rows.with_columns(pl.col("open_time").cast(BAR["open_time"])), schema)
    if is_published:
        model = bar_model(interval, contracts=contracts, columns=columns, by_window=by_window, signed=of.is_signed)
        found.extend(audit(bars, model))
    aside = [one for one in (off, rejected, resolved.rejected, checked.rejected, held) if one.height] or [rejected]
    everything = pl.concat([_noted(one, raw) for one in aside]).sort("open_time", "object", "line")
    everything = everything.drop("known_at", strict=False)
    verdict = Verdict(bars.height, tuple(found))
    return Audited(bars, everything, verdict, checked.questioned, checked.uncompared, bad)


def _in_session(raw: pl.DataFrame, interval: Interval) -> tuple[pl.DataFrame, pl.DataFrame, list[Finding]]:
    """The rows that open in sessions of the market, the others, and a warning if there are any.

    These are no bad rows: some sources send what was traded before and after the sessions as well.
    """
    if not isinstance(interval, SessionInterval) or raw.is_empty():
        return raw, raw.clear(), []
    is_inside = is_in_session(interval).fill_null(value=True)
    off = raw.filter(~is_inside)
    if off.is_empty():
        return raw, off, []
    words = f"the bar lies outside of the sessions of {interval.hours.calendar}"
    found = Finding(OFF_SESSION, Severity.WARN, off.height, words, sample(off))
    return raw.filter(is_inside), off.with_columns(reason=pl.lit(OFF_SESSION), evidence=pl.lit(words)), [found]


def _declared(raw: pl.DataFrame, columns: frozenset[str]) -> tuple[pl.DataFrame, list[Finding]]:
    """The rows without what stands in columns that the source does not declare, and a warning if anything does."""
    others = [name for name in (*BAR.names()[1:], "vwap") if name not in columns and name in raw.columns]
    filled = [name for name in others if raw[name].null_count() < raw.height]
    if not filled:
        return raw, []
    words = f"the source does not declare {', '.join(filled)}: what it says there is not believed"
    rows = raw.filter(pl.any_horizontal(pl.col(filled).is_not_null()))
    found = Finding("undeclared", Severity.WARN, rows.height, words, sample(rows))
    return raw.with_columns(pl.lit(None, dtype=RAW_BAR[name]).alias(name) for name in filled), [found]


def _by_row(
    raw: pl.DataFrame,
    rules: tuple[Rule, ...],
    max_bad_share: float,
    bad_lines: Mapping[int, int],
    elsewhere: Mapping[int, BadRows],
) -> tuple[pl.DataFrame, pl.DataFrame, list[Finding], dict[int, BadRows]]:
    """The rows that keep the rules, those that do not (and all of an object that has too many of these)."""
    none = raw.clear().with_columns(**{name: pl.lit(None, dtype=dtype) for name, dtype in _NOTES.items()})
    is_broken = bool(count_violations(raw, rules))
    if not is_broken and not bad_lines and not any(one.bad for one in elsewhere.values()):
        return raw, none, [], {}
    blamed = raw.with_columns(blame(rules))
    found = blamed_findings(blamed, rules)
    if lines := sum(bad_lines.values()):
        found.append(Finding("unreadable_line", Severity.ROW, lines, "a line is no row of klines"))
    bad = bad_objects(blamed, bad_lines, max_bad_share, elsewhere=elsewhere)
    blamed = set_aside_objects(blamed, bad)
    sound = blamed.filter(pl.col("reason").is_null()).drop("reason", "evidence")
    return sound, blamed.filter(pl.col("reason").is_not_null()), found, bad


def _against_controls(
    resolved: Deduplicated, interval: Interval, controls: Mapping[str, pl.DataFrame] | None
) -> CheckedRows:
    if controls is None:
        return CheckedRows(resolved.rows, resolved.rows.clear())
    return check(resolved.rows, resolved.others, interval, controls)


def _unconfirmed(
    rows: pl.DataFrame, others: pl.DataFrame, interval: Interval, days: Sequence[date], between: Sequence[Window]
) -> tuple[pl.DataFrame, pl.DataFrame, list[Finding]]:
    """Takes out rows between jumps of the price, on days that no control covers; others without a jump take over."""
    windows, found = look_into(as_bars(rows), interval, days, between) if days else ([], [])
    gave_way = rows.clear().with_columns(evidence=pl.lit(None, dtype=pl.String))
    if windows and others.height:
        rows, gave_way = prefer_what_fits(
            rows, others, windows, lambda bars: look_into(bars, interval, days, between)[0]
        )
        windows, found = look_into(as_bars(rows), interval, days, between) if gave_way.height else (windows, found)
    held = pl.concat([gave_way, within(rows, windows)]).with_columns(reason=pl.lit(STEP))
    if not held.height:
        return rows, held, found
    words = str(held["evidence"][0])
    if gave_way.height:
        words += f"; {gave_way.height} rows of the monthly object are there in their place"
    found.append(Finding(STEP, Severity.ROW, held.height, words, sample(held)))
    left = held.filter(~pl.col("open_time").is_in(gave_way["open_time"].implode()))
    return rows.join(left, on="open_time", how="anti", maintain_order="left"), held, found


def _noted(rows: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    missing = {name: pl.lit(None, dtype=dtype) for name, dtype in _NOTES.items() if name not in rows.columns}
    return rows.with_columns(**missing).select(*raw.columns, *_NOTES)
