"""`bcdata export` as it is typed: reports, progress, and one line where something is wrong."""

import json
import os
import sys
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata_tests.exports.lake import HOURS, ExportLake
from bcdata_tests.pseudo_terminal import typing


@pytest.fixture
def invoked(two: ExportLake, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("BCDATA_ROOT", str(two.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(two.catalog.path))
    return CliRunner()


def test_the_command_reports_as_json_and_as_a_table(two: ExportLake, invoked: CliRunner) -> None:
    two.publish(HOURS, "ETHUSDT", late=[timedelta(minutes=5)])
    words = ["export", "--dataset", HOURS, "--symbols", "BTCUSDT,ETHUSDT", "--format", "freqtrade"]
    words += ["--out", str(two.out)]
    found = json.loads(invoked.invoke(app, [*words, "--json"]).stdout)
    paths = [str(two.out / f"data/binance/{one}_USDT-1h.feather") for one in ("BTC", "ETH")]
    assert [one.pop("path") for one in found] == paths
    assert [one.pop("bytes") > 0 for one in found] == [True, True]
    same = {"files": 1, "state": "written"}
    assert found == [
        {"symbol": "BTCUSDT", "rows": 3, "left_out": 0, **same}, {"symbol": "ETHUSDT", "rows": 2, "left_out": 1, **same}
    ]  # fmt: skip
    shown = invoked.invoke(app, words)
    assert shown.stdout.count("unchanged") == 2
    assert "1 bar is left out" in shown.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--symbols", "../x"], "nothing of ../x"),
        (["--symbols", ","], "no symbol is named"),
        (["--symbols", "BTCUSDT", "--format", "exel"], "there is no format 'exel'; it is one of csv"),
        (["--symbols", "BTCUSDT", "--features", "nope"], "there is no column nope"),
        (["--symbols", "BTCUSDT", "--format", "lean", "--interval", "4h"], "lean has bars of 1s, 1m, 1h, 1d"),
    ],
)
def test_bad_input_is_one_line_and_status_2(two: ExportLake, invoked: CliRunner, words: list[str], told: str) -> None:
    done = invoked.invoke(app, ["export", "--dataset", HOURS, "--out", str(two.out), *words])
    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)
    assert not two.out.exists() or not two.files()


def test_a_terminal_shows_what_is_being_written(two: ExportLake) -> None:
    words = [sys.executable, "-m", "bcdata", "export", "--dataset", HOURS, "--symbols", "BTCUSDT,ETHUSDT"]
    where = {"BCDATA_ROOT": str(two.root), "BCDATA_CATALOG": str(two.catalog.path)}
    with typing([*words, "--out", str(two.out)], {**os.environ, **where}) as (process, terminal):
        terminal.wait("exporting")
        terminal.wait("written")
        assert process.wait(30) == 0
    assert len(two.files()) == 2
