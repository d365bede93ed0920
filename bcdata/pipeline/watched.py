"""Which datasets tell when their venue stood still. Apart from the looking itself, so that definitions load fast."""

from collections.abc import Iterable

from bcdata.catalog import LONGEST_WATCHED, Dataset


def watched(datasets: Iterable[Dataset]) -> list[Dataset]:
    """The datasets whose bars are short enough to tell halts."""
    found = [(one, one.interval.length if one.interval else None) for one in datasets]
    return [one for one, length in found if length is not None and length <= LONGEST_WATCHED]
