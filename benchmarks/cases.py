"""What is measured: partitions of real and of generated archives, and the catalog that names them."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bcdata.windows import Grain
from benchmarks.measure import PROJECT, answer, child

SHARED = PROJECT.parent / "shared" / "data" / "binance_vision"
NOW = "2025-06-01T00:00:00Z"
FIRST_YEAR = 2023
_FOLDERS = {"spot": "data/spot", "um": "data/futures/um"}


@dataclass(frozen=True, slots=True)
class Case:
    """Partitions of one dataset, as (symbol, month) and as lists of zips under `folder`."""

    title: str
    dataset: str
    folder: Path
    pairs: tuple[tuple[str, str], ...]
    partitions: tuple[tuple[str, ...], ...]

    @property
    def market(self) -> str:
        """`spot` or `um`."""
        return self.dataset.partition("_")[0]

    @property
    def days(self) -> int:
        """Symbol-days: the unit in which everything is told."""
        return sum(len(list(Grain.MONTH.window(month).days())) for _, month in self.pairs)

    def catalog(self, path: Path) -> Path:
        """Writes a catalog of this dataset alone."""
        symbols = ", ".join(dict.fromkeys(symbol for symbol, _ in self.pairs))
        path.write_text(
            f"datasets:\n  {self.dataset}:\n    grain: month\n    start: {FIRST_YEAR}-01\n"
            f"    symbols: [{symbols}]\n    sources: [binance_archive, binance_rest]\n"
        )
        return path


def real_cases() -> list[Case]:
    """Real months: daily files of spot, monthly ones of USD-M. None where the data is not there."""
    spot = [("BTCUSDT", f"2023-{month:02}") for month in range(1, 7)]
    um = [("FILUSDT", f"2023-{month:02}") for month in (4, 5, 6)]
    um += [("NEARUSDT", f"2023-{month:02}") for month in (8, 9, 10)]
    cases = [
        _case("spot, BTCUSDT 1m, real daily files × 6 months", "spot_klines_1m", SHARED, "daily", spot),
        _case("USD-M, FIL and NEAR 1m, real monthly files × 6", "um_klines_1m", SHARED, "monthly", um),
    ]
    return [case for case in cases if all(case.partitions)]


def generated_case(mirror: Path, symbols: int, months: int) -> Case:
    """Monthly files of a generated spot market, which `generate` has put into the mirror."""
    pairs = [(symbol, month) for symbol in names(symbols) for month in first_months(months)]
    title = f"spot, {symbols} generated symbols 1m, monthly files × {months} months"
    return _case(title, "spot_klines_1m", mirror, "monthly", pairs)


def _case(title: str, dataset: str, folder: Path, period: str, pairs: Sequence[tuple[str, str]]) -> Case:
    market, _, interval = dataset.split("_")
    partitions = []
    for symbol, month in pairs:
        place = folder / _FOLDERS[market] / period / "klines" / symbol / interval
        day = "-??" if period == "daily" else ""
        partitions.append(tuple(str(path) for path in sorted(place.glob(f"{symbol}-{interval}-{month}{day}.zip"))))
    return Case(title, dataset, folder, tuple(pairs), tuple(partitions))


def names(count: int) -> list[str]:
    """Symbols of the generated market."""
    return [f"M{number:02}USDT" for number in range(count)]


def first_months(count: int) -> list[str]:
    """The first months of the generated market."""
    return [f"{FIRST_YEAR + at // 12}-{at % 12 + 1:02}" for at in range(count)]


def generate(mirror: Path, rectangles: Iterable[tuple[int, int]]) -> None:
    """Puts the monthly zips of (symbols, months) rectangles, and their CHECKSUMs, into the mirror, if not there yet."""
    pairs = {(s, m) for symbols, months in rectangles for s in names(symbols) for m in first_months(months)}
    lacking = [(symbol, month) for symbol, month in sorted(pairs) if not (mirror / _key(symbol, month)).exists()]
    if lacking:
        keys = [(symbol, _key(symbol, month)) for symbol, month in lacking]
        child("cases", {"mirror": str(mirror), "keys": keys})


def generate_keys(mirror: Path, symbols: int, keys: Callable[[str], Iterable[str]]) -> None:
    """Puts the objects of these keys, by symbol, and their CHECKSUMs into the mirror, if they are not there yet."""
    every = [(symbol, key) for symbol in names(symbols) for key in keys(symbol)]
    lacking = [(symbol, key) for symbol, key in every if not (mirror / key).exists()]
    if lacking:
        child("cases", {"mirror": str(mirror), "keys": lacking})


def _key(symbol: str, month: str) -> str:
    return f"data/spot/monthly/klines/{symbol}/1m/{symbol}-1m-{month}.zip"


def _generate(job: dict[str, Any]) -> dict[str, Any]:
    from bcdata import clock
    from bcdata.simulate.binance.market.generated import GeneratedMarket
    from bcdata.simulate.binance.market.symbols import START, GeneratedSymbol

    def made(symbol: str) -> GeneratedSymbol:
        base = symbol.removesuffix("USDT")
        return GeneratedSymbol("spot", symbol, base, "USDT", START, 10.0 + 300.0 * int(base[1:]), 2, 80.0, 5)

    market = GeneratedMarket([made(symbol) for symbol in sorted({symbol for symbol, _ in job["keys"]})])
    now = clock.parse_instant(NOW)

    def put(pair: tuple[str, str]) -> None:
        _, key = pair
        path = Path(job["mirror"]) / key
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("", ".CHECKSUM"):
            stored = market.read(key + suffix, now)
            assert stored is not None
            place = path.with_name(path.name + suffix)
            place.write_bytes(stored.body)
            published = stored.last_modified.timestamp()  # a day's object is older than its month's
            os.utime(place, (published, published))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(put, job["keys"]))
    return {"objects": len(job["keys"])}


if __name__ == "__main__":
    answer(_generate)
