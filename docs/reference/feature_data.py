"""The feature tables that the plots of the reference show, out of archived minutes."""

# ruff: noqa: INP001 (a script beside its page)

import zipfile
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
from bcdata.features.table.surroundings import Surroundings, panel

from bcdata.features.table.compute import compute
from bcdata.features.table.grid import grid_opens
from bcdata.features.table.reach import warm_up_window
from bcdata.interval import Interval
from bcdata.windows import Window

MINUTE = Interval.parse("1m")
_COLUMNS = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "trades"),
    *("taker_buy_volume", "taker_buy_quote_volume"),
)


def minutes(archive: Path, symbol: str, first: date, last: date) -> pl.DataFrame:
    """Bars of these days, the last included; `open_time` in µs, UTC."""
    folder = archive / f"data/spot/daily/klines/{symbol}/1m"
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    paths = [folder / f"{symbol}-1m-{day}.zip" for day in days]
    text = b"".join(zipfile.ZipFile(path).read(f"{path.stem}.csv") for path in paths if path.is_file())
    bars = pl.read_csv(BytesIO(text), has_header=False).select(pl.nth(range(len(_COLUMNS))))
    bars.columns = list(_COLUMNS)
    opened = pl.from_epoch("open_time", time_unit="ms").dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    return bars.with_columns(opened).drop("close_time")


def tables(archive: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """BTCUSDT in January 2023, and ETHUSDT beside BTCUSDT in March 2023: features of every minute."""
    january = Window(datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 2, 1, tzinfo=UTC))
    bars = minutes(archive, "BTCUSDT", date(2023, 1, 1), date(2023, 1, 31))
    alone = compute(bars, window=january, interval=MINUTE, around=Surroundings(symbol="BTCUSDT", is_reference=True))
    march = Window(datetime(2023, 3, 1, tzinfo=UTC), datetime(2023, 4, 1, tzinfo=UTC))
    members = {name: minutes(archive, name, date(2023, 3, 1), date(2023, 3, 31)) for name in ("BTCUSDT", "ETHUSDT")}
    opens = grid_opens(warm_up_window(march, MINUTE), MINUTE)
    closes = {}
    for name, frame in members.items():
        closes[name] = np.full(opens.size, np.nan)
        closes[name][np.searchsorted(opens, frame["open_time"].to_physical().to_numpy())] = frame["close"].to_numpy()
    around = Surroundings(symbol="ETHUSDT", reference=members["BTCUSDT"], universe=panel(closes, opens))
    return alone, compute(members["ETHUSDT"], window=march, interval=MINUTE, around=around)
