"""Words that help after a slip of the pen."""

from collections.abc import Iterable
from difflib import get_close_matches


def choose(wrong: str, known: Iterable[str]) -> str:
    """`did you mean 'grain'?` where one of the known words is near, else the list of them."""
    words = list(known)
    near = get_close_matches(wrong.lower(), words, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(words) or 'none'}"
