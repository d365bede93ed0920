"""Words that help after a slip of the pen."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 12
"""Known words that are listed."""
_LEAST_LETTERS = 3
_LIKENESS = 0.6


def nearest(wrong: str, known: Iterable[str], most: int = 1) -> list[str]:
    """Known words that may have been meant, the likeliest first: those that begin so, then those alike.

    A name of three letters begins one of six or more, so it is cut off rather than misspelt: `BTC` of BTCUSDT.
    """
    words, meant = {one.lower(): one for one in known}, wrong.lower()
    begun = sorted((one for one in words if one.startswith(meant)), key=lambda one: (len(one), one))
    alike = get_close_matches(meant, words, n=most, cutoff=_LIKENESS)
    found = dict.fromkeys((*begun, *alike) if len(meant) >= _LEAST_LETTERS else alike)
    return [words[one] for one in found][:most]


def choose(wrong: str, known: Iterable[str]) -> str:
    """`did you mean 'grain'?` where one of the known words is near, else the list of them, or its beginning."""
    words = list(dict.fromkeys(known))
    if near := nearest(wrong, words):
        return f"did you mean {near[0]!r}?"
    listed = ", ".join(words[:_MOST]) or "none"
    return f"known: {listed}" + (f" and {len(words) - _MOST} more" if len(words) > _MOST else "")
