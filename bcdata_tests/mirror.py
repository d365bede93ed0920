"""A small tree laid out as the archive, written by tests: sound days out of real or made rows, and broken ones."""

import hashlib
import io
import shutil
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from functools import cache, lru_cache
from pathlib import Path

from bcdata_tests.run import utc

Rows = Sequence[Sequence[str]]
_DAY_US = 86_400_000_000


class Mirror:
    """Writes objects with their CHECKSUM under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, body: bytes, *, checksum: str | None = None, with_checksum: bool = True) -> Path:
        """Stores an object; its CHECKSUM tells the truth unless told otherwise."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        if with_checksum:
            digest = checksum or hashlib.sha256(body).hexdigest()
            path.with_name(f"{path.name}.CHECKSUM").write_text(f"{digest}  {path.name}\n")
        return path

    def put_day(self, symbol: str, day: str, rows: Rows, *, interval: str = "1m") -> Path:
        """Stores a sound daily object of spot klines."""
        key = day_key(symbol, day, interval=interval)
        return self.put(key, zipped(f"{Path(key).stem}.csv", csv_of(rows)))

    def put_month(self, symbol: str, month: str, rows: Rows, *, interval: str = "1m") -> Path:
        """Stores a sound monthly object of spot klines."""
        key = f"data/spot/monthly/klines/{symbol}/{interval}/{symbol}-{interval}-{month}.zip"
        return self.put(key, zipped(f"{Path(key).stem}.csv", csv_of(rows)))

    def remove(self, key: str) -> None:
        """Takes an object and its CHECKSUM away."""
        path = self.root / key
        path.unlink()
        path.with_name(f"{path.name}.CHECKSUM").unlink(missing_ok=True)

    def copy(self, source: Path, pattern: str) -> None:
        """Copies what matches out of another tree."""
        for path in sorted(source.glob(pattern)):
            target = self.root / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def day_key(symbol: str, day: str, *, interval: str = "1m") -> str:
    """The key of a daily object of spot klines."""
    return f"data/spot/daily/klines/{symbol}/{interval}/{symbol}-{interval}-{day}.zip"


@lru_cache(maxsize=128)
def zipped(member: str, content: bytes) -> bytes:
    """A zip with one deflated member, the same bytes whenever it is made."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(member, (2025, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def csv_of(rows: Rows) -> bytes:
    """Rows as a file holds them."""
    return "".join(",".join(row) + "\n" for row in rows).encode()


def made_day(day: str, *, minutes: int = 1440, price: int = 100) -> list[list[str]]:
    """A sound day of one-minute rows in microseconds, every row and every day a little different, without jumps."""
    start = int((utc(day) - utc("1970-01-01")) / timedelta(microseconds=1))
    more = start // _DAY_US % 89
    return [_row(start + at * 60_000_000, price + at % 3, 100 + more + at % 5) for at in range(minutes)]


def _row(start: int, price: int, volume: int) -> list[str]:
    before, after = _values(price, volume)
    return [str(start), *before, str(start + 59_999_999), *after]


@cache
def _values(price: int, volume: int) -> tuple[list[str], list[str]]:
    """What a row says before its close time, and after it; a day has fifteen different ones."""
    prices = [f"{value}.00000000" for value in (price, price + 2, price - 1, price + 1)]
    quote, taker = price * volume, volume / 2
    flows = [f"{quote}.00000000", "3", f"{taker:.8f}", f"{taker * price:.8f}"]
    return [*prices, f"{volume}.00000000"], [*flows, "0"]


def coarse(rows: Rows, minutes: int = 60) -> list[list[str]]:
    """The bars of so many minutes that one-minute rows in microseconds make up, as a genuine file has them."""
    step = minutes * 60_000_000
    slots: dict[int, list[Sequence[str]]] = {}
    for row in rows:
        slots.setdefault(int(row[0]) // step * step, []).append(row)
    return [_bar(start, step, inside) for start, inside in slots.items()]


def _bar(start: int, step: int, rows: Rows) -> list[str]:
    high, low = max(float(row[2]) for row in rows), min(float(row[3]) for row in rows)
    volume, quote, taker, taker_quote = (f"{sum(float(row[at]) for row in rows):.8f}" for at in (5, 7, 9, 10))
    trades = str(sum(int(row[8]) for row in rows))
    prices = [rows[0][1], f"{high:.8f}", f"{low:.8f}", rows[-1][4]]
    return [str(start), *prices, volume, str(start + step - 1), quote, trades, taker, taker_quote, "0"]


def moved(rows: Rows, days: int) -> list[list[str]]:
    """Rows in microseconds, moved by whole days."""
    shift = days * _DAY_US
    return [[str(int(row[0]) + shift), *row[1:6], str(int(row[6]) + shift), *row[7:]] for row in rows]
