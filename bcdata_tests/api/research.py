"""A lake that research reads: minutes of two symbols with gaps of every kind, and all zones that are made of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from bcdata.catalog import Catalog, load_catalog
from bcdata.frames.schema import LEDGER, TIME, merged_bar
from bcdata.ledger.ledger import Status
from bcdata.pipeline.zones import Zone
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Grain
from bcdata_tests.run import Lake, utc

D = "spot_klines_1m"
NOW = "2023-07-04"
PUBLISHED = {"BTCUSDT": ("2023-01", "2023-02", "2023-03"), "ETHUSDT": ("2023-01", "2023-03")}
"""February of ETHUSDT was never materialized."""
KEPT = ("7m", "1h", "4h", "1d", "3d", "1w")
CATALOG = f"""datasets:
  {D}:
    grain: month
    start: 2023-01
    symbols: [BTCUSDT, ETHUSDT]
    sources: [binance_archive, binance_rest]
    resample: [{", ".join(KEPT)}]
    features: {{select: [log_ret_1, rsi_14, natr_14]}}
    labels: {{horizons: [1, 5]}}
"""
_MINUTE = timedelta(minutes=1)
_LATE_US = 7_200_000_000
"""Microseconds by which some bars are known later than at their end."""
_REASONS = (Status.UPSTREAM, Status.NO_TRADES, Status.OPEN, Status.QUARANTINED)


@dataclass(frozen=True)
class Research:
    """The lake, and what was put into it."""

    lake: Lake
    catalog_file: Path
    bars: dict[str, pl.DataFrame]
    """All merged bars by symbol, ascending."""
    ledger: dict[str, pl.DataFrame]

    @property
    def root(self) -> Path:
        return self.lake.root

    @property
    def catalog(self) -> Catalog:
        return self.lake.catalog

    @property
    def where(self) -> dict[str, object]:
        """The arguments of all functions."""
        return {"root": self.root, "catalog": self.catalog}


def made(folder: Path, seed: int = 7) -> Research:
    """Publishes merged bars and ledgers, and computes what is made of them."""
    catalog_file = folder / "catalog.yaml"
    catalog_file.write_text(CATALOG)
    lake = Lake(folder / "lake", utc(NOW), load_catalog(catalog_file))
    store, dice = Store(lake.root), np.random.default_rng(seed)
    bars: dict[str, list[pl.DataFrame]] = {}
    ledgers: dict[str, list[pl.DataFrame]] = {}
    for symbol, months in PUBLISHED.items():
        for month in months:
            frame, ledger = _month(month, dice)
            place = Partition("merged", D, symbol, month)
            store.publish(place.in_zone("gaps"), ledger, fingerprint=month, rules="1", record={})
            store.publish(place, frame, fingerprint=month, rules="1", record={})
            bars.setdefault(symbol, []).append(frame)
            ledgers.setdefault(symbol, []).append(ledger)
    store.close()
    for symbol, months in PUBLISHED.items():
        for month in months:
            plan = lake.plan(D, symbol, month)
            ran = lake.run(plan, only=(Zone.FEATURES, Zone.LABELS, Zone.RESAMPLED))
            assert ran.ok, ran.troubles
    return Research(
        lake,
        catalog_file,
        {symbol: pl.concat(found) for symbol, found in bars.items()},
        {symbol: pl.concat(found) for symbol, found in ledgers.items()},
    )


def _month(month: str, dice: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A random walk over a month, without some runs of minutes, which the ledger has; a few bars are known late."""
    window = Grain.MONTH.window(month)
    opens = pl.datetime_range(window.start, window.end, "1m", closed="left", time_unit="us", eager=True)
    is_there = np.ones(opens.len(), dtype=bool)
    for first, length in zip(dice.integers(1, opens.len(), 40), dice.geometric(0.02, 40), strict=True):
        is_there[first : first + length] = False
    is_there[: int(dice.integers(0, 90))] = False  # the first and the last minutes of a partition, too
    is_there[opens.len() - int(dice.integers(0, 90)) :] = False
    close = 20_000 * np.exp(np.cumsum(dice.normal(0, 0.0005, opens.len())))
    spread = np.abs(dice.normal(0, 0.0004, (2, opens.len())))
    before = np.concatenate([[20_000.0], close[:-1]])
    volume = np.round(dice.lognormal(2, 1, opens.len()), 5)
    late = dice.random(opens.len()) < 0.001
    frame = pl.DataFrame(
        {
            "open_time": opens,
            "open": before,
            "high": np.maximum(before, close) * (1 + spread[0]),
            "low": np.minimum(before, close) * (1 - spread[1]),
            "close": close,
            "volume": volume,
            "quote_volume": volume * (before + close) / 2,
            "trades": dice.integers(1, 400, opens.len()),
            "taker_buy_volume": volume / 2,
            "taker_buy_quote_volume": volume * (before + close) / 4,
            "vwap": (before + close) / 2,
            "source": np.where(dice.random(opens.len()) < 0.1, "binance_rest", "binance_archive"),
            "known_at": opens + _MINUTE + pl.Series(late * _LATE_US).cast(pl.Duration("us")),
        }
    ).filter(pl.Series(is_there))
    schema = merged_bar(funding=False)
    return frame.select(schema.names()).cast(dict(schema)), _ledger(opens, is_there)


def _ledger(opens: pl.Series, is_there: np.ndarray) -> pl.DataFrame:
    rows: list[tuple[datetime, datetime, int, str, str]] = []
    missing = np.flatnonzero(~is_there)
    for run in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1):
        if run.size:
            status = _REASONS[len(rows) % len(_REASONS)].value
            rows.append((opens[int(run[0])], opens[int(run[-1])], run.size, status, "planted"))
    return pl.DataFrame(rows, schema=LEDGER, orient="row").with_columns(pl.col("start", "end").cast(TIME))
