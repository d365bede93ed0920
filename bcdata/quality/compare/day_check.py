"""Bars beside the exchange's own day bars, where no file of the archive covers a day. Pure.

One server states its day bars and its minutes. Whether it is to be believed is decided by what it cannot know to lie
about: other days of the archive, which its day bars have to fit exactly.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

import polars as pl

from bcdata.interval import Interval
from bcdata.quality.compare.coarser import Contradiction, compare
from bcdata.quality.compare.questions import Answers
from bcdata.quality.compare.refutation import REFUTED
from bcdata.quality.compare.windows import lay_beside, may_have_traded, windows_of
from bcdata.quality.verdict import Finding, Severity

_DAY = Interval.parse("1d")


class DayBarTrust(Enum):
    """What the exchange's day bars have shown of themselves."""

    PROVEN = "proven"
    """They fit a whole day of the archive exactly."""
    UNTRIED = "untried"
    """They contradict the only object of the archive that there is to try them with."""
    DISPROVEN = "disproven"
    """They contradict several objects of the archive and fit none: whoever contradicts everything is not believed."""


@dataclass(frozen=True, slots=True)
class DayCheck:
    """How the archive's bars of a partition compare with the exchange's own day bars.

    Attributes:
        standing: of the day bars.
        large: doubtful days that differ largely.
        slight: doubtful days that differ a little.
    """

    standing: DayBarTrust = DayBarTrust.UNTRIED
    large: tuple[Contradiction, ...] = ()
    slight: tuple[Contradiction, ...] = ()

    @property
    def is_measure(self) -> bool:
        """Whether other rows may be compared with the day bars: they are proven, or nothing speaks against them."""
        return self.standing is DayBarTrust.PROVEN or not (self.large or self.slight)

    @property
    def is_settled(self) -> bool:
        """Whether day bars that are asked for again could tell no more."""
        return self.standing is DayBarTrust.PROVEN or not self.large

    @property
    def needs_archive_days(self) -> bool:
        """Whether days of other partitions are needed to tell whether the day bars are to be believed."""
        return not self.is_measure

    @property
    def questions(self) -> tuple[Contradiction, ...]:
        """The days of which the exchange's finer bars are asked."""
        return () if self.standing is DayBarTrust.DISPROVEN else (*self.large, *self.slight)


@dataclass(frozen=True, slots=True)
class UncomparedDays:
    """Days of a partition that no file of the archive could be compared with.

    Attributes:
        days: all of them.
        daily: those of the partition's days that have an object of their own.
    """

    days: Collection[date]
    daily: Collection[date] = ()


def check_days(
    bars: pl.DataFrame, days: pl.DataFrame, doubtful: UncomparedDays, fine: Interval, witnesses: pl.DataFrame
) -> DayCheck:
    """Compares days that no file of the archive covers with the exchange's own day bars.

    Args:
        bars: the archive's bars of the partition (`BAR`), ascending, UTC.
        days: the exchange's closed day bars (`BAR`).
        doubtful: the days that no file of the archive could be compared with.
        fine: the interval of `bars`.
        witnesses: day bars (`BAR`) that whole days of the archive in other partitions make.
    """
    comparison = compare(bars, fine, {"1d": days})
    large = _on(doubtful.days, comparison.refuted)
    slight = _on(doubtful.days, [*comparison.questioned, *comparison.slight])
    own = lay_beside(windows_of(bars, _DAY), days, fine, _DAY).table
    others = lay_beside(windows_of(witnesses, _DAY), days, _DAY, _DAY).table
    if _fits(own) or _fits(others):
        return DayCheck(DayBarTrust.PROVEN, large, slight)
    against = {one.window.start.date() for one in (*large, *slight)}
    objects = len(against.intersection(doubtful.daily)) + bool(against.difference(doubtful.daily)) + others.height
    return DayCheck(DayBarTrust.DISPROVEN if objects > 1 else DayBarTrust.UNTRIED, large, slight)


def _on(days: Collection[date], contradictions: Sequence[Contradiction]) -> tuple[Contradiction, ...]:
    wanted = set(days)
    found = [one for one in contradictions if one.window.start.date() in wanted]
    return tuple(sorted(found, key=lambda one: one.window.start))


def _fits(table: pl.DataFrame) -> bool:
    return bool(table.select((pl.col("complete") & ~pl.col("unequal") & may_have_traded()).any()).item())


@dataclass(frozen=True, slots=True)
class DayVerdict:
    """What became of the days that the exchange's day bars contradict.

    Attributes:
        refuted: the archive's rows there are wrong; published are the second source's, or none.
        held: neither side is believed, and neither is published.
        findings: what there is to say of the others.
    """

    refuted: tuple[Contradiction, ...] = ()
    held: tuple[Contradiction, ...] = ()
    findings: tuple[Finding, ...] = ()


def conclude(check: DayCheck, settled: Answers, stepping: Sequence[datetime]) -> DayVerdict:
    """Decides about contradicted days, when the exchange's finer bars were asked for.

    Args:
        check: how the days compare.
        settled: what the exchange's finer bars say to the questions.
        stepping: opens of finer bars of the exchange that came, and are not believed for a jump at their edges: then
            the day bar, which says the same as they do, is not believed either.
    """
    if check.standing is DayBarTrust.DISPROVEN:
        return DayVerdict(findings=tuple(_said("suspicious", check.large, _DISPROVEN)))
    days = {at.date() for at in stepping}
    left = [one for one in check.large if one in settled.left]
    odd = tuple(one for one in left if one.window.start.date() in days)
    findings = [*_said("interval_disagree", check.slight, _SLIGHT), *_said("suspicious", odd, _REFUSED)]
    unheard = tuple(one for one in left if one not in odd)
    if check.standing is DayBarTrust.PROVEN:
        # Finer bars that fit the day bar no better say nothing for the archive's.
        refuted = (*unheard, *(one for one in check.large if one in settled.undecided))
        findings += _said(REFUTED, refuted, _NOT_PUBLISHED)
        return DayVerdict(refuted=refuted, findings=tuple(findings))
    better = tuple(one for one in check.large if one in settled.replaced)
    held = [Contradiction(one.window, f"{_UNTRIED} ({one.evidence})") for one in (*unheard, *better)]
    findings += _said(REFUTED, held, _NOT_PUBLISHED)
    return DayVerdict(held=tuple(held), findings=tuple(findings))


_NOT_PUBLISHED = "days that the exchange's day bars contradict; the archive's rows are not published"
_SLIGHT = "days differ a little from the exchange's day bars"
_DISPROVEN = "the exchange's day bars contradict these days and others of the archive, and are not believed"
_REFUSED = "the exchange's day bars contradict these days, and its finer bars are not believed either"
_UNTRIED = "the archive and the exchange's answers contradict each other, and nothing tells which is right"


def _said(rule: str, some: Sequence[Contradiction], words: str) -> list[Finding]:
    return [Finding(rule, Severity.WARN, len(some), f"{words} ({some[0].evidence})")] if some else []
