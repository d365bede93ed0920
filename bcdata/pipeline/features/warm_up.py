"""The warning about bars before a partition that are not there: what needs them is null, and nothing is held back."""

from collections.abc import Iterable, Iterator

from bcdata.catalog import Dataset
from bcdata.quality.verdict import Finding, Severity


def warm_up(dataset: Dataset, read: Iterable[tuple[str, str | None]], what: str) -> Iterator[Finding]:
    """One finding, if any of the merged partitions (date key, fingerprint) that were read is not there.

    Those before the dataset's start are not missed: there are none.
    """
    absent = [date for date, made in read if made is None and dataset.start <= date]
    if absent:
        words = f"no merged bars of {', '.join(absent)}: {what} that need them are null"
        yield Finding("warm_up", Severity.WARN, len(absent), words)
