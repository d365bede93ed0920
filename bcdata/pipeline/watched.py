"""Which datasets tell when their venue stood still. Apart from the looking itself, so that definitions load fast."""

from collections.abc import Iterable
from datetime import timedelta

from bcdata.catalog import Dataset

LONGEST_BAR = timedelta(hours=1)
"""Whether a symbol is liquid is told from the bars of a day: longer ones are too few."""
TRADED = frozenset({"volume", "trades"})
"""Columns that tell whether anybody traded."""


def watched(datasets: Iterable[Dataset]) -> list[Dataset]:
    """The datasets whose bars are short enough to tell halts."""
    traded = (one for one in datasets if not one.ends_at_raw and one.frame_type.columns >= TRADED)
    found = [(one, one.interval.length if one.interval else None) for one in traded]
    return [one for one, length in found if length is not None and length <= LONGEST_BAR]
