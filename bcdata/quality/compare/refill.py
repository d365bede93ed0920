"""May rows that fill holes be believed? Pure. Source: semantics, *Suspicious data*.

Bars of coarser intervals decide where there are any. Where there are none, a price that steps away at one edge of the
filled run and back at the other holds the run back, and that the rest was not compared is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from bcdata.interval import Interval
from bcdata.quality.compare.coarser import Contradiction, compare
from bcdata.quality.compare.contradiction import number
from bcdata.quality.compare.same import same_rows
from bcdata.quality.compare.suspicion import Step, find_steps, split_returning
from bcdata.quality.compare.windows import can_compare, lay_beside, may_have_traded, windows_of
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity
from bcdata.windows import Window

REFUTED, OVERLAP, STEP = "refuted", "overlap_differs", "step"
_WHY = {
    REFUTED: "coarser bars contradict rows that fill holes",
    OVERLAP: "rows that fill holes came with others that contradict what is known",
    STEP: "the price jumps away where rows that fill holes begin, and back where they end",
}


@dataclass(frozen=True, slots=True)
class Refill:
    """Rows that fill holes, judged.

    Attributes:
        bars: those that are believed, columns as they came.
        refused: the others, with `reason` and `evidence`.
        findings: what there is to say of both.
    """

    bars: pl.DataFrame
    refused: pl.DataFrame
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class RefillContext:
    """What rows that fill holes are judged by. Frames of `BAR`, ascending, one row per open (UTC).

    Attributes:
        sound: the sound bars of other sources in the partition.
        around: these, and the bars just before and after the partition.
        set_aside: rows of other sources that are doubted, or were set aside.
        controls: coarser bars by interval name, of another source than the rows.
        own: coarser bars that the source of the rows states itself; they can refute rows, and confirm none.
        signed: whether prices may be zero and negative: then nothing is a jump.
    """

    sound: pl.DataFrame
    around: pl.DataFrame
    set_aside: pl.DataFrame
    controls: Mapping[str, pl.DataFrame]
    own: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    signed: bool = False


def every_control(controls: Mapping[str, pl.DataFrame], own: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """All coarser bars by interval name; of one time those of another source."""
    found = dict(controls)
    for name, bars in own.items():
        both = [found[name], bars] if name in found else [bars]
        found[name] = pl.concat(both).unique("open_time", keep="first").sort("open_time")
    return found


def judge_refill(rows: pl.DataFrame, vouched: pl.Series, by: RefillContext, fine: Interval) -> Refill:
    """Judges rows for opens that no other source has a sound bar for.

    Args:
        rows: sound in themselves (`BAR` and more), one per open, ascending, UTC.
        vouched: for each of them whether its answer agrees with what is known beside it (`Overlap.vouched_for`).
        by: what is known.
        fine: the interval.
    """
    refused: list[pl.DataFrame] = []
    findings: list[Finding] = []
    kept = rows.filter(vouched)
    union, controls = _together(by.sound, kept), every_control(by.controls, by.own)
    comparison = compare(union, fine, controls)
    against = [*comparison.refuted, *_inexact(by.sound, union, controls, fine)]
    kept, wrong, agreed = _without_refuted(kept, against, comparison.questioned, by.set_aside)
    refused.append(wrong)
    if agreed.height:
        words = "coarser bars contradict rows in which two sources agree; the rows are published"
        findings.append(Finding("control_disagrees", Severity.WARN, agreed.height, words, sample(agreed)))
    if not vouched.all():
        more, rest = _confirmed_whole(rows.filter(~vouched), _together(by.sound, kept), controls, fine)
        refused.append(rest)
        kept = pl.concat([kept, more]).sort("open_time")
    uncompared = compare(union, fine, by.controls).uncompared if by.own else comparison.uncompared
    bare = kept.filter(pl.col("open_time").dt.date().is_in(list(uncompared)))
    alone = bare.join(same_rows(bare, by.set_aside), on="open_time", how="anti", maintain_order="left")
    stepping, jumps = _stepping(alone, by, kept, fine)
    refused.append(stepping)
    findings += jumps
    kept = kept.join(stepping, on="open_time", how="anti", maintain_order="left")
    left = bare.height - stepping.height
    if left:
        words = "rows that fill holes, with which no coarser bar of another source could be compared"
        findings.append(Finding("not_compared", Severity.WARN, left, words))
    every = pl.concat(refused).sort("open_time")
    return Refill(kept, every, (*_counted(every), *findings))


def _together(sound: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([sound, rows.select(sound.columns)]).sort("open_time")


def _blamed(rows: pl.DataFrame, reason: str, evidence: pl.Expr) -> pl.DataFrame:
    return rows.with_columns(pl.lit(reason).alias("reason"), evidence.cast(pl.String).alias("evidence"))


def _inside(contradictions: Sequence[Contradiction], rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `evidence` of the first contradiction whose window they lie in; null where there is none."""
    found = rows.with_columns(pl.lit(None, dtype=pl.String).alias("evidence"))
    for one in reversed(contradictions):
        inside = pl.col("open_time").is_between(one.window.start, one.window.end, closed="left")
        found = found.with_columns(pl.when(inside).then(pl.lit(one.evidence)).otherwise("evidence").alias("evidence"))
    return found


