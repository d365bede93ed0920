"""What SQL answers becomes a frame and JSON, or one clear error."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from bcdata.catalog import Catalog, load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata.sql.connection import query
from bcdata.store.store import Store

ENDLESS = "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Catalog]:
    return Store(tmp_path_factory.mktemp("lake")), load_catalog(PACKAGED)


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT 1 AS a, 2 AS a", ["a", "a_1"]),
        ("SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS a", ["a", "a_2", "a_1", "a_3"]),
        ("SELECT 1 AS a, 2 AS A", ["a", "A"]),
        ("SELECT a.*, b.* FROM (SELECT 1 AS x, 2 AS y) a, (SELECT 3 AS y, 4 AS x) b", ["x", "y", "y_1", "x_1"]),
        ("SELECT a.symbol, b.symbol FROM spot_klines_1m a, gaps.spot_klines_1m b", ["symbol", "symbol_1"]),
    ],
)
def test_repeated_names_are_made_distinct(lake: tuple[Store, Catalog], sql: str, columns: list[str]) -> None:
    assert query(*lake, sql).columns == columns


@pytest.mark.one_in(6, slow=2)
@pytest.mark.parametrize(
    "value",
    [
        "'infinity'::TIMESTAMP",
        "'-infinity'::TIMESTAMPTZ",
        "'infinity'::TIMESTAMP_S",
        "'infinity'::TIMESTAMP_MS",
        "'infinity'::TIMESTAMP_NS",
        "DATE '-infinity'",
        "DATE '10000-01-01'",
        "'290309-12-22 (BC) 00:00:00'::TIMESTAMP",
        "TIME '24:00:00'",
        "[NULL, DATE 'infinity']",
        "[{'a': DATE 'infinity'}]",
        "array_value(DATE 'infinity')",
        "MAP {1: DATE 'infinity'}",
        "MAP {DATE 'infinity': 1}",
        "union_value(a := 1)",
        "[INTERVAL 1 MONTH]",
    ],
)
def test_what_no_frame_can_hold_is_refused_by_the_name_of_its_column(lake: tuple[Store, Catalog], value: str) -> None:
    with pytest.raises(UsageError, match=r"^odd (is|holds) [^\n]*$"):
        query(*lake, f"SELECT {value} AS odd")


@pytest.mark.slow
def test_all_types_of_sql_are_answered_or_refused(lake: tuple[Store, Catalog]) -> None:
    refused = set()
    for name in query(*lake, "SELECT column_name FROM (DESCRIBE FROM test_all_types())")["column_name"]:
        try:
            query(*lake, f'SELECT "{name}" FROM test_all_types()').to_dicts()  # noqa: S608
        except UsageError:
            refused.add(name)
    assert {"interval", "union", "date"} <= refused
    assert not refused & {"int", "double", "varchar", "struct", "map", "blob", "hugeint", "uuid", "bit", "dec_38_10"}


def test_instants_at_the_edge_are_answered(lake: tuple[Store, Catalog]) -> None:
    columns = ("DATE '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'", "TIME '23:59:59.999999'", "[NULL::DATE]")
    sql = f"SELECT {', '.join(columns)}"
    row = query(*lake, sql).row(0)
    assert row[0] == date(1, 1, 1)
    assert row[1].microsecond == row[2].microsecond == 999_999


@pytest.mark.parametrize("sql", [5, None, b"SELECT 1", ["SELECT 1"], "SELECT '\udcff'"])
def test_a_statement_is_text(lake: tuple[Store, Catalog], sql: object) -> None:
    with pytest.raises(UsageError, match="statement"):
        query(*lake, sql)  # type: ignore[arg-type]


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path, lake: tuple[Store, Catalog]) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(UsageError, match=f"{root}.*BCDATA_ROOT"):
            query(Store(root), lake[1], "SELECT 1")


@pytest.mark.parametrize("folder", [".", ".tmp"])
def test_the_folder_of_work_can_be_neither_read_nor_written(
    lake: tuple[Store, Catalog], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".tmp").mkdir()
    path = tmp_path / folder / "secret.csv"
    path.write_text("a\n1\n")
    for name in (path, path.relative_to(tmp_path)):
        with pytest.raises(UsageError, match="disabled"):
            query(*lake, f"FROM read_csv('{name}')")


def test_memory_is_bounded(lake: tuple[Store, Catalog]) -> None:
    limit = query(*lake, "SELECT current_setting('memory_limit') AS l, current_setting('temp_directory') AS t")
    assert limit["t"].item() == ""
    size, unit = limit["l"].item().split()
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert float(size) * 1024 ** ("KiB", "MiB", "GiB", "TiB").index(unit) * 1024 <= 0.51 * total


def run(tmp_path: Path, *words: str | bytes, **variables: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "data").mkdir(exist_ok=True)
    own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "bcdata", *words]
    return subprocess.run(command, cwd=tmp_path, env={**own, **variables}, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_statement_in_a_terminal_without_letters(tmp_path: Path) -> None:
    plain = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}
    done = run(tmp_path, "query", "SELECT '币安' AS symbol", "--json", **plain)
    assert json.loads(done.stdout) == [{"symbol": "币安"}], done.stderr
    for variables in (plain, {}):
        done = run(tmp_path, "query", b"SELECT '\xff'", **variables)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        assert "UTF-8" in done.stderr


WITH_SYMBOLS = [
    ["export", "--dataset", "spot_klines_1m", "--out", "out"],
    [
        "features",
        "report",
        "--dataset",
        "spot_klines_1m",
        "--from",
        "2023-01",
        "--to",
        "2023-01",
        "--html",
        "page.html",
    ],
    ["gaps"],
]


@pytest.mark.one_in(6, slow=2)
@pytest.mark.parametrize("words", WITH_SYMBOLS)
def test_symbols_in_a_terminal_without_letters(tmp_path: Path, words: list[str]) -> None:
    plain = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "BCDATA_CATALOG": str(PACKAGED)}
    done = run(tmp_path, *words, "--symbols", "币安人生USDT", **plain)
    assert "Traceback" not in done.stderr
    done = run(tmp_path, *words, "--symbols", b"\xff", **plain)
    assert (done.returncode, done.stderr.strip()) == (2, "bcdata: a name is not UTF-8 text")


@pytest.mark.parametrize("port", ["-1", "65536", "99999999999999999999"])
def test_a_port_that_is_none(ask: CliRunner, port: str) -> None:
    assert ask.invoke(app, ["simulate", "--port", port]).exit_code == 2


def _seconds(pid: int) -> float:
    """What a process has used of the processor."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
