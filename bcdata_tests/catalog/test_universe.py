"""Which symbols a universe chooses, and why."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.catalog import Universe
from bcdata.providers.registry import MARKETS
from bcdata.venues.binance import LEVERAGED_ASSETS
from bcdata.venues.symbols import complaint

SPOT = [
    *("BTCUSDT", "ETHUSDT", "BNBUSDT", "BTCBUSD", "ETHBTC", "BTCFDUSD", "BNBBTC"),
    *("BTCUPUSDT", "BTCDOWNUSDT", "1INCHUPUSDT", "ETHBULLUSDT", "ETHBEARUSDT", "BULLUSDT", "BEARUSDT"),
    *("JUPUSDT", "SYRUPUSDT", "SUPERUSDT", "PUMPUSDT", "TURBOUSDT", "UPUSDT"),
    *("USDCUSDT", "FDUSDUSDT", "TUSDUSDT", "EURUSDT", "USTCUSDT", "PAXGUSDT", "WBTCUSDT"),
    "币安人生USDT",
]
STRICT = Universe(quote=("USDT",), stable_coins=False, leveraged=False)


def reasons(universe: Universe, symbols: list[str], market: str = "spot") -> dict[str, str]:
    return {d.symbol: d.rule for d in universe.explain(symbols, market=market) if not d.included}


def test_spot_without_stable_coins_and_leveraged_tokens() -> None:
    assert STRICT.select(SPOT, market="spot") == [
        *("BNBUSDT", "BTCUSDT", "ETHUSDT", "JUPUSDT", "PAXGUSDT", "PUMPUSDT", "SUPERUSDT", "SYRUPUSDT"),
        *("TURBOUSDT", "UPUSDT", "USTCUSDT", "WBTCUSDT", "币安人生USDT"),
    ]


def test_why_not() -> None:
    assert reasons(STRICT, SPOT) == {
        **dict.fromkeys(["BTCBUSD", "ETHBTC", "BTCFDUSD", "BNBBTC"], "quote"),
        **dict.fromkeys(["BTCUPUSDT", "BTCDOWNUSDT", "1INCHUPUSDT", "BULLUSDT", "BEARUSDT"], "leveraged"),
        **dict.fromkeys(["ETHBULLUSDT", "ETHBEARUSDT"], "leveraged"),
        **dict.fromkeys(["USDCUSDT", "FDUSDUSDT", "TUSDUSDT", "EURUSDT"], "stable_coins"),
    }


def test_reasons_in_words() -> None:
    said = {d.symbol: d.reason for d in STRICT.explain(["BTCUPUSDT", "ETHBTC", "ABC", "BTCUSDT"], market="spot")}
    assert said == {
        "BTCUPUSDT": "its base BTCUP is a leveraged token",
        "ETHBTC": "it is quoted in BTC, not in USDT",
        "ABC": "it ends in no known quote asset, not in USDT",
        "BTCUSDT": "every rule lets it in",
    }


@pytest.mark.parametrize("asset", sorted(LEVERAGED_ASSETS))
def test_known_leveraged_tokens_need_no_siblings(asset: str) -> None:
    tokens = [f"{asset}{ending}USDT" for ending in ("UP", "DOWN")]
    assert Universe(leveraged=False).select(tokens, market="spot") == []


def test_other_leveraged_tokens_are_known_by_asset_and_counterpart() -> None:
    universe = Universe(leveraged=False)
    pair = ["NEWUPUSDT", "NEWDOWNUSDT"]
    assert universe.select([*pair, "NEWUSDT"], market="spot") == ["NEWUSDT"]
    assert universe.select(pair, market="spot") == sorted(pair)
    assert universe.select(["NEWUPUSDT", "NEWUSDT"], market="spot") == ["NEWUPUSDT", "NEWUSDT"]


def test_a_listed_one_letter_coin_makes_no_leveraged_token_of_a_look_alike() -> None:
    assert Universe(leveraged=False).select(["JUSDT", "SUSDT", "JUPUSDT", "SUPUSDT"], market="spot") == [
        *("JUPUSDT", "JUSDT", "SUPUSDT", "SUSDT"),
    ]


def test_usd_margined_perpetuals() -> None:
    listed = [
        "BTCUSDT",
        "BTCUSDT_240329",
        "BTCUSDC",
        "ETHBTC",
        "BNXUSDTSETTLED",
        "ICPUSDT_SETTLED",
        "1000SHIBUSDT",
    ]
    universe = Universe(quote=("USDT",), contracts=("perpetual",))
    assert universe.select(listed, market="um") == ["1000SHIBUSDT", "BTCUSDT"]
    assert Universe(contracts=("delivery",)).select(listed, market="um") == ["BTCUSDT_240329"]
    assert Universe(contracts=("settled",)).select(listed, market="um") == [
        "BNXUSDTSETTLED",
        "ICPUSDT_SETTLED",
    ]
    assert Universe(quote=("USDT",), contracts=("settled", "delivery")).select(listed, market="um") == [
        *("BNXUSDTSETTLED", "BTCUSDT_240329", "ICPUSDT_SETTLED"),
    ]


def test_coin_margined_perpetuals() -> None:
    listed = ["BTCUSD_PERP", "BTCUSD_240329", "DOTUSD_PERP", "BNBUSD_210326"]
    assert Universe(contracts=("perpetual",)).select(listed, market="cm") == ["BTCUSD_PERP", "DOTUSD_PERP"]
    assert Universe(quote=("USD",)).select(listed, market="cm") == sorted(listed)


def test_lists_and_their_precedence() -> None:
    universe = Universe(quote=("USDT",), include=("*BTC", "ETHUSDT"), exclude=("BNB*", "ETHUSDT"))
    assert universe.select(SPOT[:7], market="spot") == ["BTCUSDT", "ETHBTC"]
    assert reasons(universe, SPOT[:7])["ETHUSDT"] == "exclude"
    assert Universe(quote=("USDT",), include=("NOTLISTED",)).select(["ETHBTC"], market="spot") == []


def test_the_list_of_stable_assets_can_be_replaced() -> None:
    universe = Universe(stable_coins=False, stable_assets=("PAXG",))
    assert universe.select(["USDCUSDT", "PAXGUSDT"], market="spot") == ["USDCUSDT"]


@pytest.mark.parametrize(
    ("symbol", "market", "base", "quote"),
    [
        ("BTCUSDT", "spot", "BTC", "USDT"),
        ("BTCFDUSD", "spot", "BTC", "FDUSD"),
        ("FDUSDUSDT", "spot", "FDUSD", "USDT"),
        ("币安人生U", "spot", "币安人生", "U"),
        ("ADAEUR", "spot", "ADA", "EUR"),
        ("USDTTRY", "spot", "USDT", "TRY"),
        ("币安人生USDT", "spot", "币安人生", "USDT"),
        ("DOTUSD_PERP", "cm", "DOT", "USD"),
        ("BNBUSD_210326", "cm", "BNB", "USD"),
        ("BTCBUSD_210129", "um", "BTC", "BUSD"),
        ("BTC/USDT", "kraken", "BTC", "USDT"),
        ("BTC-USD", "coinbase", "BTC", "USD"),
        ("USDT", "spot", "USDT", None),
        ("XBTUSD", "kraken", "XBTUSD", None),
    ],
)
def test_base_and_quote(symbol: str, market: str, base: str, quote: str | None) -> None:
    found = MARKETS[market].split(symbol)
    assert (found.base, found.quote) == (base, quote)


@pytest.mark.parametrize("symbol", ["BTC/USDT", "BRK.B", "^GSPC", "币安人生USDT", "ES=F", "BTC USD", "A" * 100])
def test_symbols_of_any_venue(symbol: str) -> None:
    assert complaint(symbol) is None


@pytest.mark.parametrize("symbol", ["", "A|B", "A...B", "A\nB", "\x00", " A", "A ", "A\u200bB", "A" * 101])
def test_texts_that_cannot_be_symbols(symbol: str) -> None:
    assert complaint(symbol)


bases = st.sampled_from(
    ["BTC", "ETH", "BTCUP", "BTCDOWN", "SOL", "SOLUP", "SOLDOWN", "JUP", "USDC", "BULL", "币", "S", "X"]
)
listed_symbols = st.lists(
    st.one_of(
        st.builds(str.__add__, bases, st.sampled_from(["USDT", "BTC", "BUSD", "USDT_240329", "USDTSETTLED", ""])),
        st.text(min_size=1, max_size=8),
    ),
    max_size=30,
)
patterns = st.lists(st.sampled_from(["BTC*", "*USDT", "ETHUSDT", "?TC*", "[A-C]*"]), max_size=2, unique=True).map(tuple)
universes = st.builds(
    Universe,
    quote=st.sampled_from([None, ("USDT",), ("BTC", "BUSD")]),
    contracts=st.sampled_from([None, ("perpetual",), ("settled", "delivery")]),
    stable_coins=st.booleans(),
    leveraged=st.booleans(),
    include=patterns,
    exclude=patterns,
)


@given(universes, listed_symbols, st.randoms(use_true_random=False))
def test_selection_is_a_sorted_subset_whatever_the_order(
    universe: Universe, symbols: list[str], shuffler: random.Random
) -> None:
    chosen = universe.select(symbols, market="um")
    shuffled = symbols + symbols[:3]
    shuffler.shuffle(shuffled)
    assert chosen == sorted(set(chosen) & set(symbols)) == universe.select(shuffled, market="um")


@given(universes, listed_symbols)
def test_selection_is_idempotent(universe: Universe, symbols: list[str]) -> None:
    once = universe.select(symbols, market="spot")
    assert universe.select(once, market="spot") == once


@given(universes, listed_symbols)
def test_every_symbol_has_one_decision_and_exclusion_always_wins(universe: Universe, symbols: list[str]) -> None:
    decisions = universe.explain(symbols, market="um")
    assert [d.symbol for d in decisions] == sorted(set(symbols))
    nothing_but = universe.model_copy(update={"exclude": ("*",)})
    assert nothing_but.select(symbols, market="um") == []
    assert Universe().select(symbols, market="um") == sorted(set(symbols))


@given(universes, listed_symbols)
def test_each_further_rule_only_takes_away(universe: Universe, symbols: list[str]) -> None:
    for stricter in ({"stable_coins": False}, {"leveraged": False}):
        narrowed = universe.model_copy(update=stricter).select(symbols, market="spot")
        assert set(narrowed) <= set(universe.select(symbols, market="spot"))
