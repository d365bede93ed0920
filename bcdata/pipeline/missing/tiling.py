"""What merged rows on a grid and their ledger come to: every expected row is in exactly one of them. Pure."""

from collections.abc import Iterator

import polars as pl

from bcdata.ledger.ledger import Status
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity


def coverage(gaps: pl.DataFrame, what: str = "bars") -> Iterator[Finding]:
    """The warning that rows are missing, by status.

    Args:
        gaps: the ledger (`LEDGER`).
        what: what rows are called.
    """
    missing = gaps.filter(pl.col("status") != Status.REFILLED.value)
    if missing.height:
        counts = ", ".join(f"{n} {status}" for status, n in by_status(missing).items())
        words = f"missing {what}: {counts}"
        yield Finding("coverage", Severity.WARN, int(missing["bars"].sum()), words, sample(missing))


def tiling(expected: pl.Series, opens: pl.Series, gaps: pl.DataFrame, what: str = "bars") -> Iterator[Finding]:
    """Rows and ledger must tile the calendar.

    Args:
        expected: opens of all expected rows, ascending, UTC.
        opens: those of the rows that are there.
        gaps: the ledger (`LEDGER`).
        what: what rows are called.
    """
    if gaps.is_empty() and opens.equals(expected):
        return
    held = opens.filter(opens.is_in(expected.implode())).len()
    missing = int(gaps.filter(pl.col("status") != Status.REFILLED.value)["bars"].sum())
    if held != opens.len():
        yield Finding(
            "calendar", Severity.PARTITION, opens.len() - held, f"{opens.len() - held} {what} are not on the calendar"
        )
    if held + missing != len(expected):
        words = f"{held} {what} and {missing} missing ones do not make {len(expected)}"
        yield Finding("tiling", Severity.PARTITION, 1, words)


def by_status(gaps: pl.DataFrame) -> dict[str, int]:
    """How many rows are missing, by status."""
    return dict(gaps.group_by("status").agg(pl.col("bars").sum()).sort("status").iter_rows())
