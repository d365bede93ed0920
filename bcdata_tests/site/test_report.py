"""The command on a lake that the test knows: its numbers are counted anew, from files alone."""

import json
from html import unescape
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata_tests.api.research import NOW, D, Research


@pytest.fixture
def out(research: Research, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BCDATA_ROOT", str(research.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(research.catalog_file))
    monkeypatch.setenv("BCDATA_NOW", f"{NOW}T00:00:00Z")
    return tmp_path / "report"


def made(out: Path, *words: str) -> dict[str, object]:
    done = CliRunner().invoke(app, ["report", "--out", str(out), "--json", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_the_pages_tell_what_the_files_hold(research: Research, out: Path) -> None:
    told = made(out)
    assert told["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert told["pages"] == sum(one.is_file() for one in out.rglob("*")) - 1, "and the mark of a report"
    for symbol, bars in research.bars.items():
        page = unescape((out / "symbols" / f"{symbol}.html").read_text())
        ledger = research.ledger[symbol].filter(pl.col("status") != "refilled")
        assert f"{bars.height:,} of {bars.height + ledger['bars'].sum():,} bars" in page
        for start, end, number in ledger.sort("bars").tail(3).select("start", "end", "bars").iter_rows():
            assert f'<td class="whole">{start:%Y-%m-%d %H:%M}</td><td class="whole">{end:%Y-%m-%d %H:%M}</td>' in page
            assert f'<td class="number">{number:,}</td>' in page
        days = bars.filter(pl.col("open_time").dt.date() == bars["open_time"].dt.date().max())
        high, low = days["high"].max(), days["low"].min()
        assert f"00:00 UTC: {days['open'][0]:g} {high:g} {low:g} {days['close'][-1]:g}<" in page, "the last candle"
    index = (out / "index.html").read_text()
    rows = sum(bars.height for bars in research.bars.values())
    assert f"{rows:,} of " in index


def test_one_dataset_and_some_symbols(out: Path) -> None:
    assert made(out, "--dataset", D, "--symbols", "ETHUSDT", "--days", "10")["symbols"] == ["ETHUSDT"]
    page = (out / "symbols/ETHUSDT.html").read_text()
    assert page.count('<g class="up">') + page.count('<g class="down">') <= 10
    assert not (out / "symbols/BTCUSDT.html").exists()


@pytest.mark.parametrize("days", [20_000, 800_000, 10**12])
def test_more_days_than_time_has_are_all_days(out: Path, days: int) -> None:
    made(out)
    whole = (out / "symbols/ETHUSDT.html").read_text()
    made(out, "--days", str(days))
    assert (out / "symbols/ETHUSDT.html").read_text() == whole


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--symbols", "BTCUSD"], "did you mean"),
        (["--dataset", "moon_klines_1m"], "moon_klines_1m"),
        (["--days", "0"], "greater than or equal to 1"),
    ],
)
def test_what_is_not_there_is_told(out: Path, words: list[str], said: str) -> None:
    from bcdata.errors import UsageError

    done = CliRunner().invoke(app, ["report", "--out", str(out), *words])
    assert done.exit_code != 0
    assert said in (str(done.exception) if isinstance(done.exception, UsageError) else done.output)
    assert not out.exists()


def test_an_empty_lake_has_a_report_too(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ROOT", str(tmp_path / "none"))
    assert made(out)["symbols"] == []
    assert "Nothing is materialized yet." in (out / "index.html").read_text()
