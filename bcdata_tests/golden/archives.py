"""The genuine bars at hand, read by bcdata: what the checks of values are measured on."""

from collections import defaultdict
from functools import cache
from pathlib import Path

import polars as pl

from bcdata.frames.schema import BAR, TIME
from bcdata.interval import Interval
from bcdata.providers.base import PERIODS
from bcdata.providers.binance.files.peek import content_bound, member_name
from bcdata.providers.binance.files.unzip import unzip
from bcdata.providers.binance.klines import check_columns, read_csv
from bcdata.providers.binance.names import parse_key

Key = tuple[str, str, str]
"""Market, interval, symbol."""


@cache
def genuine_bars(mirror: Path) -> dict[Key, pl.DataFrame]:
    """All klines at hand as bars (`BAR`), one per open, ascending."""
    contents: dict[Key, list[bytes]] = defaultdict(list)
    for path in sorted(mirror.rglob("*.zip")):
        name = parse_key(path.relative_to(mirror).as_posix())
        if name is None or name.series.kind != "klines":
            continue
        interval = Interval.parse(name.series.interval or "")
        bound = content_bound(PERIODS[name.period].window(name.date_key), interval)
        content = check_columns(unzip(path.read_bytes(), member=member_name(path.name), max_bytes=bound))
        contents[name.series.market, interval.name, name.series.symbol].append(content)
    return {key: _bars(found) for key, found in contents.items()}


def _bars(contents: list[bytes]) -> pl.DataFrame:
    rows = read_csv(contents).rows.with_columns(pl.col("open_time").cast(TIME))
    return rows.unique("open_time", keep="first").sort("open_time").select(BAR.names())


def controls_of(bars: dict[Key, pl.DataFrame], market: str, interval: str, symbol: str) -> dict[str, pl.DataFrame]:
    """The hours and days at hand of a symbol, as controls of the interval."""
    coarser = {"1m": ("1h", "1d"), "5m": ("1h", "1d"), "15m": ("1h", "1d"), "1h": ("1d",), "1d": ()}[interval]
    return {name: bars[market, name, symbol] for name in coarser if (market, name, symbol) in bars}
