"""The table of currencies and pegged coins, against the names that the market itself has."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bcdata.catalog import Universe
from bcdata.catalog.universe import classify
from bcdata.providers.binance.api.exchange_info import read_exchange_info
from bcdata.providers.registry import MARKETS
from bcdata.providers.roles import SymbolInfo
from bcdata.venues.binance import NEVER_A_QUOTE, SPOT_COINS
from bcdata.venues.currencies import PEGGED, STABLE_ASSETS, looks_pegged

# The spot pairs of Binance whose base asset is a currency or a pegged coin, as far as listings of 2017 to 2026 tell.
_QUOTES_OF = {
    "USDC": (
        *("USDT", "BNB", "PAX", "TUSD", "BUSD", "TRY", "BRL", "ARS", "MXN"),
        *("COP", "ZAR", "PLN", "CZK", "RON", "JPY"),
    ),
    "USDS": ("USDT", "PAX", "TUSD", "USDC"),
    "USDSB": ("USDT", "USDS"),
    "USDSOLD": ("USDT",),
    "TUSD": ("USDT", "BTC", "ETH", "BNB", "BUSD", "TRY"),
    "TUSDB": ("TUSD",),
    "PAX": ("USDT", "BTC", "ETH", "BNB", "TUSD", "BUSD"),
    "USDP": ("USDT", "BUSD"),
    "BUSD": (
        *("USDT", "NGN", "TRY", "RUB", "ZAR", "IDRT", "BIDR", "BKRW", "DAI"),
        *("BRL", "BVND", "VAI", "UAH", "PLN", "RON"),
    ),
    "DAI": ("USDT", "BTC", "BNB", "BUSD"),
    "FDUSD": ("USDT", "USDC", "TRY", "JPY"),
    "SUSD": ("USDT", "BTC", "ETH"),
    "UST": ("USDT", "BTC", "BUSD"),
    "BGBP": ("USDC",),
    "BKRW": ("USDT", "BUSD"),
    "USDT": (
        *("TRY", "RUB", "ZAR", "IDRT", "UAH", "BIDR", "BKRW", "DAI", "NGN"),
        *("BRL", "BVND", "PLN", "RON", "ARS", "MXN", "CZK", "COP", "JPY"),
    ),
    "EUR": ("USDT", "BUSD", "USDC", "TRY", "BRL", "PLN"),
    "GBP": ("USDT", "BUSD"),
    "AUD": ("USDT", "BUSD", "USDC"),
    "AEUR": ("USDT",),
    "EURI": ("USDT", "EUR", "USDC"),
    "USDE": ("USDT", "USDC"),
    "USD1": ("USDT", "USDC"),
    "XUSD": ("USDT",),
    "BFUSD": ("USDT", "USDC"),
    "RLUSD": ("USDT", "U"),
    "U": ("USDT",),
    "KGST": ("USDT",),
}
STABLE_PAIRS = [base + quote for base, quotes in _QUOTES_OF.items() for quote in quotes]
OTHERS = [
    *("USTCUSDT", "FRAXUSDT", "PAXGUSDT", "XAUTUSDT", "WBTCUSDT", "CRVUSDT", "TRYHARDUSDT", "JSTUSDT", "DUSKUSDT"),
    *("CRCLBUSDT", "RENUSDT", "UNIUSDT"),
]
"""Names that only look like these."""


def test_the_pairs_that_were_let_in_are_kept_out() -> None:
    universe = Universe(stable_coins=False)
    assert universe.select(["BKRWUSDT", "BKRWBUSD", "BGBPUSDC", "BTCUSDT"], market="spot") == ["BTCUSDT"]


def test_stable_pairs_are_all_kept_out_and_look_alikes_are_not() -> None:
    universe = Universe(stable_coins=False)
    assert universe.select([*STABLE_PAIRS, *OTHERS], market="spot") == sorted(OTHERS)


@pytest.mark.parametrize("market", ["spot", "um"])
def test_every_quote_asset_is_in_the_table_or_is_a_coin(market: str) -> None:
    """Whoever adds a quote asset says in the same place whether it is worth a currency."""
    assert set(MARKETS[market].quotes) <= {*PEGGED, *SPOT_COINS}
    assert set(NEVER_A_QUOTE) <= set(PEGGED)


def test_a_pegged_asset_is_a_pegged_asset_on_either_side_of_a_pair() -> None:
    for quote in MARKETS["spot"].quotes:
        if quote in PEGGED:
            [found] = classify([f"{quote}BTC"], market="spot")
            assert (found.base, found.asset_class) == (quote, PEGGED[quote].kind)


def test_how_names_are_classified() -> None:
    names = ["BKRWUSDT", "EURUSDT", "BTCUPUSDT", "BTCUSDT", "XEURUSDT", "ABC"]
    found = {one.symbol: (one.asset_class, one.reason) for one in classify(names, market="spot")}
    assert found == {
        "BKRWUSDT": ("stable_coin", "its base BKRW is a stable coin of KRW"),
        "EURUSDT": ("currency", "its base EUR is a currency"),
        "BTCUPUSDT": ("leveraged", "its base BTCUP is a leveraged token"),
        "BTCUSDT": ("other", "its base BTC is none of these"),
        "XEURUSDT": ("other", "its base XEUR has EUR in its name, and is not in the table of currencies: check it"),
        "ABC": ("unknown", "it ends in no known quote asset"),
    }


@pytest.mark.parametrize("asset", ["BTC", "PAXG", "USTC", "TRYHARD", *STABLE_ASSETS])
def test_names_that_ask_for_no_look(asset: str) -> None:
    assert looks_pegged(asset) is None


@pytest.mark.parametrize(("asset", "currency"), [("USDQ", "USD"), ("EURCV", "EUR"), ("CRVUSD", None), ("AKRW", "KRW")])
def test_names_that_ask_for_a_look(asset: str, currency: str | None) -> None:
    assert looks_pegged(asset) == currency


def recorded(shared_data: Path) -> Iterator[tuple[str, SymbolInfo]]:
    """Every symbol of every recorded exchangeInfo, with its market."""
    folder = shared_data / "providers" / "binance_rest"
    files = [
        one for one in folder.rglob("*") if one.is_file() and re.search(r"exchange_?info", str(one), re.IGNORECASE)
    ]
    assert len(files) >= 7
    for file in files:
        text = file.read_text(encoding="utf-8")
        market = "um" if "utures" in str(file) else "spot"
        for info in _bodies(text):
            yield from ((market, one) for one in info if one.quote != "456")  # an asset that the test network invented


def _bodies(text: str) -> Iterator[tuple[SymbolInfo, ...]]:
    """The answers in a recording: the whole file, a part of it, or a string of an HTTP recording."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r'[{"]', text):
        try:
            value, _ = decoder.raw_decode(text, match.start())
            value = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            continue
        while isinstance(value, dict) and "symbols" not in value and isinstance(value.get("result"), dict):
            value = value["result"]
        if isinstance(value, dict) and "symbols" in value:
            yield read_exchange_info(json.dumps(value).encode()).symbols
            return


