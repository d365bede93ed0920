"""Which datasets tell when their venue stood still. Apart from the looking itself, so that definitions load fast."""

from collections.abc import Iterable

from bcdata.catalog import LONGEST_WATCHED, TRADED, Dataset


def watched(datasets: Iterable[Dataset]) -> list[Dataset]:
    """The datasets whose bars are short enough to tell halts, and tell whether anybody traded."""
    traded = (one for one in datasets if not one.ends_at_raw and one.frame_type.columns >= TRADED)
    found = [(one, one.interval.length if one.interval else None) for one in traded]
    return [one for one, length in found if length is not None and length <= LONGEST_WATCHED]
