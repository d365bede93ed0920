"""What one writes in an afternoon: a loop over the zips, `zipfile`, a frame and a Parquet file for each. No checks."""

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import polars as pl

from benchmarks.measure import Clock, answer

_NAMES = ("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "trades",
          "taker_buy_volume", "taker_buy_quote_volume", "ignore")  # fmt: skip
_WHOLE = ("open_time", "close_time", "trades")
_MICROSECONDS_FROM = 10**14


def by_lines(text: bytes) -> pl.DataFrame:
    """A frame out of lists of lines and of values."""
    rows = [row for row in csv.reader(text.decode().splitlines()) if row[0][:1].isdigit()]
    columns = dict(zip(_NAMES, zip(*rows, strict=True), strict=True))
    return pl.DataFrame(
        {name: [int(value) if name in _WHOLE else float(value) for value in column] for name, column in columns.items()}
    )


def by_polars(text: bytes) -> pl.DataFrame:
    """A frame by polars' CSV reader, its types guessed."""
    return pl.read_csv(io.BytesIO(text), has_header=not text[:1].isdigit(), new_columns=list(_NAMES))


_READERS = {"lines": by_lines, "polars": by_polars}


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Does all zips of a job: `partitions` (lists of zips), `reader` (`lines` or `polars`), `out`."""
    read = _READERS[job["reader"]]
    out = Path(job["out"])
    out.mkdir(parents=True, exist_ok=True)
    paths = [Path(path) for partition in job["partitions"] for path in partition]
    convert(paths[0], out, read)  # libraries prepare themselves at their first use
    clock = Clock.start()
    rows = sum(convert(path, out, read) for path in paths)
    return {"all": clock.read(), "rows": rows}


def convert(path: Path, out: Path, read: Callable[[bytes], pl.DataFrame]) -> int:
    """One zip, as a Parquet file of the same name; returns its rows."""
    with zipfile.ZipFile(path) as archive:
        frame = read(archive.read(archive.namelist()[0]))
    unit: Literal["us", "ms"] = "us" if frame["open_time"][0] >= _MICROSECONDS_FROM else "ms"
    frame = frame.drop("ignore").with_columns(pl.from_epoch("open_time", time_unit=unit))
    frame.write_parquet(out / f"{path.stem}.parquet")
    return frame.height


if __name__ == "__main__":
    answer(context)
