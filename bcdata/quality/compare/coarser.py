"""Are bars the ones that coarser bars of the same symbol were made of? Pure. Source: semantics, *Suspicious data*.

Genuine bars agree with the exchange's hours and days exactly. What differs largely is another symbol's, scaled, shifted
or stale, and is refuted; what differs a little is a finding; what no control covers is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import polars as pl

from bcdata.interval import Interval
from bcdata.quality.compare.contradiction import Contradiction, say_differences
from bcdata.quality.compare.idle import rows_without_trades
from bcdata.quality.compare.windows import ControlComparison, can_compare, lay_beside, length_of, windows_of
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity
from bcdata.windows import Window

__all__ = ["Comparison", "Contradiction", "compare"]

_FEWEST_WINDOWS = 3
"""So many complete windows of a day are needed to say that the day is shifted."""
_DAY = timedelta(days=1)
_UNDECIDED = "the bars contradict coarser bars which contradict each other"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the controls say of some bars.

    Attributes:
        refuted: rows there are wrong and are not published.
        questioned: rows there are published, but a second source is asked.
        slight: windows that differ by less than would refute them; where three of a day do, the day. None of them
            lies in a questioned one. Genuine bars have none, so a second source is asked of these too.
        findings: small differences, and controls that contradict each other; they cost nothing.
        uncompared: UTC days with bars that no control covers.
    """

    refuted: tuple[Contradiction, ...] = ()
    questioned: tuple[Contradiction, ...] = ()
    slight: tuple[Contradiction, ...] = ()
    findings: tuple[Finding, ...] = ()
    uncompared: tuple[date, ...] = ()


def compare(bars: pl.DataFrame, fine: Interval, controls: Mapping[str, pl.DataFrame]) -> Comparison:
    """Compares bars with coarser ones (or with ones of the same interval) of the same symbol.

    Args:
        bars: sound bars (`BAR`), one per open, ascending, UTC.
        fine: their interval.
        controls: closed bars (`BAR`, one per open) by interval name. The finest localises; the coarsest is asked too.
            Intervals that these bars do not tile are passed over.
    """
    usable = {
        name: frame for name, frame in controls.items() if frame.height and can_compare(fine, Interval.parse(name))
    }
    names = sorted(usable, key=lambda name: length_of(Interval.parse(name)))
    if bars.is_empty():
        return Comparison()
    if not names:
        return Comparison(uncompared=tuple(bars["open_time"].dt.date().unique().sort()))
    finest = Interval.parse(names[0])
    near = lay_beside(windows_of(bars, finest), usable[names[0]], fine, finest)
    far = None
    if len(names) > 1:
        coarsest = Interval.parse(names[-1])
        far = lay_beside(windows_of(near.windows, coarsest), usable[names[-1]], fine, coarsest)
    uncompared = _uncompared(near, far)
    tables = [one.table for one in (near, far) if one is not None]
    if not any(table["unequal"].any() or table["lacking"].any() for table in tables):
        return Comparison(uncompared=uncompared)
    verdict = _Verdict(bars, near, far, usable[names[0]], usable[names[-1]])
    verdict.reach()
    questions, slight = tuple(verdict.questioned), tuple(verdict.slight())
    return Comparison(tuple(verdict.refuted), questions, slight, tuple(verdict.all_findings()), uncompared)


def _uncompared(near: ControlComparison, far: ControlComparison | None) -> tuple[date, ...]:
    left = near.windows.join(near.table, on="open_time", how="anti")["open_time"]
    if far is not None and len(left):
        covered = far.table["open_time"]
        left = left.filter(~left.dt.truncate(length_of(far.coarse)).is_in(covered.implode()))
    return tuple(left.dt.date().unique().sort())


