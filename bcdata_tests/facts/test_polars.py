"""What polars and pandera do with bytes, lazy frames and Parquet."""

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pandera.polars as pa
import polars as pl
import pytest

PRICES = pa.DataFrameSchema({"close": pa.Column(pl.Float64, pa.Check.gt(0))})
BAD = pl.DataFrame({"close": [1.0, -1.0]})
WRITE = """
import sys, polars as pl
frame = pl.select(pl.int_range(200_000).alias("n")).with_columns(
    (pl.col("n") * 1.1).sin().alias("close"), (pl.col("n") % 7).cast(pl.String).alias("source")
)
frame.write_parquet(sys.argv[1], compression="zstd", metadata={"schema": "1", "rules": "2"})
print(pl.thread_pool_size())
"""


def test_pandera_passes_bad_values_of_a_lazy_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PANDERA_VALIDATION_DEPTH", raising=False)
    assert PRICES.validate(BAD.lazy()).collect().height == 2


def test_pandera_refuses_them_collected() -> None:
    with pytest.raises(pa.errors.SchemaError):
        PRICES.validate(BAD)


def test_read_csv_takes_a_file_object_with_a_schema_and_no_header() -> None:
    schema = {"open_time": pl.Int64, "close": pl.Float64}
    frame = pl.read_csv(io.BytesIO(b"1704067200000,42\n"), has_header=False, schema=schema)
    assert frame.schema == pl.Schema(schema)
    assert frame.row(0) == (1704067200000, 42.0)


def test_the_same_frame_gives_the_same_parquet_bytes_on_any_number_of_threads(tmp_path: Path) -> None:
    digests = []
    for number, threads in enumerate(["1", "2", "2"]):
        path = tmp_path / f"{number}.parquet"
        environment = {**os.environ, "POLARS_MAX_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", WRITE, str(path)], env=environment, check=True, capture_output=True, text=True
        )
        assert done.stdout.strip() == threads
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(set(digests)) == 1
    assert pl.read_parquet_metadata(tmp_path / "0.parquet")["rules"] == "2"


LOADED_TWICE = """
from polars import _dependencies
proxy = _dependencies.numpy
proxy.ndarray
try:
    proxy._import()
except TypeError as error:
    print(error)
"""
LOADED_FIRST = """
import sys
import polars
from bcdata.bars.arrays import load_numpy
assert "numpy" not in sys.modules
load_numpy()
from polars import _dependencies
print(type(_dependencies.numpy).__name__)
"""


def _printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_polars_loads_numpy_in_a_way_that_two_threads_must_not_take_at_once() -> None:
    """The second one, between the first one's two steps, finds numpy's `_globals` in the place of polars' own."""
    assert _printed(LOADED_TWICE) == "'module' object does not support item assignment"


def test_loading_it_first_keeps_them_from_it() -> None:
    assert _printed(LOADED_FIRST) == "module"