def _inexact(
    sound: pl.DataFrame, union: pl.DataFrame, controls: Mapping[str, pl.DataFrame], fine: Interval
) -> list[Contradiction]:
    """The windows of the finest coarser bars that do not fit any more, by however little, with rows that fill holes.

    Genuine bars agree with coarser ones exactly. A small difference costs the archive's rows nothing, for nobody says
    which side is wrong; where it comes with rows that fill a hole, these are.
    """
    found: list[Contradiction] = []
    covered = pl.Series("open_time", [], dtype=union.schema["open_time"])
    for coarse in sorted((Interval.parse(name) for name in controls), key=lambda one: one.length or timedelta.max):
        if not can_compare(fine, coarse) or controls[coarse.name].is_empty():
            continue
        before, with_rows = (
            lay_beside(windows_of(bars, coarse), controls[coarse.name], fine, coarse) for bars in (sound, union)
        )
        was = before.table.filter("unequal")["open_time"]
        odd = with_rows.table.filter(pl.col("unequal") & ~pl.col("open_time").is_in(was.implode()))
        for at in odd["open_time"]:
            window = Window(at, coarse.next(at))
            inside = covered.is_between(window.start, window.end, closed="left").sum()
            if not inside:
                words = f"the {coarse.name} bar of {window.start:%Y-%m-%d %H:%M} is not what the {fine.name} bars make"
                found.append(Contradiction(window, f"{words} with these rows"))
        covered = pl.concat([covered, with_rows.table["open_time"]])
    return found


def _without_refuted(
    rows: pl.DataFrame,
    refuted: Sequence[Contradiction],
    questioned: Sequence[Contradiction],
    set_aside: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What coarser bars do not contradict, what they do, and of the first what they do but two sources agree in.

    A question that coarser bars raise about rows with trades is one that REST is the answer to: there is no second one.
    """
    traded = _inside(questioned, rows.filter(may_have_traded())).drop_nulls("evidence")
    wrong = pl.concat([_inside(refuted, rows).drop_nulls("evidence"), traded])
    wrong = wrong.unique("open_time", keep="first").sort("open_time")
    agreed = same_rows(wrong, set_aside)
    wrong = wrong.join(agreed, on="open_time", how="anti", maintain_order="left")
    kept = rows.join(wrong, on="open_time", how="anti", maintain_order="left")
    return kept, _blamed(wrong.drop("evidence"), REFUTED, pl.lit(wrong["evidence"])), agreed.drop("evidence")


def _confirmed_whole(
    rows: pl.DataFrame, others: pl.DataFrame, controls: Mapping[str, pl.DataFrame], fine: Interval
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that stand in coarser bars which are whole with them and fit exactly; and the others."""
    union = _together(others, rows)
    comparison = compare(union, fine, controls)
    against = _inside([*comparison.refuted, *comparison.questioned, *_inexact(others, union, controls, fine)], rows)
    covered = pl.Series([False] * rows.height)
    for name, control in controls.items():
        coarse = Interval.parse(name)
        if not can_compare(fine, coarse) or control.is_empty():
            continue
        table = lay_beside(windows_of(union, coarse), control, fine, coarse).table
        fits = table.filter(pl.col("complete") & ~pl.col("unequal"))["open_time"]
        covered |= rows["open_time"].dt.truncate(name).is_in(fits.implode())
    is_right = covered & against["evidence"].is_null()
    words = pl.lit("the answer lacks bars that are known beside these, or has other values for them")
    return rows.filter(is_right), _blamed(rows.filter(~is_right), OVERLAP, words)


def _stepping(
    bare: pl.DataFrame, by: RefillContext, kept: pl.DataFrame, fine: Interval
) -> tuple[pl.DataFrame, list[Finding]]:
    """Of rows that nothing was compared with, those between a jump of the price and one that takes it back.

    A jump that nothing takes back costs nothing: a real crash is exactly when sources fail.
    """
    none = _blamed(bare.clear(), STEP, pl.lit(None))
    if bare.is_empty() or fine.length is None or by.signed:
        return none, []
    known = pl.concat([by.around, kept.select(by.around.columns)]).unique("open_time", keep="first").sort("open_time")
    steps = {step.at: step for step in find_steps(known, fine)}
    windows, left = split_returning(list(steps.values()))
    told = [Contradiction(one, _said(steps[one.start], steps.get(one.end))) for one in windows]
    held = _inside(told, bare).drop_nulls("evidence")
    filled = set(bare["open_time"])
    odd = [step for step in left if step.at in filled or step.at - fine.length in filled]
    words = "the price jumps where rows that fill holes begin or end, and does not come back; they are published"
    findings = [Finding(STEP, Severity.WARN, len(odd), f"{words} ({_said(odd[0])})")] if odd else []
    return pl.concat([none, _blamed(held.drop("evidence"), STEP, pl.lit(held["evidence"]))]), findings


def _said(step: Step, back: Step | None = None) -> str:
    words = f"the price jumps from {number(step.close)} to {number(step.open)} at {step.at:%Y-%m-%d %H:%M}"
    if back is None:
        return words
    return f"{words} and from {number(back.close)} to {number(back.open)} at {back.at:%Y-%m-%d %H:%M}"


def _counted(refused: pl.DataFrame) -> list[Finding]:
    findings = []
    for (reason,), rows in refused.group_by("reason", maintain_order=True):
        words = f"{_WHY[str(reason)]} ({rows['evidence'][0]})"
        shown = sample(rows.select("open_time", "open", "close", "evidence"))
        findings.append(Finding(str(reason), Severity.ROW, rows.height, words, shown))
    return findings
