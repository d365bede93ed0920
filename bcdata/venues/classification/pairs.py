"""Pairs of currencies and coins: with a mark between the two, or without one."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bcdata.venues.classification.kinds import CURRENCIES, DATED, Classified, delivery_day, pair

_BASE = r"[A-Z0-9]{1,15}x?"
"""Kraken's shares that are tokens end in a small x."""
_MARKED = re.compile(rf"(?P<base>{_BASE})(?P<mark>[-/.:])(?P<quote>[A-Z0-9]{{2,15}})", re.ASCII)
_KRAKEN = re.compile(r"X(?P<base>[A-Z]{3})Z(?P<quote>[A-Z]{3})|X(?P<coin>[A-Z]{3})X(?P<in_coin>[A-Z]{3})", re.ASCII)
_KRAKEN_FUTURES = re.compile(rf"(?:P[IF]|F[IF])_(?P<pair>{_BASE}[A-Z]*)(?:_(?P<on>\d{{6}}))?", re.ASCII)
_PERPETUAL = re.compile(rf"(?P<base>{_BASE})-PERP", re.ASCII)
_OF_KRAKEN = {"XBT": "BTC", "XDG": "DOGE"}
"""Kraken's own names of coins."""
USUAL = (*sorted(CURRENCIES), "USDT", "USDC", "DAI", "BTC", "ETH", "XBT")
"""What most venues price in. One that also has TUSD reads DOTUSD as DO in TUSD: its own list is given to `joined`."""
_SIX = 6
_TICKER = 5
"""Letters that a ticker has at most; the fifth is seldom a D."""


def marked(text: str, mark: str, *, quotes: frozenset[str] | None = None) -> Classified | None:
    """`BTC-USD`, `BTC/USD`, `EUR.USD`, by the mark. With `quotes` only what is priced in one of them is a pair."""
    match = _MARKED.fullmatch(text)
    if match is None or match["mark"] != mark or (quotes is not None and match["quote"] not in quotes):
        return None
    return pair(_common(match["base"]), _common(match["quote"]), f"base{mark}quote")


def joined(text: str, quotes: Sequence[str] = USUAL) -> Classified | None:
    """`BTCUSD`, `EURUSD`, `BTCUSDT`: a known quote ends it, the longest one that does."""
    ends = [one for one in quotes if text.endswith(one) and len(text) > len(one)]
    if not ends or not text.isalnum():
        return None
    quote = max(ends, key=len)
    return pair(_common(text[: -len(quote)]), _common(quote), "a known quote ends it")


def beside_tickers(text: str) -> Classified | None:
    """The same of providers who write tickers as well: `GBTC` is a fund's, and no G in BTC; `OPUSD` is a pair."""
    is_ticker = len(text) < _TICKER or (len(text) == _TICKER and not text.endswith("USD"))
    return None if is_ticker else joined(text)


def kraken(text: str) -> Classified | None:
    """`XXBTZUSD`: X before a coin, Z before a currency; newer pairs have neither."""
    if match := _KRAKEN.fullmatch(text):
        base, quote = match["base"] or match["coin"], match["quote"] or match["in_coin"]
        return pair(_common(base), _common(quote), "Kraken's X and Z")
    return joined(text)


def kraken_futures(text: str) -> Classified | None:
    """`PI_XBTUSD` and `PF_ETHUSD`, which are perpetual, and `FI_XBTUSD_240329`, which is delivered."""
    match = _KRAKEN_FUTURES.fullmatch(text)
    found = joined(match["pair"]) if match else None
    if match is None or found is None or bool(match["on"]) == text.startswith("P"):
        return None
    if match["on"] is None:
        return replace(found, symbol=text, rule="PI or PF before the pair", contract="perpetual")
    expiry = delivery_day(match["on"])
    return (
        replace(found, kind="future", symbol=text, rule=DATED, contract="delivery", expiry=expiry) if expiry else None
    )


def perpetual(text: str) -> Classified | None:
    """`BTC-PERP`: what it is priced in is not said."""
    match = _PERPETUAL.fullmatch(text)
    return match and Classified("crypto", "PERP after the coin", text, base=match["base"], contract="perpetual")


def forex_alone(text: str) -> Classified | None:
    """`JPY`: so many of it for a dollar."""
    return pair("USD", text, "dollars in it") if text in CURRENCIES and text != "USD" else None


def currencies(text: str) -> Classified | None:
    """`EURUSD`: two currencies of three letters."""
    if len(text) == _SIX and {text[:3], text[3:]} <= CURRENCIES:
        return pair(text[:3], text[3:], "two currencies")
    return None


def _common(name: str) -> str:
    return _OF_KRAKEN.get(name, name)
