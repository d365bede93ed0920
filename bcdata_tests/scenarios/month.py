"""A generated month of hourly bars as the archive has it: a daily object for each day, and the month's object."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from bcdata.windows import Grain
from bcdata_tests.mirror import Mirror, Rows, coarse
from bcdata_tests.run import utc

SYMBOL, MONTH, INTERVAL = "BTCUSDT", "2025-01", "1h"
D = f"spot_klines_{INTERVAL}"
DAYS = [str(day) for day in Grain.MONTH.window(MONTH).days()]
CATALOG = f"""
datasets:
  {D}:
    grain: month
    start: {MONTH}
    symbols: [{SYMBOL}]
    sources: [binance_archive, binance_rest]
"""
_HOUR = 3_600_000_000
MONTH_NAME = f"{SYMBOL}-{INTERVAL}-{MONTH}"

Days = Mapping[str, Rows]


def walk(seed: int, *, price: float = 100.0) -> dict[str, list[list[str]]]:
    """The rows of each day: a random walk, every hour with trades and consistent in itself."""
    dice = random.Random(seed)
    found = {}
    for day in DAYS:
        start = int((utc(day) - utc("1970-01-01")) / timedelta(microseconds=1))
        rows = []
        for hour in range(24):
            close = round(price * (1 + dice.gauss(0, 0.004)), 2)
            rows.append(row(start + hour * _HOUR, price, close, dice))
            price = close
        found[day] = rows
    return found


def row(start: int, opened: float, close: float, dice: random.Random) -> list[str]:
    """One hour from one price to another."""
    high, low = max(opened, close) + round(dice.random() * 0.3, 2), min(opened, close) - round(dice.random() * 0.3, 2)
    volume = round(50 + 20 * dice.random(), 5)
    trades, mean = round(volume * (2 + dice.random() / 4)), (opened + close) / 2
    taker = round(volume * (0.3 + 0.4 * dice.random()), 5)
    prices = [f"{value:.8f}" for value in (opened, high, low, close)]
    flows = [f"{volume * mean:.8f}", str(trades), f"{taker:.8f}", f"{taker * mean:.8f}"]
    return [str(start), *prices, f"{volume:.8f}", str(start + _HOUR - 1), *flows, "0"]


def all_rows(days: Days) -> list[Sequence[str]]:
    """The rows of all days, in order."""
    return [one for day in sorted(days) for one in days[day]]


def put_controls(mirror: Mirror, days: Days, *, monthly: bool) -> None:
    """The day bars of these days, as one object of the month or one for each day."""
    bars = {day: coarse(rows, 1440) for day, rows in days.items()}
    if monthly:
        mirror.put_month(SYMBOL, MONTH, all_rows(bars), interval="1d")
    else:
        for day, rows in bars.items():
            mirror.put_day(SYMBOL, day, rows, interval="1d")


@dataclass(frozen=True, slots=True)
class Bar:
    """What of a bar is compared: prices, flows and the number of trades."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, one: Sequence[str]) -> "Bar":
        """The bar of a row."""
        return cls(tuple(float(one[at]) for at in (1, 2, 3, 4, 5, 7, 8, 9, 10)))


def bars_of(rows: Rows) -> dict[datetime, Bar]:
    """Bars by their open (UTC)."""
    return {utc("1970-01-01") + timedelta(microseconds=int(one[0])): Bar.of(one) for one in rows}


def published(frame: pl.DataFrame | None) -> dict[datetime, Bar]:
    """The bars of a published frame, by their open (UTC)."""
    assert frame is not None
    names = ["open", "high", "low", "close", "volume", "quote_volume", "trades"]
    names += ["taker_buy_volume", "taker_buy_quote_volume"]
    return {at: Bar(tuple(map(float, values))) for at, *values in frame.select("open_time", *names).iter_rows()}


def wrong(frame: pl.DataFrame | None, truth: Mapping[datetime, object]) -> list[str]:
    """The published bars that are not the true ones, in words."""
    return [f"{at}: {bar.values}" for at, bar in published(frame).items() if truth.get(at) != bar]


def missing(frame: pl.DataFrame | None, truth: Mapping[datetime, object]) -> Iterator[datetime]:
    """The true bars that are not published."""
    have = published(frame)
    return (at for at in truth if at not in have)
