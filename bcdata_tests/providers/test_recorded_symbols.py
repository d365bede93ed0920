"""Every symbol in recorded answers is classified, and as the answers themselves describe it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bcdata.frames.currencies import currency_and_unit
from bcdata.providers.dialects import classify, known_dialects
from bcdata.venues.classification.kinds import Classified
from bcdata_tests.providers.recorded import Recorded, symbols

UNKNOWN = {
    ("US912797KJ59", "alpaca"): "a bond by its ISIN: bonds are no kind",
    ("US91282CJL54", "alpaca"): "a bond by its ISIN",
    ("APx", "polygon"): "made up by the vendor's sample: not found",
    ("APy", "polygon"): "made up by the vendor's sample: not found",
    ("TSLAAPL", "polygon"): "made up by the vendor's sample: not found",
    ("SP5", "yahoo"): "an index beside a stock's figures that the chart cannot be asked for",
    ("这是测试币456", "binance"): "the test exchange's own, priced in 456",
}
"""Those of which nothing is made, and why that is right."""
EXCHANGED = {"stock", "etf", "fund", "index"}
"""One form of symbol: which of these it is only the provider's own word tells."""
STATED = {
    "EQUITY": "stock", "Equity": "stock", "Common Stock": "stock", "Stock": "stock", "CS": "stock", "ADRC": "stock",
    "stocks": "stock", "ETF": "etf", "MUTUALFUND": "fund", "Mutual Fund": "fund", "CRYPTOCURRENCY": "crypto",
    "CURRENCY": "forex", "FUTURE": "future", "options": "option",
}  # fmt: skip
"""Providers' words for kinds, as they stand in the recordings."""
_WORDS = ("quoteType", "instrumentType", "assetType", "AssetType", "3. type", "type")


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> list[Recorded]:
    return symbols(shared_data / "providers")


def test_there_are_many(recorded: list[Recorded]) -> None:
    assert len(recorded) > 1000
    assert {one.dialect for one in recorded} >= {"alpaca", "binance", "coinbase", "ibkr", "kraken", "polygon", "yahoo"}


def test_all_are_known_but_those_that_are_named(recorded: list[Recorded]) -> None:
    unknown = {(one.text, one.dialect) for one in recorded if classify(one.text, one.dialect).kind == "unknown"}
    assert unknown == UNKNOWN.keys()


def test_kinds_are_those_that_providers_state(recorded: list[Recorded]) -> None:
    """By the text alone the form is right; with the provider's word the kind is."""
    stated = [(one, word) for one in recorded for key in _WORDS if (word := one.beside.get(key)) in STATED]
    assert {STATED[word] for _, word in stated} == set(STATED.values())
    for one, word in stated:
        kind, alone = STATED[word], classify(one.text, one.dialect)
        assert classify(one.text, one.dialect, stated=word).kind == kind, one
        assert alone.kind == kind or {alone.kind, kind} <= EXCHANGED, one


def test_pairs_are_those_that_venues_state(recorded: list[Recorded]) -> None:
    pairs = [
        (one, base, one.beside[quoted])
        for one in recorded
        for based, quoted in (("base_currency", "quote_currency"), ("baseAsset", "quoteAsset"), ("base", "quote"))
        if (base := one.beside.get(based)) and quoted in one.beside and (one.text, one.dialect) not in UNKNOWN
    ]
    assert len(pairs) > 500
    common = {"XXBT": "BTC", "ZUSD": "USD", "XBT": "BTC"}
    for one, base, quote in pairs:
        found = classify(one.text, one.dialect)
        assert (found.base, found.quote) == (common.get(base, base), common.get(quote, quote)), one


def test_contracts_are_those_that_venues_state(recorded: list[Recorded]) -> None:
    contracts = [one for one in recorded if one.beside.get("contractType") and one.beside.get("symbol") == one.text]
    found = [(classify(one.text, one.dialect), one.beside) for one in contracts]
    assert {one.kind for one, _ in found} == {"crypto", "future"}
    for one, beside in found:
        is_delivered = beside["contractType"] != "PERPETUAL"
        assert one.kind == ("future" if is_delivered else "crypto")
        if is_delivered:
            assert one.expiry == datetime.fromtimestamp(beside["deliveryDate"] / 1000, UTC).date().isoformat()


