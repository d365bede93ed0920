"""A spot pair over three days: its archive in several states, and a REST server that tells the truth or lies."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest

from bcdata.catalog import load_catalog
from bcdata.pipeline.zones import Zone
from bcdata.simulate import Fault, FolderMarket, LoopbackExchange
from bcdata.simulate.binance.market.market import KlineRow, Series
from bcdata_tests.mirror import Mirror, Rows, coarse, csv_of, day_key, zipped
from bcdata_tests.pipeline.honest import assert_honest, bars_of, published
from bcdata_tests.run import Lake, Ran, pointed_at, utc

SYMBOL, OTHER = "BTCUSDT", "ETHUSDT"
YESTERDAY, DAY, TOMORROW = DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
LATER = ("2025-01-04", "2025-01-05", "2025-01-06", "2025-01-07", "2025-01-08")
D = "spot_klines_1m"
MONTH = "2025-01"
HOLE = (620, 670)
"""10:20 to 11:09: parts of two hours."""
ArchiveState = Literal["present", "late", "stale", "damaged"]
Lie = Callable[[Series, list[KlineRow]], list[KlineRow]]
_CATALOG = """
datasets:
  spot_klines_1m:
    grain: {grain}
    start: {start}
    symbols: [BTCUSDT]
    sources: [binance_archive, binance_rest]
