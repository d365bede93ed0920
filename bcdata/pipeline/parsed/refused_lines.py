"""Lines of pages that are no rows, and those that are held back by a rule of their source. Pure."""

from collections.abc import Iterator

import polars as pl

from bcdata.ledger.set_aside import UNREADABLE_LINE
from bcdata.quality.verdict import Finding, Severity


def with_reason(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with the rule by which each was refused."""
    if "reason" not in lines.columns:
        return lines.with_columns(reason=pl.lit(UNREADABLE_LINE))
    return lines.with_columns(pl.col("reason").fill_null(UNREADABLE_LINE))


def unreadable(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines that are no rows at all."""
    return with_reason(lines).filter(pl.col("reason") == UNREADABLE_LINE)


def held_back(lines: pl.DataFrame) -> list[Finding]:
    """What is held back, by rule, in the words of the first line of each."""
    return list(_findings(with_reason(lines).filter(pl.col("reason") != UNREADABLE_LINE)))


def _findings(held: pl.DataFrame) -> Iterator[Finding]:
    for (reason,), rows in held.group_by("reason", maintain_order=True):
        yield Finding(str(reason), Severity.ROW, rows.height, str(rows["evidence"][0]))
