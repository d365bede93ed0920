"""What is known of an instrument by its symbol, and the tables that dialects share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["crypto", "stock", "etf", "index", "fund", "future", "option", "forex", "unknown"]
Contract = Literal["perpetual", "delivery", "continuous"]

CURRENCIES = frozenset(
    {
        *("AED", "ARS", "AUD", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNH", "CNY", "COP"),
        *("CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES"),
        *("KRW", "KWD", "KZT", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR"),
        *("PLN", "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TND", "TRY", "TWD", "UAH"),
        *("USD", "UYU", "VND", "XAG", "XAU", "XPD", "XPT", "ZAR"),
    }
)
"""ISO 4217, with the metals that are quoted like currencies."""

MONTHS = "FGHJKMNQUVXZ"
"""Codes of the months of futures, January to December."""
DATED = "a date after the pair"
"""The rule of contracts that are delivered."""


@dataclass(frozen=True, slots=True)
class Classified:
    """What a symbol says of its instrument, and by which rule. What it does not say is None.

    Attributes:
        kind: what it is; `unknown` where the text does not tell, or tells of no instrument that trades.
        rule: what decided, in words.
        symbol: how the lake writes it; None where the text alone names no instrument.
        exchange: the venue, by its code (ISO 10383) where it has one.
        base: what is traded, of pairs.
        quote: what it is priced in, of pairs.
        root: of futures and options, the product or the stock.
        expiry: of contracts, `YYYY-MM` or `YYYY-MM-DD`.
        contract: what kind of contract it is.
        currency: ISO 4217, what prices are in.
        unit: of prices, in the currency: 0.01 where they are in its hundredths.
        right: of options, `call` or `put`.
        strike: of options.
        figi: the identifier, where the text is one.
    """

    kind: Kind
    rule: str
    symbol: str | None = None
    exchange: str | None = None
    base: str | None = None
    quote: str | None = None
    root: str | None = None
    expiry: str | None = None
    contract: Contract | None = None
    currency: str | None = None
    unit: float = 1.0
    right: Literal["call", "put"] | None = None
    strike: float | None = None
    figi: str | None = None


def pair(base: str, quote: str, rule: str, *, symbol: str | None = None, exchange: str | None = None) -> Classified:
    """A pair of currencies is forex, one with a coin in it is crypto."""
    kind: Kind = "forex" if base in CURRENCIES and quote in CURRENCIES else "crypto"
    if base == quote:
        return Classified("unknown", f"{base} is not priced in itself")
    return Classified(kind, rule, symbol or f"{base}/{quote}", exchange, base, quote)


def month_of(code: str, year: int) -> str:
    """`2025-12` of `Z` and 2025."""
    return f"{year:04}-{MONTHS.index(code) + 1:02}"


def delivery_day(digits: str) -> str | None:
    """`2024-03-29` of `240329`; None where there is no such day."""
    try:
        return datetime.strptime(digits, "%y%m%d").date().isoformat()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
