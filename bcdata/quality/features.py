"""What of a feature report asks for a look: pure judgements, all of them warnings."""

from collections.abc import Collection, Iterator

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
        `empty`: no value at all. `null_share`: many nulls after the first value. `constant`: one value for a day or
        more, though others come. `drift`: another distribution than in the 30 days before. Worst first.
    """
    kept = report.filter(~pl.col("feature").is_in(list(absent)))
    empty = pl.col("leading_nulls") == pl.col("rows")
    nulls, rows = (pl.col(name) - pl.col("leading_nulls") for name in ("nulls", "rows"))
    share = pl.when(rows > 0).then(nulls / rows)
    rules = (
        ("empty", "without any value", empty, pl.lit(None)),
        ("null_share", f"null in more than {NULLS:.0%} of the rows after their first value", share > NULLS, share),
        (
            "constant",
            "at one value for a day or longer",
            pl.col("constant_run") >= max(day, 60),
            pl.col("constant_run"),
        ),
        ("drift", f"a stability index above {DRIFT} against the 30 days before", pl.col("psi") > DRIFT, pl.col("psi")),
    )
    for rule, words, is_so, how_much in rules:
        found = kept.filter(is_so.fill_null(value=False)).select("feature", how_much=how_much.cast(pl.Float64))
        if found.height:
            yield Finding(rule, Severity.WARN, found.height, f"{words}: {_named(found)}")


def _named(found: pl.DataFrame) -> str:
    worst = found.sort("how_much", "feature", descending=[True, False]).head(_NAMED)
    names = ", ".join(name if value is None else f"{name} ({value:.3g})" for name, value in worst.iter_rows())
    return names + (f" and {found.height - _NAMED} more" if found.height > _NAMED else "")
