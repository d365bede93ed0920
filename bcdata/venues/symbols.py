"""Symbols as text: what may be one, and what one says (base, quote, kind of contract) by a venue's rules."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

Contract = Literal["perpetual", "delivery", "settled"]
Suffix = Callable[[str], tuple[str, Contract]]
"""Takes what names the kind of contract off the end of a symbol: what is left, and the kind."""

MAX_LENGTH = 100
MAX_ENCODED = 200
"""Bytes of a symbol percent-encoded, as it stands in paths of the lake; file systems allow 255 for a name."""

_FOREIGN = frozenset("<>\"'&%\\;`$")
"""Characters of mark-up, escapes and shells."""
_COUNTERPART = {"UP": "DOWN", "DOWN": "UP", "BULL": "BEAR", "BEAR": "BULL"}
_BITCOIN_PAIR = ("BULL", "BEAR")  # these two name no asset: they are Bitcoin's
_MARKED = re.compile(r"(?P<base>[^/-]+)[/-](?P<quote>[^/-]+)")


@dataclass(frozen=True, slots=True)
class Instrument:
    """A symbol taken apart. `quote` is None where no known quote asset ends it; `base` is then all of it."""

    symbol: str
    base: str
    quote: str | None
    contract: Contract


def complaint(symbol: str) -> str | None:
    """Why this text cannot be a symbol of any venue; None if it can.

    Partition keys forbid `|`, `...` and control characters. All else, non-ASCII too, is up to the venue.
    """
    problems = (
        (not symbol, "a symbol must not be empty"),
        (len(symbol) > MAX_LENGTH, f"{symbol[:20]!r}... is longer than {MAX_LENGTH} characters"),
        (symbol != symbol.strip(), f"{symbol!r} begins or ends with a blank"),
        (
            "|" in symbol or "..." in symbol or not symbol.isprintable(),
            f"{symbol!r} holds '|', '...' or a control character",
        ),
        (
            symbol in {".", ".."} or bool(set(symbol) & _FOREIGN),
            f"{symbol!r} holds what no venue writes in a symbol (one of {' '.join(sorted(_FOREIGN))})",
        ),
        (
            len(quote(symbol, safe="", errors="replace")) > MAX_ENCODED,
            f"{symbol[:20]!r}... has more than {MAX_ENCODED} bytes, percent-encoded, and can name no folder",
        ),
    )
    return next((words for is_so, words in problems if is_so), None)


def no_suffix(symbol: str) -> tuple[str, Contract]:
    """The suffix of venues whose symbols name no kind of contract."""
    return symbol, "perpetual"


def split(symbol: str, quotes: tuple[str, ...], suffix: Suffix = no_suffix) -> Instrument:
    """Takes a symbol apart: `BTC/USDT` and `BTC-USD` at the mark, others before the longest quote asset."""
    stem, contract = suffix(symbol)
    marked = _MARKED.fullmatch(stem)
    if marked:
        return Instrument(symbol, marked["base"], marked["quote"], contract)
    found = max((q for q in quotes if stem.endswith(q) and stem != q), key=len, default=None)
    return Instrument(symbol, stem.removesuffix(found) if found else stem, found, contract)


def is_leveraged(base: str, bases: frozenset[str], known: frozenset[str]) -> bool:
    """Whether a base asset is a leveraged token (BTCUP, ETHBEAR) and not only ends like one (JUP, SYRUP).

    It is where the asset before the ending is known to have had such tokens; or where that asset is listed
    and so is the token's counterpart, for they were made in pairs: SYRUP has neither a SYR nor a SYRDOWN.

    Args:
        base: the base asset in question.
        bases: the base assets of all listed symbols.
        known: the assets that are known to have had such tokens.
    """
    if base in _BITCOIN_PAIR:
        return True
    for ending, counterpart in _COUNTERPART.items():
        asset = base.removesuffix(ending)
        if asset and asset != base:
            return asset in known or (asset in bases and asset + counterpart in bases)
    return False
