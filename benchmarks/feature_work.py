"""One contestant of the feature benchmark, in a process of its own: bcdata, TA-Lib in a loop, or polars."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from bcdata.features.registry import Feature, all_features
from bcdata.features.table.compute import compute
from bcdata.interval import Interval
from bcdata.windows import Window
from benchmarks.measure import Clock, answer

START = datetime(2023, 1, 1, tzinfo=UTC)


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Computes `names` for the bars of every file in `folder`, in one `way`, on so many `threads`.

    With `apart`, each feature is timed alone; otherwise the whole set is.
    """
    files = sorted(Path(job["folder"]).glob("*.parquet"))
    names: list[str] = job["names"]
    way = _WAYS[job["way"]]
    way(pl.read_parquet(files[0]).head(3 * 1440), names)  # libraries prepare themselves, kernels compile
    if job["apart"]:
        return {"each": {name: _seconds(way, files, [name]) for name in names}}
    clock = Clock.start()
    if job["way"] == "over":
        rows = _over(files, names)
    else:
        with ThreadPoolExecutor(job["threads"]) as pool:
            rows = sum(pool.map(lambda file: way(pl.read_parquet(file), names), files))
    return {"all": clock.read(), "rows": rows}


def _seconds(way: Callable[[pl.DataFrame, Sequence[str]], int], files: Sequence[Path], names: Sequence[str]) -> float:
    spent = 0.0
    for file in files:
        bars = pl.read_parquet(file)
        began = perf_counter()
        way(bars, names)
        spent += perf_counter() - began
    return spent


def _bcdata(bars: pl.DataFrame, names: Sequence[str]) -> int:
    chosen: list[Feature] = [one for one in all_features() if one.name in set(names)]
    window = Window(START, START + timedelta(minutes=bars.height))
    return compute(bars, window=window, interval=Interval.parse("1m"), features=chosen).height


def _talib(bars: pl.DataFrame, names: Sequence[str]) -> int:
    from benchmarks.feature_rivals import TALIB

    columns = {name: bars[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    return pl.DataFrame({"open_time": bars["open_time"], **{name: TALIB[name](columns) for name in names}}).height


def _polars(bars: pl.DataFrame, names: Sequence[str]) -> int:
    from benchmarks.feature_rivals import POLARS

    return bars.lazy().select("open_time", *(POLARS[name].alias(name) for name in names)).collect().height


def _over(files: Sequence[Path], names: Sequence[str]) -> int:
    """All symbols in one frame."""
    from benchmarks.feature_rivals import POLARS

    frames = pl.concat(pl.scan_parquet(file).with_columns(symbol=pl.lit(file.stem)) for file in files)
    wanted = (POLARS[name].over("symbol").alias(name) for name in names)
    return frames.select("symbol", "open_time", *wanted).collect().height


def _write(bars: pl.DataFrame, names: Sequence[str]) -> int:
    """The floor: as many columns of numbers written to memory as there are features."""
    close = bars["close"].to_numpy()
    columns = [np.multiply(close, number) for number, _ in enumerate(names)]
    return len(columns[-1])


_WAYS: dict[str, Callable[[pl.DataFrame, Sequence[str]], int]] = {
    "bcdata": _bcdata,
    "talib": _talib,
    "polars": _polars,
    "over": _polars,
    "write": _write,
}


def make_bars(path: Path, days: int, seed: int) -> None:
    """Complete one-minute bars of one made-up symbol: a random walk with trades in every minute."""
    rng = np.random.default_rng(seed)
    n = days * 1440
    close = 20_000 * np.exp(np.cumsum(rng.normal(0, 5e-4, n)))
    open_ = np.concatenate([[20_000], close[:-1]])
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 2e-4, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 2e-4, n)))
    volume, share = rng.lognormal(2, 1, n), rng.random(n)
    times = pl.datetime_range(START, START + timedelta(days=days), "1m", closed="left", time_unit="us", eager=True)
    vwap = (high + low + close) / 3
    columns = {
        "open_time": times, "open": open_, "high": high, "low": low, "close": close, "volume": volume,
        "quote_volume": volume * vwap, "trades": rng.integers(1, 500, n), "taker_buy_volume": volume * share,
        "taker_buy_quote_volume": volume * share * vwap, "vwap": vwap,
    }  # fmt: skip
    pl.DataFrame(columns).write_parquet(path)


if __name__ == "__main__":
    answer(context)