"""


@cache
def walked(day: str, *, seed: int, price: float) -> list[list[str]]:
    """A sound day of one-minute rows in microseconds, in which no price jumps; the days of one seed go on."""
    start = int((utc(day) - utc("1970-01-01")) / timedelta(microseconds=1))
    random = np.random.default_rng([seed, start // 86_400_000_000])
    around = price * (1 + 0.01 * np.sin(np.arange(1441) / 240) + 0.0002 * random.standard_normal(1441))
    around[0] = around[1440] = price
    rows = []
    for at in range(1440):
        first, last = round(float(around[at]), 2), round(float(around[at + 1]), 2)
        high, low = max(first, last) + 0.5, min(first, last) - 0.5
        volume, trades = round(float(random.uniform(1, 9)), 3), int(random.integers(1, 400))
        amounts = (volume * (first + last) / 2, volume / 3, volume / 3 * (first + last) / 2)
        prices = [f"{value:.8f}" for value in (first, high, low, last)]
        opened = start + at * 60_000_000
        quote, taker, taker_quote = (f"{value:.8f}" for value in amounts)
        rows.append([str(opened), *prices, f"{volume:.8f}", str(opened + 59_999_999), quote, str(trades), taker,
                     taker_quote, "0"])  # fmt: skip
    return rows


class LyingMarket(FolderMarket):
    """A market whose REST rows are what the lie makes of them; the archive is as it lies there."""

    lie: Lie | None = None
    forgets: bool = False
    """Whether klines says that there is no such symbol."""

    def knows(self, venue: str, symbol: str, now: datetime) -> bool:
        return not self.forgets and super().knows(venue, symbol, now)

    def klines(self, series: Series, first: int, last: int, *, newest_first: bool) -> Iterator[list[KlineRow]]:
        rows = super().klines(series, first, last, newest_first=newest_first)
        if self.lie is None:
            yield from rows
        else:
            yield self.lie(series, [row for some in rows for row in some])


@dataclass
class Situation:
    """The archive in one state, and an exchange that may lie."""

    mirror: Mirror
    market: LyingMarket
    exchange: LoopbackExchange
    folder: Path
    days: dict[str, list[list[str]]]
    at: datetime = field(default_factory=lambda: utc("2025-01-04"))
    now: datetime = field(default_factory=lambda: utc("2025-01-04"))

    def put_archive(self, state: ArchiveState, *, controls: bool) -> None:
        """What the archive has of the three days."""
        for day in DAYS:
            rows = self.days[day]
            if day == DAY and state == "late":
                continue
            for interval, minutes in (("1h", 60), ("1d", 1440)) if controls else ():
                self.mirror.put_day(SYMBOL, day, coarse(rows, minutes), interval=interval)
            if day != DAY:
                self.mirror.put_day(SYMBOL, day, rows)
            elif state == "present":
                self.mirror.put_day(SYMBOL, day, [*rows[: HOLE[0]], *rows[HOLE[1] :]])
            elif state == "stale":
                self.mirror.put_day(SYMBOL, day, rows[:720])
            else:
                body = zipped(f"{SYMBOL}-1m-{day}.csv", csv_of(rows))
                self.mirror.put(day_key(SYMBOL, day), body[: len(body) // 2])

    def add(self, match: str, kind: str, **settings: object) -> Fault:
        """Puts a fault in force."""
        fault = Fault(match, kind, **settings)  # type: ignore[arg-type]
        self.exchange.add(fault)
        return fault

    def run(self, days: float = 0) -> Ran:
        """Materializes the month as of so many days later."""
        self.at = self.now + timedelta(days=days)
        self.exchange.now = self.at
        return self.lake().materialize(D, SYMBOL, MONTH, until=Zone.MERGED)

    def lake(self, grain: str = "month") -> Lake:
        """The lake of the catalog of one grain, as of the last run."""
        path = self.folder / f"{grain}.yaml"
        path.write_text(_CATALOG.format(grain=grain, start=MONTH if grain == "month" else "2024-12-31"))
        return Lake(self.folder / f"lake-{grain}", self.at, load_catalog(path))

    @property
    def truth_rows(self) -> Rows:
        """All true rows."""
        return [row for day in (*DAYS, *LATER) for row in self.days[day]]

    def statuses(self) -> set[str]:
        """Why bars of the middle day are missing, or were; all that is published is true, and all else is explained."""
        ledger = assert_honest(self.lake(), SYMBOL, MONTH, self.truth_rows)
        inside = (pl.col("start") < utc(TOMORROW)) & (pl.col("end") >= utc(DAY))
        return set(ledger.filter(inside)["status"])

    def is_wrong(self) -> bool:
        """Whether a bar is published that is not true."""
        return not set(published(self.lake(), SYMBOL, MONTH)) <= set(bars_of(self.truth_rows))

    def is_whole(self) -> bool:
        """Whether all true bars of the three days are published, and no other ones."""
        true = bars_of([row for day in DAYS for row in self.days[day]])
        return published(self.lake(), SYMBOL, MONTH)[: len(true)] == true

    def missing(self) -> int:
        """How many bars of the three days are not there."""
        ledger = self.lake().ledger(D, SYMBOL, MONTH)
        return int(ledger.filter((pl.col("status") != "refilled") & (pl.col("end") < utc(LATER[0])))["bars"].sum())


def changed(row: KlineRow, **values: Callable[[float], float]) -> KlineRow:
    """A row with other numbers; `price` stands for all four prices, `amounts` for all four volumes."""
    found = list(row)
    places = {"price": (1, 2, 3, 4), "base": (5, 9), "quote": (7, 10), "amounts": (5, 7, 9, 10)}
    for name, change in values.items():
        for at in places[name]:
            found[at] = f"{change(float(found[at])):.8f}"
    return found


def in_hole(row: KlineRow) -> bool:
    """Whether a row of minutes opens in the hole."""
    minute = (int(row[0]) - int((utc(DAY) - utc("1970-01-01")).total_seconds() * 1000)) / 60_000
    return HOLE[0] <= minute < HOLE[1]


def each(rows: Sequence[KlineRow], change: Callable[[KlineRow], KlineRow], *, hole: bool) -> list[KlineRow]:
    """The rows changed one by one: all of them, or those in the hole."""
    return [change(row) if not hole or in_hole(row) else row for row in rows]


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """The three days and some around them, of the pair and of another one; minutes, hours and days."""
    found = Mirror(tmp_path_factory.mktemp("truth"))
    for symbol in (SYMBOL, OTHER):
        for day in ("2024-12-31", *DAYS, *LATER):
            for interval, minutes in (("1m", 1), ("1h", 60), ("1d", 1440)):
                found.put_day(symbol, day, coarse(true_day(symbol, day), minutes), interval=interval)
    return found


@pytest.fixture
def situation(tmp_path: Path, truth: Mirror) -> Iterator[Situation]:
    mirror = Mirror(tmp_path / "archive")
    (mirror.root / "data").mkdir()
    market = LyingMarket(mirror.root, rest_source=truth.root)
    days = {day: true_day(SYMBOL, day) for day in (*DAYS, *LATER)}
    with (
        LoopbackExchange(market, now=utc("2025-01-04")) as exchange,
        pointed_at(exchange.environment(), tmp_path / "state"),
    ):
        yield Situation(mirror, market, exchange, tmp_path, days)


def true_day(symbol: str, day: str) -> list[list[str]]:
    """The true minutes of a day."""
    return walked(day, seed=1, price=100.0) if symbol == SYMBOL else walked(day, seed=2, price=115.0)


def rows_of(market: FolderMarket, symbol: str, interval: str, first: int, last: int) -> list[KlineRow]:
    """What REST would say of another series."""
    other = FolderMarket.klines(market, Series("spot", symbol, interval), first, last, newest_first=False)
    return [row for some in other for row in some]
