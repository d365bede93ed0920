"""What of a feature report asks for a look: pure judgements, all of them warnings."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import polars as pl

from bcdata.quality.verdict import Finding, Severity

DRIFT = 0.25
"""A population stability index above it is commonly called a shift (Siddiqi 2006)."""
NULLS = 0.1
"""A larger share of nulls after the first value is worth a look; windows with more missing bars than that are null."""
_NAMED = 5


def attention(report: pl.DataFrame, *, absent: Collection[str], day: int) -> Iterator[Finding]:
    """What asks for a look, at most one finding a rule.

    Args:
        report: rows of `features.report.REPORT`.
        absent: features that are null by their nature here, and are left out.
        day: bars of a day; a feature that rests for so long, and for 60 bars at least, is stuck.

    Yields:
        `empty`: rows, but no value. `null_share`: many nulls after the first value. `constant`: one value for a day or
        more, though others come. `drift`: another distribution than in the 30 days before. Worst first.
    """
    kept = report.filter(~pl.col("feature").is_in(list(absent)))
    for one in _rules(day):
        found = kept.filter(one.is_so.fill_null(value=False)).select("feature", how_much=one.how_much.cast(pl.Float64))
        if found.height:
            yield Finding(one.name, Severity.WARN, found.height, f"{one.words}: {_named(found)}")


def states(report: pl.DataFrame, *, absent: Collection[str], day: int) -> pl.DataFrame:
    """The first rule that each row of a report (with `date`) breaks, else `fine`, and its figures in words.

    Returns:
        `feature`, `date`, `state`, `words`, in the report's order.
    """
    is_judged = ~pl.col("feature").is_in(list(absent))
    broken = [pl.when(is_judged & one.is_so).then(pl.lit(one.name)) for one in _rules(day)]
    words = pl.format(
        "{} of {} null, one value for up to {} rows, median {}, drift {}",
        *("nulls", "rows", "constant_run"),
        *(pl.col(name).round_sig_figs(3).cast(pl.String).fill_null("none") for name in ("q50", "psi")),
    )
    return report.select("feature", "date", state=pl.coalesce(*broken, pl.lit("fine")), words=words)


class _Rule(NamedTuple):
    name: str
    words: str
    is_so: pl.Expr
    how_much: pl.Expr


def _rules(day: int) -> tuple[_Rule, ...]:
    empty = (pl.col("rows") > 0) & (pl.col("leading_nulls") == pl.col("rows"))
    nulls, rows = (pl.col(name) - pl.col("leading_nulls") for name in ("nulls", "rows"))
    share = pl.when(rows > 0).then(nulls / rows)
    run, psi = pl.col("constant_run"), pl.col("psi")
    return (
        _Rule("empty", "without any value", empty, pl.lit(None)),
        _Rule("null_share", f"null in more than {NULLS:.0%} of the rows after their first value", share > NULLS, share),
        _Rule("constant", "at one value for a day or longer", run >= max(day, 60), run),
        _Rule("drift", f"a stability index above {DRIFT} against the 30 days before", psi > DRIFT, psi),
    )


def _named(found: pl.DataFrame) -> str:
    worst = found.sort("how_much", "feature", descending=[True, False]).head(_NAMED)
    names = ", ".join(name if value is None else f"{name} ({value:.3g})" for name, value in worst.iter_rows())
    return names + (f" and {found.height - _NAMED} more" if found.height > _NAMED else "")
