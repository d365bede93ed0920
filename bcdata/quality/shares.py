"""Objects of which too much is bad: what else they hold is not believed either. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

BAD_SHARE = "bad_share"


@dataclass(frozen=True, slots=True)
class BadRows:
    """So many of an object's rows are bad."""

    bad: int
    total: int

    def __str__(self) -> str:
        """Words for evidence."""
        return f"{self.bad} of its {self.total} rows are bad"


Key = TypeVar("Key", int, str)


def bad_objects(
    blamed: pl.DataFrame,
    bad_lines: Mapping[Key, int],
    max_bad_share: float,
    *,
    elsewhere: Mapping[Key, BadRows] | None = None,
    by: str = "object",
) -> dict[Key, BadRows]:
    """The objects with a greater share of bad rows.

    Args:
        blamed: rows with their object (column `by`) and `reason` (null where a row is sound).
        bad_lines: how many lines of an object are no rows at all.
        max_bad_share: 0 to 1.
        elsewhere: what else objects hold that is no matter here, but counts.
        by: the column that tells an object.
    """
    counts = count_bad(blamed, bad_lines, by=by)
    for index, more in (elsewhere or {}).items():
        one = counts.get(index, BadRows(0, 0))
        counts[index] = BadRows(one.bad + more.bad, one.total + more.total)
    return {index: one for index, one in sorted(counts.items()) if one.total and one.bad / one.total > max_bad_share}


def count_bad(blamed: pl.DataFrame, bad_lines: Mapping[Key, int], *, by: str = "object") -> dict[Key, BadRows]:
    """How many rows of each object there are, and how many of them are bad: rows as for `bad_objects`."""
    counts = {
        index: BadRows(bad, total)
        for index, bad, total in blamed.group_by(by)
        .agg(pl.col("reason").is_not_null().sum().alias("bad"), pl.len())
        .iter_rows()
    }
    for index, lines in bad_lines.items():
        one = counts.get(index, BadRows(0, 0))
        counts[index] = BadRows(one.bad + lines, one.total + lines)
    return counts


def set_aside_objects(blamed: pl.DataFrame, bad: Mapping[Key, BadRows], *, by: str = "object") -> pl.DataFrame:
    """The rows with `reason` also where their object is bad, and with `evidence`."""
    blamed = blamed.with_columns(evidence=pl.lit(None, dtype=pl.String))
    for index, one in bad.items():
        is_other = (pl.col(by) == index) & pl.col("reason").is_null()
        words = f"{one.bad} of the {one.total} rows of its object are bad, and the rest is not believed"
        blamed = blamed.with_columns(
            pl.when(is_other).then(pl.lit(words)).otherwise("evidence").alias("evidence"),
            pl.when(is_other).then(pl.lit(BAD_SHARE)).otherwise("reason").alias("reason"),
        )
    return blamed
