"""Words for who names a market or source that there is not."""

from collections.abc import Iterable

from bcdata.hints import choose
from bcdata.providers.registry import UNAVAILABLE


def known(wrong: str, names: Iterable[str]) -> str:
    """What there is, and which packages could have brought it but cannot be used."""
    return "; ".join([choose(wrong, names), *map(str, UNAVAILABLE)])
