"""Binance: spot, USD-M (`um`), COIN-M (`cm`) and options, what each has, and how their symbols are written."""

import re

from bcdata.venues.currencies import PEGGED
from bcdata.venues.market import Market
from bcdata.venues.symbols import Contract

SPOT_COINS = ("BTC", "ETH", "BNB", "XRP", "TRX", "DOGE", "DOT", "SOL")
"""Quote assets of spot that are worth no currency."""
NEVER_A_QUOTE = frozenset(
    {
        *("USD", "AEUR", "BGBP", "KGST", "USDSB", "USDSOLD", "TUSDB", "SUSD", "GUSD", "PYUSD", "RLUSD", "USDG"),
        *("USDE", "BFUSD", "XUSD", "USDD"),
    }
)
"""Worth a currency, and the quote asset of no spot pair: with AEUR among these, ADAEUR would be AD in AEUR."""

LEVERAGED_ASSETS = frozenset(
    {
        *("1INCH", "AAVE", "ADA", "BCH", "BNB", "BTC", "DOT", "EOS", "ETH", "FIL"),
        *("LINK", "LTC", "SUSHI", "SXP", "TRX", "UNI", "XLM", "XRP", "XTZ", "YFI"),
    }
)
"""Assets that had leveraged tokens on Binance (2020 to 2024; none has come since)."""

_QUOTES = (*(asset for asset in PEGGED if asset not in NEVER_A_QUOTE), *SPOT_COINS)
"""Quote assets of spot. One list for all markets would read COIN-M's DOTUSD as DO in TUSD."""
_CONTRACT = re.compile(r"(?P<stem>.+?)(?:_(?P<date>\d{6})|_PERP|(?P<settled>_?SETTLED\d*))", re.ASCII)

_INTERVALS = (
    *("1m", "3m", "5m", "15m", "30m"),
    *("1h", "2h", "4h", "6h", "8h", "12h"),
    *("1d", "3d", "1w", "1mo"),
)
_TICKS = ("trades", "agg_trades")
_OF_FUTURES = (
    *("klines", "funding", "mark_klines", "index_klines", "premium_klines", "metrics"),
    *(*_TICKS, "book_depth", "book_ticker", "liquidation_snapshot"),
)


def contract_suffix(symbol: str) -> tuple[str, Contract]:
    """Takes `_PERP`, `_240329` or `SETTLED` off a symbol: what is left, and the kind of contract."""
    match = _CONTRACT.fullmatch(symbol)
    if match is None:
        return symbol, "perpetual"
    if match["date"]:
        return match["stem"], "delivery"
    return match["stem"], "settled" if match["settled"] else "perpetual"


MARKETS = (
    Market(
        "spot",
        "2017-07",
        ("klines", *_TICKS),
        ("1s", *_INTERVALS),
        quotes=_QUOTES,
        suffix=contract_suffix,
        leveraged=LEVERAGED_ASSETS,
    ),
    Market(
        "um",
        "2019-09",
        _OF_FUTURES,
        _INTERVALS,
        quotes=("USDT", "USDC", "BUSD", "USD1", "BTC"),
        suffix=contract_suffix,
        leveraged=LEVERAGED_ASSETS,
    ),
    Market(
        "cm",
        "2020-06",
        _OF_FUTURES,
        _INTERVALS,
        reference="BTCUSD_PERP",
        quotes=("USD",),
        suffix=contract_suffix,
        leveraged=LEVERAGED_ASSETS,
    ),
    Market("option", "2022-01", ("bvol_index", "eoh_summary"), (), reference="BTCBVOLUSDT", quotes=("USDT",)),
)