@dataclass(slots=True)
class _Verdict:
    """The windows that differ, decided one by one: there are few of them, or much is wrong."""

    bars: pl.DataFrame
    near: ControlComparison
    far: ControlComparison | None
    near_control: pl.DataFrame
    far_control: pl.DataFrame
    refuted: list[Contradiction] = field(default_factory=list)
    questioned: list[Contradiction] = field(default_factory=list)
    disagreeing: list[datetime] = field(default_factory=list)
    undecided: list[datetime] = field(default_factory=list)

    def reach(self) -> None:
        """Decides which control to believe, and what that refutes."""
        believed = self.near.table
        if self.far is not None:
            believed = believed.filter(~self._in(self._distrusted(self.far)))
        self._conclude(self.near, believed)
        self._shifted(believed)
        self.refuted.sort(key=lambda one: one.window.start)
        self.questioned.sort(key=lambda one: one.window.start)

    def _in(self, starts: Sequence[datetime]) -> pl.Expr:
        assert self.far is not None  # noqa: S101 # nosec B101 # only asked where there is one
        times = pl.Series(starts, dtype=self.near.table.schema["open_time"])
        return pl.col("open_time").dt.truncate(length_of(self.far.coarse)).is_in(times.implode())

    def _distrusted(self, far: ControlComparison) -> list[datetime]:
        """The coarse windows within which the finer control is not believed; decides what needs both."""
        inner, outer = self.near.coarse, far.coarse
        own = lay_beside(windows_of(self.near_control.sort("open_time"), outer), self.far_control, inner, outer)
        contradict = set(own.table.filter("differs")["open_time"])
        at = pl.col("open_time").dt.truncate(length_of(outer))
        known = set(self.near.table.select(at.unique()).to_series())
        differ = set(self.near.table.filter("differs").select(at.unique()).to_series())
        distrusted = []
        for start in sorted(contradict & known):
            row = far.table.filter(pl.col("open_time") == start)
            is_far = bool(row["differs"].any())
            if start in differ:
                distrusted.append(start)
                if is_far:
                    self._leave_open(start)
                else:
                    self.disagreeing.append(start)
            else:
                self.disagreeing.append(start)
        for start in sorted(set(far.table.filter(pl.col("differs") | pl.col("lacking"))["open_time"])):
            if start not in known:
                self._conclude(far, far.table.filter(pl.col("open_time") == start))
            elif start not in contradict and start not in differ:
                self._rest_of(far, start)
        return distrusted

    def _rest_of(self, far: ControlComparison, start: datetime) -> None:
        """A coarse window differs although all that the finer control covers agrees: the rest of it is wrong."""
        row = far.table.filter((pl.col("open_time") == start) & pl.col("differs"))
        if row.is_empty():
            return
        at = pl.col("open_time").dt.truncate(length_of(far.coarse)) == start
        bare = self.near.windows.filter(at).join(self.near.table, on="open_time", how="anti")["open_time"]
        ((_, evidence),) = say_differences(far, row)
        length = length_of(self.near.coarse)
        self.refuted += [Contradiction(Window(one, one + length), evidence) for one in bare.to_list()]
        if bare.is_empty():
            self._leave_open(start)

    def _leave_open(self, start: datetime) -> None:
        """Nothing decides: the bars are published, and a second source is asked."""
        assert self.far is not None  # noqa: S101 # nosec B101 # only asked where there is one
        window = Window(start, start + length_of(self.far.coarse))
        self.undecided.append(start)
        self.questioned.append(Contradiction(window, f"{_UNDECIDED} on {start:%Y-%m-%d}"))

    def _conclude(self, one: ControlComparison, windows: pl.DataFrame) -> None:
        """What a control that is believed says of these of its windows."""
        idle = rows_without_trades(self.bars, one, windows.filter("lacking"))
        self.refuted += idle.refuted
        self.questioned += idle.questioned
        length = length_of(one.coarse)
        for start, evidence in say_differences(one, windows.filter("differs")):
            if start not in idle.explained:
                self.refuted.append(Contradiction(Window(start, start + length), evidence))

    def _shifted(self, windows: pl.DataFrame) -> None:
        """Days whose hours begin or end at other prices: a shift by a bar changes little else."""
        days = (
            windows.filter("complete")
            .group_by(pl.col("open_time").dt.date().alias("day"))
            .agg(pl.len().alias("complete"), pl.col("edges").sum().alias("edges"))
            .filter((pl.col("complete") >= _FEWEST_WINDOWS) & (2 * pl.col("edges") >= pl.col("complete")))
            .sort("day")
        )
        for day, complete, edges in days.iter_rows():
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            words = (
                f"{edges} of {complete} complete {self.near.coarse.name} bars of {day} have another open or close "
                f"than the {self.near.fine.name} bars"
            )
            self.questioned.append(Contradiction(Window(start, start + _DAY), words))

    def slight(self) -> list[Contradiction]:
        """The windows that differ a little, of the finest control that covers them."""
        covered = self.near.table["open_time"].dt.date().unique()
        found = self._slight(self.near, self.near.table)
        if self.far is not None:
            bare = self.far.table.filter(~pl.col("open_time").dt.date().is_in(covered.implode()))
            found += self._slight(self.far, bare)
        return [one for one in found if not any(_overlap(one.window, other.window) for other in self.questioned)]

    @staticmethod
    def _slight(one: ControlComparison, windows: pl.DataFrame) -> list[Contradiction]:
        told = say_differences(one, windows.filter(pl.col("unequal") & ~pl.col("differs")), largely=False)
        by_day: dict[datetime, list[tuple[datetime, str]]] = {}
        for start, evidence in told:
            by_day.setdefault(start.replace(hour=0, minute=0), []).append((start, evidence))
        length, found = length_of(one.coarse), []
        for day, some in sorted(by_day.items()):
            if len(some) < _FEWEST_WINDOWS:
                found += [Contradiction(Window(start, start + length), evidence) for start, evidence in some]
            else:
                found.append(Contradiction(Window(day, day + max(length, _DAY)), some[0][1]))
        return found

    def all_findings(self) -> Iterator[Finding]:
        """What is said of differences that cost nothing."""
        small = self._small(self.near) + (self._small(self.far) if self.far is not None else 0)
        if small:
            words = f"windows in which the {self.near.fine.name} bars differ a little from coarser bars"
            columns = ["open_time", *[name for name in self.near.table.columns if name.endswith("_control")]]
            shown = self.near.table.filter(pl.col("unequal") & ~pl.col("differs")).select(columns)
            yield Finding("interval_disagree", Severity.WARN, small, words, sample(shown))
        if self.disagreeing:
            yield _finding("controls_disagree", self.disagreeing, "coarser bars contradict each other; those that the "
                           "bars agree with are believed")  # fmt: skip
        if self.undecided:
            yield _finding("suspicious", self.undecided, _UNDECIDED)

    @staticmethod
    def _small(one: ControlComparison) -> int:
        return one.table.filter(pl.col("unequal") & ~pl.col("differs")).height


def _overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end


def _finding(rule: str, starts: Sequence[datetime], words: str) -> Finding:
    shown = tuple({"open_time": start.isoformat()} for start in starts[:5])
    return Finding(rule, Severity.WARN, len(starts), f"{words} (first at {starts[0]:%Y-%m-%d %H:%M})", shown)
