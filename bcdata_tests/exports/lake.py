"""A small lake to export from: bars whose closes tell them apart, each known when a test says so."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from bcdata.catalog import Catalog, load_catalog
from bcdata.exports.files import Exported, export
from bcdata.frames.schema import LEDGER, merged_schema
from bcdata.interval import Interval
from bcdata.store.footer import Rows
from bcdata.store.layout import Partition
from bcdata.store.store import Store

START = datetime(2023, 1, 1, tzinfo=UTC)
CATALOG = """datasets:
  spot_klines_1m: {grain: day, start: 2023-01-01, symbols: [BTCUSDT], sources: [binance_archive]}
  spot_klines_15m: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}
  spot_klines_1h:
    grain: month
    start: 2023-01
    symbols: [BTCUSDT]
    sources: [binance_archive]
    resample: [4h]
    features: {select: [log_ret_1]}
  spot_klines_1d: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}
  um_klines_1h: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}
  um_mark_klines_1h: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}
  um_index_klines_1h: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}
  um_funding: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}
  cm_klines_1h: {grain: month, start: 2023-01, symbols: [BTCUSD_PERP], sources: [binance_archive]}
  kraken_klines_1h: {grain: month, start: 2023-01, symbols: [XBTUSD], sources: [kraken_rest]}
  coinbase_klines_1h: {grain: month, start: 2023-01, symbols: [BTC-USD], sources: [coinbase_rest]}
  bitstamp_klines_1h: {grain: month, start: 2023-01, symbols: [BTC-USD], sources: [ccxt]}
"""
HOURS = "spot_klines_1h"


class ExportLake:
    """A lake under a folder, and where its exports go."""

    def __init__(self, folder: Path) -> None:
        (folder / "catalog.yaml").write_text(CATALOG)
        self.catalog: Catalog = load_catalog(folder / "catalog.yaml")
        self.root, self.out = folder / "lake", folder / "out"
        self.root.mkdir()

    @property
    def where(self) -> dict[str, object]:
        """What `load` and `export` are told of it."""
        return {"root": self.root, "catalog": self.catalog}

    def publish(
        self,
        dataset: str,
        symbol: str = "BTCUSDT",
        *,
        closes: Sequence[float] = (1.5, 2.25, 3.125),
        late: Sequence[timedelta] = (),
        start: datetime = START,
        volume: float | None = 12.5,
    ) -> pl.DataFrame:
        """Publishes bars from `start` on, each known so much later than at its end; one partition, which all are in."""
        of, length = self.catalog[dataset], Interval.parse(dataset.rpartition("_")[2]).length
        assert length is not None
        opens = [start + n * length for n in range(len(closes))]
        delays = [*late, *[timedelta()] * (len(closes) - len(late))]
        rows = {
            "open_time": opens,
            "close": closes,
            "open": [one - 0.5 for one in closes],
            "high": [one + 1 for one in closes],
            "low": [one - 1 for one in closes],
            "volume": [volume] * len(closes),
            "source": ["made up"] * len(closes),
            "known_at": [at + length + delay for at, delay in zip(opens, delays, strict=True)],
        }
        schema = merged_schema("bars", funding=of.has_funding)
        frame = pl.DataFrame({name: rows.get(name, [None] * len(closes)) for name in schema}, schema=schema)
        self.put(Partition("merged", dataset, symbol, of.grain.key(start)), frame)
        return frame

    def put(self, place: Partition, frame: pl.DataFrame) -> None:
        """Publishes a frame, under a fingerprint that follows from its rows."""
        made_of, store = str(frame.hash_rows(seed=1).sum()), Store(self.root)
        ledger = [Rows(place.in_zone("gaps"), pl.DataFrame(schema=LEDGER), {})] if place.zone == "merged" else []
        store.publish_together([*ledger, Rows(place, frame, {})], fingerprint=made_of, rules="1")
        store.close()

    def files(self) -> dict[str, tuple[int, int]]:
        """The exported files with what changes when one is written: the inode, and the time."""
        paths = [path for path in self.out.rglob("*") if path.is_file() and ".bcdata" not in path.parts]
        return {str(path.relative_to(self.out)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def run(lake: ExportLake, form: str = "csv", symbols: str = "BTCUSDT,ETHUSDT", **asked: object) -> list[Exported]:
    """Exports the hours of some symbols, and whatever else is asked."""
    given = {"dataset": HOURS, "start": None, "end": None, "out": lake.out, **lake.where, **asked}
    return list(export(symbols=symbols.split(","), form=form, **given))  # type: ignore[arg-type]
