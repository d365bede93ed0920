"""Which assets are worth a currency: one table of currencies and of the coins that are pegged to one.

The quote assets of a market and the default of `universe.stable_assets` both follow from it, so that an asset cannot be
known as the one and not as the other. Values and pure functions.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["currency", "stable_coin"]

_COINS = {
    "USD": (
        *("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "USDP", "PAX", "USDS", "USDSB", "USDSOLD", "TUSDB", "SUSD"),
        *("GUSD", "PYUSD", "RLUSD", "USDG", "USD1", "U", "USDE", "BFUSD", "XUSD", "USDD", "UST", "VAI"),
    ),
    "EUR": ("AEUR", "EURI"),
    "GBP": ("BGBP",),
    "IDR": ("IDRT", "BIDR"),
    "KRW": ("BKRW",),
    "VND": ("BVND",),
    "KGS": ("KGST",),
}
"""Coins by the currency (ISO 4217) that one of them is worth, or was until it was delisted.

UST was one; its successor USTC never was. FRAX is none: the exchange's FRAX was FXS until January 2026.
"""
_CURRENCIES = (
    *("USD", "EUR", "GBP", "AUD", "TRY", "BRL", "RUB", "UAH", "NGN", "ZAR", "PLN", "RON", "CZK", "ARS", "MXN", "COP"),
    "JPY",
)
"""Currencies that are traded as assets of their own."""

_ONLY_SPELLINGS = ("KRW", "IDR", "VND", "KGS")
"""Currencies that no exchange here trades; names of coins hold them."""
_LONGEST_AFFIX = 2
"""USDQ, EURCV, XUSD: a coin's name adds so many letters to its currency's, at most."""


@dataclass(frozen=True, slots=True)
class Pegged:
    """An asset worth a currency: the currency itself, or a coin that is pegged to it (`currency`: ISO 4217)."""

    asset: str
    currency: str
    kind: Kind

    @property
    def words(self) -> str:
        """What it is, for people: `currency`, or `stable coin of USD`."""
        return "currency" if self.kind == "currency" else f"stable coin of {self.currency}"


PEGGED = {
    **{coin: Pegged(coin, currency, "stable_coin") for currency, coins in _COINS.items() for coin in coins},
    **{code: Pegged(code, code, "currency") for code in _CURRENCIES},
}
"""The table, by asset."""
STABLE_ASSETS = tuple(PEGGED)
"""All assets whose price is a currency's, coins first."""


def looks_pegged(base: str) -> str | None:
    """The currency that an asset's name holds though the table does not have it; None where nothing seems wrong.

    Only a hint for people: `USDQ` and `XEUR` look like coins of a currency, `BTCUSD1` and `TRYHARD` do not.
    """
    if base in PEGGED:
        return None
    for code in (*_CURRENCIES, *_ONLY_SPELLINGS):
        affix = len(base) - len(code)
        if 0 <= affix <= _LONGEST_AFFIX and (base.startswith(code) or base.endswith(code)):
            return code
    return None
