"""Stocks, funds and indices: share classes, exchanges by the suffix of a symbol, letters that tell of funds."""

import re

from bcdata.venues.classification.kinds import Classified

_STOCK = re.compile(r"(?P<ticker>[A-Z]{1,5})(?:[.\-/ ](?P<share>[A-Z]{1,2}))?", re.ASCII)
_OPEN_FUND = re.compile(r"[A-Z]{4}X", re.ASCII)
_INDEX = re.compile(r"(?:\^|I:|\$)(?P<name>[A-Z0-9.\-]{1,20})", re.ASCII)
_SUFFIXED = re.compile(r"(?P<ticker>[A-Z0-9][A-Z0-9\-&]{0,14})\.(?P<suffix>[A-Z]{1,3})", re.ASCII)

YAHOO = {
    "AS": ("XAMS", "EUR"), "AX": ("XASX", "AUD"), "BD": ("XBUD", "HUF"), "BK": ("XBKK", "THB"), "BO": ("XBOM", "INR"),
    "BR": ("XBRU", "EUR"), "CO": ("XCSE", "DKK"), "DE": ("XETR", "EUR"), "F": ("XFRA", "EUR"), "HE": ("XHEL", "EUR"),
    "HK": ("XHKG", "HKD"), "IR": ("XDUB", "EUR"), "IS": ("XIST", "TRY"), "JK": ("XIDX", "IDR"), "JO": ("XJSE", "ZAc"),
    "KL": ("XKLS", "MYR"), "KQ": ("XKOS", "KRW"), "KS": ("XKRX", "KRW"), "L": ("XLON", "GBp"), "LS": ("XLIS", "EUR"),
    "MC": ("XMAD", "EUR"), "MI": ("XMIL", "EUR"), "MX": ("XMEX", "MXN"), "NS": ("XNSE", "INR"), "NZ": ("XNZE", "NZD"),
    "OL": ("XOSL", "NOK"), "PA": ("XPAR", "EUR"), "PR": ("XPRA", "CZK"), "SA": ("BVMF", "BRL"), "SI": ("XSES", "SGD"),
    "SS": ("XSHG", "CNY"), "ST": ("XSTO", "SEK"), "SW": ("XSWX", "CHF"), "SZ": ("XSHE", "CNY"), "T": ("XTKS", "JPY"),
    "TA": ("XTAE", "ILA"), "TO": ("XTSE", "CAD"), "TW": ("XTAI", "TWD"), "V": ("XTSX", "CAD"), "VI": ("XWBO", "EUR"),
    "WA": ("XWAR", "PLN"),
}  # fmt: skip
"""Exchanges and the currency, or its hundredths, of what trades there, by Yahoo's suffix."""
_HUNDREDTHS = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ILA": "ILS", "USX": "USD"}


def currency_and_unit(code: str) -> tuple[str, float]:
    """`("GBP", 0.01)` of `GBp`; any other code is the currency itself."""
    return (_HUNDREDTHS[code], 0.01) if code in _HUNDREDTHS else (code, 1.0)


def american(text: str) -> Classified | None:
    """`AAPL`, and `BRK.B`, `BRK-B`, `BRK/B` or `BRK B`, which are one stock; five letters with an X are a fund."""
    match = _STOCK.fullmatch(text)
    if match is None:
        return None
    if match["share"] is None and _OPEN_FUND.fullmatch(text):
        return Classified("fund", "five letters, the last one X", text, currency="USD")
    ticker, share = match["ticker"], match["share"]
    rule = "letters alone" if share is None else "ticker and share class"
    return Classified("stock", rule, ticker if share is None else f"{ticker}.{share}", currency="USD")


def index(text: str) -> Classified | None:
    """`^GSPC`, `I:SPX`, `$SPX`."""
    match = _INDEX.fullmatch(text)
    return match and Classified("index", "marked as an index", match["name"])


def suffixed(text: str) -> Classified | None:
    """`VOD.L`: the exchange by its suffix."""
    match = _SUFFIXED.fullmatch(text)
    if match is None or match["suffix"] not in YAHOO:
        return None
    exchange, code = YAHOO[match["suffix"]]
    currency, unit = currency_and_unit(code)
    return Classified(
        "stock",
        f"the suffix {match['suffix']}",
        text,
        exchange,
        currency=currency,
        unit=unit,
    )