def test_options_are_those_that_providers_state(recorded: list[Recorded]) -> None:
    of_polygon = [one for one in recorded if one.beside.get("ticker") == one.text and "expiration_date" in one.beside]
    assert len(of_polygon) > 10
    for one in of_polygon:
        found, beside = classify(one.text, one.dialect), one.beside
        stated = (beside["underlying_ticker"], beside["expiration_date"], beside["contract_type"])
        assert (found.root, found.expiry, found.right) == stated
        assert found.strike == beside.get("strike_price", found.strike)
    of_yahoo = [one for one in recorded if one.beside.get("contractSymbol") == one.text]
    assert len(of_yahoo) > 50
    for one in of_yahoo:
        found = classify(one.text, one.dialect)
        assert found.expiry == datetime.fromtimestamp(one.beside["expiration"], UTC).date().isoformat()


def test_currencies_and_units_are_those_that_providers_state(recorded: list[Recorded]) -> None:
    listed = [
        (one, found)
        for one in recorded
        if isinstance(one.beside.get("currency"), str) and (found := classify(one.text, one.dialect)).currency
    ]
    assert {found.unit for _, found in listed} == {1.0, 0.01}
    for one, found in listed:
        assert (found.currency, found.unit) == currency_and_unit(one.beside["currency"]), one


FUNDS_OF_COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "LTC", "GBTC", "FBTC", "QBTC", "ETHE", "FETH", "CETH", "TETH",
                  "EZBC", "DEFI", "LTCN", "GSOL", "BTCO", "AUSD", "EUSD")  # fmt: skip
"""Tickers of funds that are coins' names, or end as pairs do."""
OF_STOCKS = (
    "plain",
    "alpaca",
    "polygon",
    "sec",
    "slash",
    "yahoo",
    "tiingo",
    "fmp",
    "alpha_vantage",
    "ibkr",
    "barchart",
)


@pytest.mark.parametrize("dialect", OF_STOCKS)
@pytest.mark.parametrize("ticker", FUNDS_OF_COINS)
def test_a_fund_with_the_ticker_of_a_coin_is_never_crypto(ticker: str, dialect: str) -> None:
    texts = (ticker, ticker.lower()) if dialect == "tiingo" else (ticker,)
    for text in texts:
        assert classify(text, dialect) == Classified("stock", "letters alone", ticker, currency="USD")
        assert classify(text, dialect, stated="ETF").kind == "etf"


def test_no_dialect_of_a_venue_takes_a_coin_for_a_pair() -> None:
    for dialect in set(known_dialects()) - {*OF_STOCKS}:
        assert classify("ETH", dialect).kind == "unknown", dialect


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("HSBK.IL", "yahoo", Classified("stock", "the suffix IL", "HSBK.IL", "XLON", currency="USD")),
        ("BRK.B", "yahoo", Classified("unknown", "no rule of yahoo fits")),
        ("BRK-B", "polygon", Classified("unknown", "no rule of polygon fits")),
        ("GCJ25.CMX", "yahoo", Classified("future", "root, month code, year", "GCJ2025", "XCEC", root="GC",
                                          expiry="2025-04")),
        ("VOD.LON", "alpha_vantage", Classified("stock", "the suffix LON", "VOD.L", "XLON", currency="GBP", unit=0.01)),
        ("0P000071W8.TO", "yahoo", Classified("fund", "the suffix TO", "0P000071W8.TO", "XTSE", currency="CAD")),
        ("BTC-PERP", "alpaca", Classified("crypto", "PERP after the coin", "BTC-PERP", base="BTC",
                                          contract="perpetual")),
        ("PI_XBTUSD", "kraken", Classified("crypto", "PI or PF before the pair", "PI_XBTUSD", base="BTC", quote="USD",
                                           contract="perpetual")),
        ("FI_XBTUSD_240329", "kraken", Classified("future", "a date after the pair", "FI_XBTUSD_240329", base="BTC",
                                                  quote="USD", contract="delivery", expiry="2024-03-29")),
        ("FI_XBTUSD_241332", "kraken", Classified("unknown", "no rule of kraken fits")),
        ("PI_XBTUSD_240329", "kraken", Classified("unknown", "no rule of kraken fits")),
        ("BTCUSDT_241332", "binance", Classified("unknown", "no rule of binance fits")),
        ("opusd", "tiingo", Classified("crypto", "a known quote ends it", "OP/USD", base="OP", quote="USD")),
        ("BTC-USD", "fmp", Classified("unknown", "no rule of fmp fits")),
    ],
)  # fmt: skip
def test_forms_that_were_read_as_something_else(text: str, dialect: str, expected: Classified) -> None:
    assert classify(text, dialect) == expected


def test_what_a_misleading_form_says_is_not_kept() -> None:
    found = classify("BTCUSD", "fmp", stated="ETF")
    assert found == Classified("etf", "fmp calls it ETF", "BTCUSD")
    assert classify("BBG000B9XRY4", "plain", stated="CS").figi == "BBG000B9XRY4"
