"""Every command on metrics, as a user runs it, over the change of their labels."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata.errors import CatalogError
from bcdata_tests.command import materialize
from bcdata_tests.pipeline.metric_files import catalog, floats_of, lines, put, times_of
from bcdata_tests.world import World

D, SYMBOL = "um_metrics", "BTCUSDT"
FILES = ("2026-06-23", "2026-06-24", "2026-06-25", "2026-06-26")
FIRST, LAST = "2026-06-24", "2026-06-25"


@dataclass(frozen=True)
class Commands:
    """Runs `bcdata` in this process: each of its own would cost a second."""

    folder: Path
    variables: dict[str, str]

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, list(words), env=self.variables)

    def asked(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


@pytest.fixture
def command(world: World) -> Commands:
    """Four days of files; one row of the last but one is of another symbol."""
    for day in FILES:
        rows = lines("um", day)
        if day == LAST:
            rows[100] = rows[100].replace("BTCUSDT", "ETHUSDT")
        put(world.mirror, "um", day, rows)
    (world.folder / "catalog.yaml").write_text(catalog("um", start="2026-06-01"))
    own = {
        "BCDATA_ROOT": str(world.folder / "lake"),
        "BCDATA_CATALOG": str(world.folder / "catalog.yaml"),
        "BCDATA_NOW": "2026-08-01T00:00:00Z",
        "COLUMNS": "200",
    }
    return Commands(world.folder, own)


def test_commands(command: Commands) -> None:
    planned = command.run(*materialize(D, SYMBOL, FIRST, LAST, "--dry-run"))
    assert planned.exit_code == 0, planned.output
    report = command.asked(*materialize(D, SYMBOL, FIRST, LAST))
    found = {(one["date"], one["zone"], one["rule"]) for one in report["findings"]}
    assert (LAST, "parsed", "foreign_symbol") in found

    [status] = command.asked("status")["datasets"]
    assert [(one["zone"], one["partitions"]) for one in status["zones"]] == [("raw", 2), ("parsed", 2), ("merged", 2)]
    assert status["missing"] == {"quarantined": 1}
    gaps = command.asked("gaps", "--dataset", D)
    assert "quarantined" in json.dumps(gaps)

    rows = command.asked("query", "SELECT count(*) AS n, count(DISTINCT time) AS d FROM um_metrics")
    assert "575" in json.dumps(rows)
    checked = command.asked("verify")
    assert "damaged" not in json.dumps(checked).lower().replace('"damaged": []', "")

    picture = command.folder / "gaps.svg"
    assert command.run("gaps", "--dataset", D, "--by", "day", "--svg", str(picture)).exit_code == 0
    assert picture.read_text().count("2026-06") >= 1
    exported = command.run("export", "--dataset", D, "--symbols", SYMBOL, "--out", str(command.folder / "out"))
    assert exported.exit_code == 0, exported.output
    [path] = (command.folder / "out").glob("*.parquet")
    frame = pl.read_parquet(path)
    assert frame.columns[:3] == ["symbol", "time", "known_at"]
    expected = {at: floats_of(at) for day in (FIRST, LAST) for at in times_of(day)}
    there = {row[1]: row[3:9] for row in frame.rows()}
    assert len(there) == 575
    assert there.items() <= expected.items()

    part = command.folder / f"lake/merged/{D}/symbol={SYMBOL}/date={FIRST}/part-0.parquet"
    sql = "SELECT count(*), min(epoch(time)), max(epoch(known_at)) FROM read_parquet(?, hive_partitioning=false)"
    [row] = duckdb.execute(sql, [str(part)]).fetchall()
    assert row == (288, times_of(FIRST)[0].timestamp(), times_of(LAST)[0].timestamp())


def test_rest_is_no_source_of_metrics(command: Commands) -> None:
    text = catalog("um").replace("[binance_archive]", "[binance_archive, binance_rest]")
    (command.folder / "catalog.yaml").write_text(text)
    done = command.run("status")
    assert isinstance(done.exception, CatalogError)
    assert "binance_rest has no metrics; write binance_archive" in str(done.exception)
