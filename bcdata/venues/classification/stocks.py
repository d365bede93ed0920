"""Stocks, funds and indices: share classes, exchanges by the suffix of a symbol, letters that tell of funds."""

import re
from dataclasses import replace

from bcdata.frames.currencies import currency_and_unit
from bcdata.venues.classification.kinds import Classified, Kind

_STOCK = re.compile(r"(?P<ticker>[A-Z]{1,5})(?:(?P<mark>[.\-/ ])(?P<share>[A-Z]{1,2}))?", re.ASCII)
_FUND_ID = re.compile(r"0P[0-9A-Z]{8}", re.ASCII)
_OPEN_FUND = re.compile(r"[A-Z]{4}X", re.ASCII)
_INDEX = re.compile(r"(?:\^|I:|\$)(?P<name>[A-Z0-9.\-]{1,20})", re.ASCII)
_SUFFIXED = re.compile(r"(?P<ticker>[A-Z0-9][A-Z0-9\-&]{0,14})\.(?P<suffix>[A-Z]{1,3})", re.ASCII)

YAHOO = {
    "AE": ("XDFM", "AED"), "AS": ("XAMS", "EUR"), "AT": ("ASEX", "EUR"), "AX": ("XASX", "AUD"), "BA": ("XBUE", "ARS"),
    "BD": ("XBUD", "HUF"), "BE": ("XBER", "EUR"), "BK": ("XBKK", "THB"), "BO": ("XBOM", "INR"), "BR": ("XBRU", "EUR"),
    "CA": ("XCAI", "EGP"), "CN": ("XCNQ", "CAD"), "CO": ("XCSE", "DKK"), "DE": ("XETR", "EUR"), "DU": ("XDUS", "EUR"),
    "F": ("XFRA", "EUR"), "HE": ("XHEL", "EUR"), "HK": ("XHKG", "HKD"), "HM": ("XHAM", "EUR"), "IC": ("XICE", "ISK"),
    "IL": ("XLON", "USD"), "IR": ("XDUB", "EUR"), "IS": ("XIST", "TRY"), "JK": ("XIDX", "IDR"), "JO": ("XJSE", "ZAc"),
    "KL": ("XKLS", "MYR"), "KQ": ("XKOS", "KRW"), "KS": ("XKRX", "KRW"), "L": ("XLON", "GBp"), "LM": ("XLIM", "PEN"),
    "LS": ("XLIS", "EUR"), "MC": ("XMAD", "EUR"), "ME": ("MISX", "RUB"), "MI": ("XMIL", "EUR"), "MU": ("XMUN", "EUR"),
    "MX": ("XMEX", "MXN"), "NE": ("NEOE", "CAD"), "NS": ("XNSE", "INR"), "NZ": ("XNZE", "NZD"), "OL": ("XOSL", "NOK"),
    "PA": ("XPAR", "EUR"), "PR": ("XPRA", "CZK"), "PS": ("XPHS", "PHP"), "QA": ("DSMD", "QAR"), "RG": ("XRIS", "EUR"),
    "RO": ("XBSE", "RON"), "SA": ("BVMF", "BRL"), "SG": ("XSTU", "EUR"), "SI": ("XSES", "SGD"), "SN": ("XSGO", "CLP"),
    "SR": ("XSAU", "SAR"), "SS": ("XSHG", "CNY"), "ST": ("XSTO", "SEK"), "SW": ("XSWX", "CHF"), "SZ": ("XSHE", "CNY"),
    "T": ("XTKS", "JPY"), "TA": ("XTAE", "ILA"), "TL": ("XTAL", "EUR"), "TO": ("XTSE", "CAD"), "TW": ("XTAI", "TWD"),
    "TWO": ("ROCO", "TWD"), "V": ("XTSX", "CAD"), "VI": ("XWBO", "EUR"), "VS": ("XLIT", "EUR"), "WA": ("XWAR", "PLN"),
}  # fmt: skip
"""Exchanges and the currency, or its hundredths, of what trades there, by Yahoo's suffix."""
ALPHA_VANTAGE = {
    "AMS": "AS", "BSE": "BO", "DEX": "DE", "FRK": "F", "HKG": "HK", "LON": "L", "PAR": "PA", "SAO": "SA", "SHH": "SS",
    "SHZ": "SZ", "TRT": "TO", "TRV": "V",
}  # fmt: skip
"""Yahoo's suffix by Alpha Vantage's; the lake writes Yahoo's."""
MARKS = ".-/ "
"""What stands before a share class, by whoever writes it."""


def american(text: str, marks: str = MARKS) -> Classified | None:
    """`AAPL`, and `BRK.B`, `BRK-B`, `BRK/B` or `BRK B`, which are one stock; five letters with an X are a fund.

    Args:
        text: the symbol.
        marks: those that stand before a share class: where a dot is before an exchange, it is not before a class.
    """
    match = _STOCK.fullmatch(text)
    if match is None or (match["mark"] is not None and match["mark"] not in marks):
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
    """`VOD.L`: the exchange by its suffix. A ticker like `0P000071W8` is Morningstar's number of a fund."""
    match = _SUFFIXED.fullmatch(text)
    if match is None or match["suffix"] not in YAHOO:
        return None
    exchange, code = YAHOO[match["suffix"]]
    currency, unit = currency_and_unit(code)
    kind: Kind = "fund" if _FUND_ID.fullmatch(match["ticker"]) else "stock"
    return Classified(kind, f"the suffix {match['suffix']}", text, exchange, currency=currency, unit=unit)


def suffixed_by_alpha_vantage(text: str) -> Classified | None:
    """`VOD.LON`, which Yahoo and the lake write `VOD.L`."""
    ticker, _, suffix = text.rpartition(".")
    found = suffixed(f"{ticker}.{ALPHA_VANTAGE[suffix]}") if suffix in ALPHA_VANTAGE else None
    return found and replace(found, rule=f"the suffix {suffix}")
