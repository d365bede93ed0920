"""May rows that fill holes be believed? Pure. Source: semantics, *Suspicious data*.

Bars of coarser intervals decide where there are any. Where there are none, a price that steps away at one edge of the
filled run and back at the other holds the run back, and that the rest was not compared is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from bcdata.bars.gaps import runs_of
from bcdata.intervals import Interval
from bcdata.quality.compare import Comparison, Contradiction, compare
from bcdata.quality.rules import sample
from bcdata.quality.steps import returning_step
from bcdata.quality.verdict import Finding, Severity

VALUES = ("open", "high", "low", "close", "trades")
"""What makes two sources equal about a bar."""
REFUTED, OVERLAP, STEP = "refuted", "overlap_differs", "step"
_WHY = {
    REFUTED: "coarser bars contradict rows that fill holes",
    OVERLAP: "rows that fill holes came with others that contradict what is known",
    STEP: "the price steps away where filled rows begin, and back where they end",
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
class Surroundings:
    """What rows that fill holes are judged by. Frames of `BAR`, ascending, one row per open (UTC).

    Attributes:
        sound: the sound bars of other sources in the partition.
        around: these, and the bars just before and after the partition.
        set_aside: rows of other sources that coarser bars contradict.
        controls: coarser bars by interval name.
    """

    sound: pl.DataFrame
    around: pl.DataFrame
    set_aside: pl.DataFrame
    controls: Mapping[str, pl.DataFrame]


def judge_refill(rows: pl.DataFrame, vouched: pl.Series, by: Surroundings, fine: Interval) -> Refill:
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
    union = _together(by.sound, kept)
    comparison = compare(union, fine, by.controls)
    kept, wrong, agreed = _without_refuted(kept, comparison, by.set_aside)
    refused.append(wrong)
    if agreed.height:
        words = "coarser bars contradict rows in which two sources agree; the rows are published"
        findings.append(Finding("control_disagrees", Severity.WARN, agreed.height, words, sample(agreed)))
    if not vouched.all():
        more, rest = _confirmed_whole(rows.filter(~vouched), _together(by.sound, kept), by.controls, fine)
        refused.append(rest)
        kept = pl.concat([kept, more]).sort("open_time")
    bare = kept.filter(pl.col("open_time").dt.date().is_in(list(comparison.uncompared)))
    stepping = _stepping(bare, by, kept, fine)
    refused.append(stepping)
    kept = kept.join(stepping, on="open_time", how="anti", maintain_order="left")
    left = bare.height - stepping.height
    if left:
        words = "rows that fill holes, with which no coarser bar could be compared"
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


def _without_refuted(
    rows: pl.DataFrame, comparison: Comparison, set_aside: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What coarser bars do not contradict, what they do, and of the first what they do but two sources agree in.

    A question that coarser bars raise about rows with trades is one that REST is the answer to: there is no second one.
    """
    traded = _inside(comparison.questioned, rows.filter(pl.col("trades") > 0)).drop_nulls("evidence")
    wrong = pl.concat([_inside(comparison.refuted, rows).drop_nulls("evidence"), traded])
    wrong = wrong.unique("open_time", keep="first").sort("open_time")
    columns = ["open_time", *VALUES]
    agreed = wrong.join(set_aside.select(columns), on=columns, how="semi", maintain_order="left")
    wrong = wrong.join(agreed, on="open_time", how="anti", maintain_order="left")
    kept = rows.join(wrong, on="open_time", how="anti", maintain_order="left")
    return kept, _blamed(wrong.drop("evidence"), REFUTED, pl.lit(wrong["evidence"])), agreed.select(columns)


def _confirmed_whole(
    rows: pl.DataFrame, others: pl.DataFrame, controls: Mapping[str, pl.DataFrame], fine: Interval
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that stand in windows which coarser bars cover, have all bars with them, and agree; and the others."""
    union = _together(others, rows)
    comparison = compare(union, fine, controls)
    against = _inside([*comparison.refuted, *comparison.questioned], rows)
    covered = pl.Series([False] * rows.height)
    for name, control in controls.items():
        coarse = Interval.parse(name)
        if fine.length is None or coarse.length is None:
            continue
        slots = union.group_by(pl.col("open_time").dt.truncate(name).alias("slot")).len()
        whole = slots.filter(pl.col("len") == coarse.length // fine.length)["slot"]
        whole = whole.filter(whole.is_in(control["open_time"].implode()))
        covered |= rows["open_time"].dt.truncate(name).is_in(whole.implode())
    is_right = covered & against["evidence"].is_null()
    words = pl.lit("the answer lacks bars that are known beside these, or has other values for them")
    return rows.filter(is_right), _blamed(rows.filter(~is_right), OVERLAP, words)


def _stepping(bare: pl.DataFrame, by: Surroundings, kept: pl.DataFrame, fine: Interval) -> pl.DataFrame:
    """The runs among rows that nothing was compared with at whose edges the price steps away and back."""
    found = [_blamed(bare.clear(), STEP, pl.lit(None))]
    if bare.is_empty():
        return found[0]
    known = pl.concat([by.around, kept.select(by.around.columns)]).unique("open_time", keep="first").sort("open_time")
    for first, last in runs_of(bare["open_time"], known["open_time"]):
        words = returning_step(known, first, last, fine)
        if words is not None:
            run = bare.filter(pl.col("open_time").is_between(first, last))
            found.append(_blamed(run, STEP, pl.lit(words)))
    return pl.concat(found)


def _counted(refused: pl.DataFrame) -> list[Finding]:
    findings = []
    for (reason,), rows in refused.group_by("reason", maintain_order=True):
        words = f"{_WHY[str(reason)]} ({rows['evidence'][0]})"
        shown = sample(rows.select("open_time", "open", "close", "evidence"))
        findings.append(Finding(str(reason), Severity.ROW, rows.height, words, shown))
    return findings
