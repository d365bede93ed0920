"""The floor: the least code that turns archive objects into merged bars. One process, one plain loop, no gate.

For every partition: read the zips, sha256, inflate with libdeflate, one buffer through polars' CSV reader, one
Pandera validation with the model that merged uses, one zstd Parquet file. No ledger, no fingerprints, no quarantine.
"""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import deflate
import pandera.polars as pa
import polars as pl

from bcdata.bars.known import with_known_at
from bcdata.frames.schema import merged_bar
from bcdata.interval import Interval
from bcdata.quality.models import merged_model
from benchmarks.measure import Clock, answer

_COLUMNS = {
    "open_time": pl.Int64, "open": pl.Float64, "high": pl.Float64, "low": pl.Float64, "close": pl.Float64,
    "volume": pl.Float64, "close_time": pl.Int64, "quote_volume": pl.Float64, "trades": pl.Int64,
    "taker_buy_volume": pl.Float64, "taker_buy_quote_volume": pl.Float64, "ignore": pl.String,
}  # fmt: skip
_MICROSECONDS_FROM = 10**14
_LOCAL_HEADER = 30


def content(path: Path) -> bytes:
    """The CSV of one zip, without a header."""
    body = path.read_bytes()
    hashlib.sha256(body).hexdigest()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        info = archive.infolist()[0]
    at = info.header_offset
    names = int.from_bytes(body[at + 26 : at + 28], "little") + int.from_bytes(body[at + 28 : at + 30], "little")
    start = at + _LOCAL_HEADER + names
    packed = body[start : start + info.compress_size]
    text = bytes(deflate.deflate_decompress(packed, info.file_size))
    return text if text[:1].isdigit() else text.partition(b"\n")[2]


def bars(text: bytes, interval: Interval, *, funding: bool) -> pl.DataFrame:
    """Merged bars out of the CSV of a whole partition."""
    frame = pl.read_csv(io.BytesIO(text), has_header=False, schema=pl.Schema(_COLUMNS))
    time = pl.col("open_time")
    derived = frame.with_columns(
        open_time=pl.when(time >= _MICROSECONDS_FROM).then(time).otherwise(time * 1000).cast(pl.Datetime("us", "UTC")),
        vwap=pl.when(pl.col("volume") != 0).then(pl.col("quote_volume") / pl.col("volume")),
        source=pl.lit("binance_archive"),
        funding_rate=pl.lit(None, dtype=pl.Float64),
    )
    return with_known_at(derived, interval).select(merged_bar(funding=funding).names())


def partition(paths: Sequence[Path], out: Path, model: pa.DataFrameSchema, interval: Interval, *, funding: bool) -> int:
    """One partition, from zips to Parquet; returns its rows."""
    frame = bars(b"".join(content(path) for path in paths), interval, funding=funding)
    model.validate(frame, lazy=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(out, compression="zstd", compression_level=3)
    return frame.height


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Does all partitions of a job: `partitions` (lists of zips in order of time), `interval`, `perpetual`, `out`.

    The first one is done once before the clock starts, so that libraries have prepared themselves.
    """
    interval = Interval.parse(job["interval"])
    model = merged_model(interval, funding=job["perpetual"]).full
    out = Path(job["out"])

    def make(paths: Sequence[str], name: str) -> int:
        return partition([Path(path) for path in paths], out / name, model, interval, funding=job["perpetual"])

    make(job["partitions"][0], "warm-up.parquet")
    clock = Clock.start()
    rows = sum(make(paths, f"{number}.parquet") for number, paths in enumerate(job["partitions"]))
    return {"all": clock.read(), "rows": rows}


if __name__ == "__main__":
    answer(context)
