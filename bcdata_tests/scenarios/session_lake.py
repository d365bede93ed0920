"""What scenarios of markets with sessions share: exchanges as the library knows them, catalogs, and what was traded."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bcdata.catalog import load_catalog
from bcdata.interval import EPOCH
from bcdata.simulate.exchange_hours import Hours, Session
from bcdata.simulate.session_market import ListedSymbol, SessionMarket
from bcdata.venues.exchange_sessions import exchange_sessions
from bcdata.windows import Window
from bcdata_tests.run import Lake, utc

MICROSECOND = timedelta(microseconds=1)
ZONES = {"XNYS": "America/New_York", "XLON": "Europe/London", "XTKS": "Asia/Tokyo", "XHKG": "Asia/Hong_Kong",
         "XETR": "Europe/Berlin", "XASX": "Australia/Sydney", "CMES": "America/Chicago"}  # fmt: skip


@cache
def hours_of(exchange: str, first: date, last: date) -> Hours:
    """The sessions of an exchange, as a simulated one keeps them."""
    pytest.importorskip("exchange_calendars", reason="calendars of exchanges need the extra stocks")
    table = exchange_sessions(exchange, datetime(2026, 1, 1, tzinfo=UTC), Path("/nonexistent"))
    labels = table.labels.tolist()
    found = []
    for at in np.flatnonzero((table.labels >= np.datetime64(first)) & (table.labels <= np.datetime64(last))).tolist():
        parts = np.flatnonzero(table.of == at)
        pause = None
        if parts.size == 2:
            pause = (instant(table.ends[parts[0]]), instant(table.starts[parts[1]]))
        found.append(Session(labels[at], instant(table.opens[at]), instant(table.closes[at]), pause))
    return Hours(ZONES[exchange], tuple(found))


def instant(micros: "np.int64 | int") -> datetime:
    return EPOCH + int(micros) * MICROSECOND


def lake_at(folder: Path, text: str, now: datetime) -> Lake:
    path = folder / "catalog.yaml"
    path.write_text(text)
    return Lake(folder / "lake", now, load_catalog(path))


@cache
def truth(market: SessionMarket, symbol: ListedSymbol, interval: str, window: Window, now: datetime) -> pl.DataFrame:
    """What was traded: bars by their opens in the lake, raw."""
    rows = [
        (EPOCH + timedelta(seconds=bar.opened), *bar.plain(symbol), bar.trades, bar.label)
        for bar in market.bars(symbol, interval, window, now)
    ]
    names = ("open_time", "open", "high", "low", "close", "volume", "trades", "session")
    types = dict.fromkeys(names[1:6], pl.Float64) | {"trades": pl.Int64, "session": pl.Date}
    return pl.DataFrame(rows, {"open_time": pl.Datetime("us", "UTC"), **types}, orient="row")


def month(key: str) -> Window:
    start = utc(f"{key}-01")
    return Window(start, (start + timedelta(days=32)).replace(day=1))