def test_names_are_taken_apart_as_the_exchange_does(shared_data: Path) -> None:
    found = list(recorded(shared_data))
    assert len(found) >= 20
    for market, one in found:
        read = MARKETS[market].split(one.symbol)
        assert (read.base, read.quote) == (one.base, one.quote), one.symbol
        assert one.quote in PEGGED or one.quote in SPOT_COINS, f"{one.quote}: is it worth a currency?"


def market_names(shared_data: Path) -> set[str]:
    """The spot symbols that the archive's own lists of republished files and its tree name."""
    reissued = shared_data / "binance_reissued"
    texts = [one.read_text() for one in reissued.glob("*.csv")]
    for packed in reissued.glob("*.zip"):
        with zipfile.ZipFile(packed) as archive:
            names = [name for name in archive.namelist() if name.endswith(".csv") and "MACOSX" not in name]
            texts += [archive.read(name).decode() for name in names]
    rows = [row for text in texts for row in csv.reader(io.StringIO(text))]
    tree = (shared_data / "binance_vision" / "data" / "spot").glob("*/klines/*")
    return {row[0].partition("-")[0] for row in rows if "-" in row[0]} | {one.name for one in tree}


def test_no_name_of_the_market_is_left_unknown_or_looks_like_a_currency(shared_data: Path) -> None:
    names = market_names(shared_data)
    assert len(names) >= 365
    asks = [
        one.reason for one in classify(names, market="spot") if one.asset_class == "unknown" or "check it" in one.reason
    ]
    assert asks == []
