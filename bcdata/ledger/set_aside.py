"""Which bars an archive partition lacks because what was received of them was set aside: runs for the gap ledger.

Each run names its first and last open (UTC, both included), the rule, and words where the rule does not say all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.ledger import runs_of
from bcdata.ledger.records import SetAsideRecord
from bcdata.windows import Window

UNREADABLE_LINE = "unreadable_line"


@dataclass(frozen=True, slots=True)
class MissingOpens:
    """Opens (UTC, ascending) of the bars that are expected of a partition, and of those that are not published."""

    expected: pl.Series
    missing: pl.Series

    def runs(self, opens: pl.Series) -> Iterator[tuple[datetime, datetime]]:
        """Runs of neighbouring bars that are missing and among the opens: first and last open."""
        unique = opens.unique()
        yield from runs_of(unique.filter(unique.is_in(self.missing.implode())), self.expected)

    def without(self, opens: pl.Series) -> "MissingOpens":
        """The same without some of the missing ones."""
        return MissingOpens(self.expected, self.missing.filter(~self.missing.is_in(opens.implode())))


def runs_of_rows(
    rejected: pl.DataFrame, seen: pl.DataFrame, lacking: MissingOpens, interval: Interval
) -> list[SetAsideRecord]:
    """Runs of missing bars of which a row or a line was received that was set aside.

    Args:
        rejected: what was set aside: `object`, `line`, `open_time` and `close_time` (µs, null where nothing is told),
            `from_us`, `to_us` (what its object names), `reason`, `evidence`.
        seen: all rows of the objects: `object`, `line`, `open_time` (µs).
        lacking: the bars that are not published.
        interval: the length of the bars.
    """
    if rejected.is_empty() or lacking.missing.is_empty():
        return []
    placed = _placed(rejected, seen, interval)
    runs: list[SetAsideRecord] = []
    for (reason,), rows in placed.group_by("reason", maintain_order=True):
        told = rows.select("open_time", "evidence").rows()
        for first, last in lacking.runs(rows["open_time"]):
            words = [words for at, words in told if first <= at <= last and words]
            runs.append(_run(first, last, str(reason), _summed_up(words)))
    return runs


def runs_of_windows(
    windows: Sequence[tuple[Window, str, str]], lacking: MissingOpens, covered: pl.Series
) -> Iterator[SetAsideRecord]:
    """Runs of missing bars within whole objects that were set aside (their window, the rule, and words).

    Args:
        windows: the time that each object names.
        lacking: the bars that are not published.
        covered: the UTC days that another object covers: what is missing there that object lacks.
    """
    left = lacking.missing.filter(~lacking.missing.dt.date().is_in(covered.implode()))
    for window, reason, words in windows:
        inside = left.filter(left.is_between(window.start, window.end, closed="left"))
        for first, last in lacking.runs(inside):
            yield _run(first, last, reason, words)


def within_runs(times: pl.Series, runs: Iterable[SetAsideRecord]) -> int:
    """How many of the times (UTC, ascending) lie in one of the runs at least."""
    edges = [(datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])) for one in runs]
    if not edges:
        return 0
    starts, ends = (pl.Series(one, dtype=TIME) for one in zip(*edges, strict=True))
    deeper = np.zeros(times.len() + 1, dtype=np.int64)
    np.add.at(deeper, times.search_sorted(starts, side="left").to_numpy(), 1)
    np.add.at(deeper, times.search_sorted(ends, side="right").to_numpy(), -1)
    return int(np.count_nonzero(np.cumsum(deeper[:-1])))


def _run(first: datetime, last: datetime, reason: str, evidence: str | None) -> SetAsideRecord:
    run: SetAsideRecord = {"start": first.isoformat(), "end": last.isoformat(), "reason": reason}
    return {**run, "evidence": evidence} if evidence else run


def _summed_up(words: Sequence[str]) -> str | None:
    kinds = list(dict.fromkeys(words))
    if len(kinds) <= 1:
        return kinds[0] if kinds else None
    return f"{kinds[0]}; and {len(kinds) - 1} more like it"


def _placed(rejected: pl.DataFrame, seen: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """The rows with the open (UTC) of the bar that they stand for; those of which nothing tells it are left out."""
    told = [pl.col("open_time")]
    if interval.length is not None:
        told.append(pl.col("close_time") + 1 - int(interval.length.total_seconds() * 1_000_000))
    inside = [pl.when(one.is_between("from_us", "to_us", closed="left")).then(one) for one in told]
    own = rejected.with_columns(open_time=pl.coalesce(inside))
    if interval.length is not None:
        own = by_neighbours(own, seen, int(interval.length.total_seconds() * 1_000_000))
    opens = pl.col("open_time").cast(TIME).dt.truncate(interval.name)
    return own.drop_nulls("open_time").with_columns(open_time=opens)


def by_neighbours(rejected: pl.DataFrame, seen: pl.DataFrame, step: int) -> pl.DataFrame:
    """Lines that tell no time stand for the bar that their place in the file leaves: as many lines as bars fit in.

    A line that tells several times (rows without a line end between them) is several rows of `rejected`: what comes
    before it ends at the first, what comes after it begins at the last.
    """
    lost = rejected.filter(pl.col("open_time").is_null())
    if lost.is_empty():
        return rejected
    key = ["object", "line"]
    known = seen.join(rejected.select(key), on=key, how="anti").select(*key, "open_time")
    known = known.filter(pl.col("object").is_in(lost["object"].unique().implode()))
    lines = pl.concat(
        [known, rejected.filter(pl.col("object").is_in(lost["object"].implode())).select(*key, "open_time")]
    )
    there = pl.when(pl.col("open_time").is_not_null()).then("line")
    placed = (
        lines.unique([*key, "open_time"])
        .sort([*key, "open_time"])
        .with_columns(
            before=pl.col("open_time").forward_fill().over("object"),
            after=pl.col("open_time").backward_fill().over("object"),
            line_before=there.forward_fill().over("object"),
            line_after=there.backward_fill().over("object"),
        )
        .filter(pl.col("open_time").is_null())
    )
    fits = pl.col("after") - pl.col("before") == (pl.col("line_after") - pl.col("line_before")) * step
    told = placed.filter(fits).select(*key, told=pl.col("before") + (pl.col("line") - pl.col("line_before")) * step)
    joined = rejected.join(told, on=key, how="left", maintain_order="left")
    return joined.with_columns(open_time=pl.coalesce("open_time", "told")).drop("told")
