"""Words that help after a slip of the pen."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 12
"""Known words that are listed."""


def choose(wrong: str, known: Iterable[str]) -> str:
    """`did you mean 'grain'?` where one of the known words is near, else the list of them, or its beginning."""
    words = {one.lower(): one for one in known}
    if near := get_close_matches(wrong.lower(), words, n=1):
        return f"did you mean {words[near[0]]!r}?"
    listed = ", ".join(list(words.values())[:_MOST]) or "none"
    return f"known: {listed}" + (f" and {len(words) - _MOST} more" if len(words) > _MOST else "")