def test_control_c_ends_an_endless_statement(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    command = [sys.executable, "-m", "bcdata", "query", ENDLESS]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and _seconds(process.pid) < 4:  # starting takes less
            time.sleep(0.1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        try:
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
    assert time.monotonic() - begun < 3
    assert (process.returncode, "Traceback" in said) == (130, False)


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("BCDATA_ROOT", str(tmp_path))
    monkeypatch.setenv("BCDATA_CATALOG", str(PACKAGED))
    return CliRunner()


def test_what_json_does_not_have_is_null(ask: CliRunner) -> None:
    sql = (
        "SELECT 'NaN'::DOUBLE AS a, ['inf'::FLOAT, 1] AS b, {'c': '-inf'::DOUBLE} AS c, MAP {DATE '2020-01-01': 1} AS d"
    )
    done = ask.invoke(app, ["query", sql, "--json"])

    def no_constant(name: str) -> None:
        pytest.fail(f"{name} is no JSON")

    found = json.loads(done.stdout, parse_constant=no_constant)
    assert found == [{"a": None, "b": [None, 1.0], "c": {"c": None}, "d": {"2020-01-01": 1}}]


@pytest.mark.parametrize("limit", ["99999999999999999999", "1"])
def test_as_many_rows_as_there_are_fit_any_limit(ask: CliRunner, limit: str) -> None:
    done = ask.invoke(app, ["query", "SELECT 7 AS n", "--limit", limit])
    assert done.exit_code == 0
    assert "7" in done.stdout
    assert "of" not in done.stdout


def test_a_negative_limit_is_refused(ask: CliRunner) -> None:
    assert ask.invoke(app, ["query", "SELECT 1", "--limit", "-1"]).exit_code == 2


def test_a_frame_is_a_frame(lake: tuple[Store, Catalog]) -> None:
    assert query(*lake, "SELECT 1 AS a").equals(pl.DataFrame({"a": [1]}, schema={"a": pl.Int32}))
