"""Objects and rows of the generated market."""

from functools import cache

from bcdata.simulate import GeneratedMarket
from bcdata.simulate.binance.market.market import StoredObject
from bcdata.simulate.binance.market.names import ObjectName
from bcdata.simulate.binance.market.symbols import DEMO_SYMBOLS
from bcdata.simulate.binance.market.zips import read_zip
from bcdata_tests.simulate.client import utc

LATER = utc("2026-01-01")
SYMBOLS = {(one.venue, one.symbol): one for one in DEMO_SYMBOLS}
Row = list[str]


def key_of(venue: str, period: str, symbol: str, interval: str | None, date: str) -> str:
    return ObjectName(venue, period, "klines" if interval else "fundingRate", symbol, interval, date).key


def read(market: GeneratedMarket, key: str) -> StoredObject:
    stored = market.read(key, LATER)
    assert stored, key
    return stored


def rows_of(stored: StoredObject) -> list[Row]:
    lines = read_zip(stored.body)[1].decode().splitlines()
    return [line.split(",") for line in lines if line[:1].isdigit()]


@cache
def month(venue: str, symbol: str, interval: str, date: str) -> list[Row]:
    return rows_of(read(GeneratedMarket.demo(), key_of(venue, "monthly", symbol, interval, date)))
