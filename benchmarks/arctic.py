"""ArcticDB on the rows of the lake, in an interpreter that has it: it imports nothing of bcdata."""

from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.measure import answer

DATASET = "spot_klines_1m"


def context(job: dict[str, Any]) -> dict[str, Any]:
    """Writes the rows of all cases, or reads one of them."""
    import arcticdb
    import pandas as pd

    store = arcticdb.Arctic(f"lmdb://{job['folder']}/arctic?map_size=16GB")
    if job["way"] == "write":
        for case in job["cases"]:
            library = store.get_library(_library(case), create_if_missing=True)
            for name in case["symbols"]:
                base = Path(job["root"]) / case["zone"] / DATASET / f"symbol={name}"
                files = [base / f"date={month}" / "part-0.parquet" for month in case["months"]]
                rows = pd.concat(pd.read_parquet(path, partitioning=None) for path in files)
                library.write(name, rows.set_index("open_time"))
        return {}
    case = job["case"]
    library = store[_library(case)]
    began = perf_counter()
    span = tuple(pd.Timestamp(text, tz="UTC") for text in case["range"]) if case["range"] else None
    if span:
        span = (span[0], span[1] - pd.Timedelta("1us"))
    requests = [arcticdb.ReadRequest(name, columns=case["columns"], date_range=span) for name in case["symbols"]]
    found = pd.concat({one.symbol: one.data for one in library.read_batch(requests)}, names=["symbol"])
    return {"all": {"seconds": perf_counter() - began}, "rows": len(found)}


def _library(case: dict[str, Any]) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in case["name"])


if __name__ == "__main__":
    answer(context)
