"""What scenarios of venues that are asked by windows share: the catalog, what was traded, how a lake is read."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from bcdata.catalog import load_catalog
from bcdata.simulate import TradedSymbol, TradeMarket
from bcdata_tests.run import Lake, utc

CATALOG = """
datasets:
  kraken_klines_1m:
    {grain: day, start: 2025-01-01, symbols: [XBTUSD], sources: [kraken_rest, kraken_trades], features: true,
     resample: [1h]}
  bitstamp_klines_1m:
    {grain: day, start: 2025-01-01, symbols: [BTC-USD, NO-SUCH], sources: [ccxt], features: true, resample: [1h]}
  coinbase_klines_1m:
    {grain: day, start: 2025-01-01, symbols: [BTC-USD, NO-SUCH], sources: [coinbase_rest], features: true,
     resample: [1h]}
"""
KRAKEN, COINBASE, BITSTAMP = "kraken_klines_1m", "coinbase_klines_1m", "bitstamp_klines_1m"
BITCOIN = TradedSymbol("XBTUSD", utc("2025-03-01T06:30"), 30_000.0, "XXBTZUSD", trades_a_day=400)
PRODUCT = replace(BITCOIN, symbol="BTC-USD", answered_as="")
PAIR = replace(PRODUCT, symbol="BTC/USD")
MARKET, PAIRS = TradeMarket([BITCOIN, PRODUCT]), TradeMarket([PAIR])
NOW = utc("2025-03-03T15:00:30")
DAYS = ("2025-03-01", "2025-03-02", "2025-03-03")
MINUTE = timedelta(minutes=1)


def lake_at(folder: Path, now: datetime = NOW) -> Lake:
    path = folder / "catalog.yaml"
    path.write_text(CATALOG)
    return Lake(folder / "lake", now, load_catalog(path))


def merged(lake: Lake, dataset: str, symbol: str) -> pl.DataFrame:
    frames = [lake.bars(dataset, symbol, day) for day in DAYS]
    return pl.concat([one for one in frames if one is not None])


def assert_tiles(lake: Lake, dataset: str, symbol: str, closed: datetime) -> dict[str, int]:
    """Bars and ledger make all minutes up to an instant; the minutes that are missing, by status."""
    bars, gaps = merged(lake, dataset, symbol), lake.ledger(dataset, symbol, *DAYS)
    missing = dict(gaps.group_by("status").agg(pl.col("bars").sum()).iter_rows())
    assert bars.height + sum(missing.values()) == (closed - utc(DAYS[0])) // MINUTE
    return missing
