"""What a symbol is, by the provider that writes it: the dialects, and the venues whose own markets tell."""

from datetime import date

from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.providers.registry import PROVIDERS
from bcdata.venues.classification import dialects
from bcdata.venues.classification.kinds import Classified


def known_dialects() -> tuple[str, ...]:
    """All names that `classify` takes, sorted."""
    return tuple(sorted({*dialects.DIALECTS, *(name for name, one in PROVIDERS.items() if one.markets)}))


def classify(text: str, dialect: str, *, stated: str | None = None, on: date | None = None) -> Classified:
    """What a symbol is, as the provider of this dialect writes it; `unknown` where no rule of it fits.

    Args:
        text: the symbol.
        dialect: one of `known_dialects`.
        stated: what the provider itself calls it, e.g. `ETF`; this counts for more than the form of the text.
        on: the date for which it is asked: a future's year of one digit depends on it.

    Raises:
        UsageError: there is no such dialect; the text has the nearest names.
    """
    if dialect not in (names := known_dialects()):
        raise UsageError(f"there is no dialect {dialect!r}; {choose(dialect, names)}")
    markets = PROVIDERS[dialect].markets if dialect in PROVIDERS else ()
    return dialects.classify(text, dialect, stated=stated, on=on, markets=markets)
