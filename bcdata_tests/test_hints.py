"""After a slip, the name that was most likely meant is proposed."""

import pytest

from bcdata.hints import choose, nearest

SYMBOLS = ["1000SHIBUSDT", "BNBBTC", "BTCDOMUSDT", "BTCUSDC", "BTCUSDT", "ETHBTC", "ETHUSDC", "ETHUSDT", "SOLUSDT"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("BTC", "BTCUSDC"),  # begins so; of two as long the first
        ("BTCUSD", "BTCUSDC"),
        ("BTCUSTD", "BTCUSDT"),
        ("btcudst", "BTCUSDT"),
        ("ETHUSD", "ETHUSDC"),
        ("SHIBUSDT", "1000SHIBUSDT"),
        ("SOL", "SOLUSDT"),
        ("XBTUSDT", "BTCUSDT"),
    ],
)
def test_the_nearest_name_is_proposed(typed: str, meant: str) -> None:
    assert nearest(typed, SYMBOLS) == [meant]


@pytest.mark.parametrize("typed", ["", "S", "ZZZ", "DOGEEUR-PERP"])
def test_nothing_is_proposed_where_nothing_is_near(typed: str) -> None:
    assert nearest(typed, SYMBOLS) == []


def test_several_are_proposed_those_that_begin_so_first() -> None:
    assert nearest("btcusd", SYMBOLS, most=3) == ["BTCUSDC", "BTCUSDT", "BTCDOMUSDT"]


def test_names_that_differ_in_case_alone_are_both_listed() -> None:
    assert choose("zzz", ["a", "A", "b"]) == "known: a, A, b"
