"""Features that are null by their nature: they read columns of bars that no source of the dataset has. Said once."""

from collections.abc import Iterator, Sequence

from bcdata.features.feature import BAR_COLUMNS, Feature
from bcdata.quality.verdict import Finding, Severity

_FUNDING = "funding_rate"
"""No source's column: it stands on the bars of markets that pay funding."""
_NAMED = 5


def lacking(features: Sequence[Feature], columns: frozenset[str]) -> dict[str, frozenset[str]]:
    """The features that are null on every bar, with the columns that they lack.

    Args:
        features: of a table, in its order.
        columns: those in which bars have values.
    """
    has = columns | {_FUNDING}
    return {one.name: one.columns - has for one in features if one.columns - has}


def lack(features: Sequence[Feature], columns: frozenset[str]) -> str | None:
    """Which columns bars lack, and what is null for it, in words; None where nothing is."""
    found = lacking(features, columns)
    if not found:
        return None
    absent = frozenset[str]().union(*found.values())
    first = ", ".join([*found][:_NAMED]) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
    are_null = "1 feature is null" if len(found) == 1 else f"{len(found)} features are null"
    return f"no {', '.join(one for one in BAR_COLUMNS if one in absent)}: {are_null} ({first})"


def lack_of_columns(features: Sequence[Feature], columns: frozenset[str]) -> Iterator[Finding]:
    """One warning for all features that are null by their nature; it counts them."""
    if words := lack(features, columns):
        yield Finding("lacking_columns", Severity.WARN, len(lacking(features, columns)), words)
