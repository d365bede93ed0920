"""Pairs of currencies and coins: with a mark between the two, or without one."""

import re
from collections.abc import Sequence

from bcdata.venues.classification.kinds import CURRENCIES, Classified, pair

_MARKED = re.compile(r"(?P<base>[A-Z0-9]{1,15})[-/.](?P<quote>[A-Z0-9]{2,15})", re.ASCII)
_KRAKEN = re.compile(r"X(?P<base>[A-Z]{3})Z(?P<quote>[A-Z]{3})|X(?P<coin>[A-Z]{3})X(?P<in_coin>[A-Z]{3})", re.ASCII)
_OF_KRAKEN = {"XBT": "BTC", "XDG": "DOGE"}
"""Kraken's own names of coins."""
USUAL = (*sorted(CURRENCIES), "USDT", "USDC", "DAI", "BTC", "ETH", "XBT")
"""What most venues price in. One that also has TUSD reads DOTUSD as DO in TUSD: its own list is given to `joined`."""
_SIX = 6


def marked(text: str, rule: str, *, quotes: frozenset[str] | None = None) -> Classified | None:
    """`BTC-USD`, `BTC/USD`, `EUR.USD`. With `quotes` only what is priced in one of them is a pair."""
    match = _MARKED.fullmatch(text)
    if match is None or (quotes is not None and match["quote"] not in quotes):
        return None
    return pair(_common(match["base"]), _common(match["quote"]), rule)


def joined(text: str, rule: str, quotes: Sequence[str] = USUAL) -> Classified | None:
    """`BTCUSD`, `EURUSD`, `BTCUSDT`: a known quote ends it, the longest one that does."""
    ends = [one for one in quotes if text.endswith(one) and len(text) > len(one)]
    if not ends:
        return None
    quote = max(ends, key=len)
    return pair(_common(text[: -len(quote)]), _common(quote), rule)


def kraken(text: str) -> Classified | None:
    """`XXBTZUSD`: X before a coin, Z before a currency; newer pairs have neither."""
    if match := _KRAKEN.fullmatch(text):
        base, quote = match["base"] or match["coin"], match["quote"] or match["in_coin"]
        return pair(_common(base), _common(quote), "Kraken's X and Z")
    return joined(text, "a known quote ends it")


def forex_alone(text: str) -> Classified | None:
    """`JPY`: so many of it for a dollar."""
    return pair("USD", text, "dollars in it") if text in CURRENCIES and text != "USD" else None


def currencies(text: str, rule: str) -> Classified | None:
    """`EURUSD`: two currencies of three letters."""
    if len(text) == _SIX and {text[:3], text[3:]} <= CURRENCIES:
        return pair(text[:3], text[3:], rule)
    return None


def _common(name: str) -> str:
    return _OF_KRAKEN.get(name, name)
