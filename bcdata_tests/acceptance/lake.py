"""The command as a user runs it, and its files as DuckDB alone reads them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from bcdata_tests.acceptance.market import SECONDS, at, span

BARS = {
    "open_time": "TIMESTAMP WITH TIME ZONE",
    **dict.fromkeys(["open", "high", "low", "close", "volume", "quote_volume"], "DOUBLE"),
    "trades": "BIGINT",
    **dict.fromkeys(["taker_buy_volume", "taker_buy_quote_volume", "vwap"], "DOUBLE"),
    "source": "VARCHAR",
    "known_at": "TIMESTAMP WITH TIME ZONE",
}
"""Columns of merged bars, in order; perpetuals have `funding_rate` after them."""
STATUSES = {"open", "refilled", "upstream", "not_listed", "delisted", "not_published", "quarantined"}
_LEFT_ALONE = ("BCDATA_", "DAGSTER_")


@dataclass
class Lake:
    """A root, a catalog and an empty DAGSTER_HOME in one folder."""

    folder: Path
    catalog: str
    servers: dict[str, str]
    now: str
    commands: list["subprocess.CompletedProcess[str]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("home", "work"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "catalog.yaml").write_text(self.catalog, encoding="utf-8")

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Runs `bcdata` with these words."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_ALONE)}
        environment |= self.servers | {
            "BCDATA_ROOT": str(self.folder / "root"),
            "BCDATA_CATALOG": str(self.folder / "catalog.yaml"),
            "BCDATA_STATE": str(self.folder / "state"),
            "BCDATA_NOW": self.now,
            "BCDATA_HTTP_BACKOFF": "0.01",
            "DAGSTER_HOME": str(self.folder / "home"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "NO_PROXY": "*",
        }
        done = subprocess.run(
            [sys.executable, "-m", "bcdata", *words],
            env=environment,
            cwd=self.folder / "work",
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        self.commands.append(done)
        return done

    def materialize(self, dataset: str, symbols: str, first: str, last: str, *more: str) -> tuple[int, Any]:
        """`bcdata materialize … --json`: its exit status and its report."""
        words = ["materialize", "--dataset", dataset, "--symbols", symbols, "--from", first, "--to", last, "--json"]
        done = self.run(*words, *more)
        return done.returncode, json.loads(done.stdout)

    def file(self, *zone: str, symbol: str, key: str) -> Path:
        """The file of a partition."""
        inside = f"symbol={quote(symbol, safe='')}/date={key}/part-0.parquet"
        return self.folder.joinpath("root", *zone, inside)

    def bars(self, dataset: str, symbol: str, key: str) -> dict[int, tuple[Any, ...]]:
        """Merged bars by their open in seconds: the values after `open_time`."""
        file = self.file("merged", dataset, symbol=symbol, key=key)
        return {micros // 1_000_000: values for micros, *_, values in self._rows(file)}

    def ledger(self, dataset: str, symbol: str, key: str) -> list[tuple[int, int, int, str]]:
        """Rows of the ledger: first and last open (seconds), bars, status."""
        sql = 'SELECT epoch_us("start"), epoch_us("end"), bars, status FROM read_parquet(?, hive_partitioning=false)'
        rows = duckdb.execute(sql, [str(self.file("gaps", dataset, symbol=symbol, key=key))]).fetchall()
        return [(first // 1_000_000, last // 1_000_000, count, status) for first, last, count, status in rows]

    def missing(self, dataset: str, symbol: str, key: str) -> dict[str, int]:
        """How many bars the ledger names, by status."""
        counts: dict[str, int] = {}
        for _, _, count, status in self.ledger(dataset, symbol, key):
            counts[status] = counts.get(status, 0) + count
        return counts

    def untrue(self, dataset: str, symbol: str, key: str) -> list[str]:
        """What breaks the contract of a merged partition: columns, tiling, statuses, one fingerprint; [] is well."""
        step = SECONDS[dataset.rpartition("_")[2]]
        merged, gaps = (self.file(zone, dataset, symbol=symbol, key=key) for zone in ("merged", "gaps"))
        columns = duckdb.execute("DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning=false)", [str(merged)])
        wanted = BARS | ({} if dataset.startswith("spot") else {"funding_rate": "DOUBLE"})
        told = [] if [row[:2] for row in columns.fetchall()] == list(wanted.items()) else ["columns"]
        first, after = span(key)
        tiles = list(self.bars(dataset, symbol, key))
        told += [] if tiles == sorted(set(tiles)) else ["order"]
        for begin, end, count, status in self.ledger(dataset, symbol, key):
            run = range(begin, end + 1, step)
            told += [] if status in STATUSES and len(run) == count else [f"ledger {status} {count}"]
            tiles += [] if status == "refilled" else run
        expected = range(first, min(after, at(self.now.removesuffix("Z")) // step * step), step)
        told += [] if sorted(tiles) == list(expected) else ["tiling"]
        return told + ([] if _fingerprint(merged) == _fingerprint(gaps) else ["fingerprints"])

    def _rows(self, file: Path) -> list[tuple[Any, ...]]:
        sql = "SELECT epoch_us(open_time), * EXCLUDE open_time FROM read_parquet(?, hive_partitioning=false)"
        return [(row[0], row[1:]) for row in duckdb.execute(sql, [str(file)]).fetchall()]


def _fingerprint(file: Path) -> str:
    pairs = duckdb.execute("SELECT key, value FROM parquet_kv_metadata(?)", [str(file)]).fetchall()
    (found,) = [bytes(value).decode() for key, value in pairs if b"fingerprint" in bytes(key)]
    return found
