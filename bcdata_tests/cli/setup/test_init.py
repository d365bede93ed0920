"""`bcdata init` writes a catalog that can be read, whatever is chosen, and overwrites none."""

import os
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bcdata.catalog import load_catalog
from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata_tests.pseudo_terminal import typing

GIVEN = ["--market", "spot", "--symbols", "btc/usdt,ETHUSDT", "--start", "2024"]


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BCDATA_CATALOG", raising=False)
    monkeypatch.setenv("BCDATA_NOW", "2025-03-01T00:00:00Z")


def ran(*words: str) -> str:
    done = CliRunner().invoke(app, ["init", *words], env={"COLUMNS": "200"})
    if isinstance(done.exception, Exception):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_options_write_a_catalog_and_name_the_next_command() -> None:
    said = ran("my prices", *GIVEN)
    assert said.splitlines()[-1] == "next: cd 'my prices' && bcdata materialize spot_klines_1m --last 30d"
    [dataset] = load_catalog(Path("my prices/catalog.yaml"))
    assert (dataset.name, dataset.symbols, dataset.start) == ("spot_klines_1m", ("BTCUSDT", "ETHUSDT"), "2024-01")
    assert [path.name for path in Path("my prices").iterdir()] == ["catalog.yaml"]


@pytest.mark.parametrize(
    ("words", "name", "start"),
    [
        ([], "spot_klines_1m", "2024-03"),
        (["--market", "kraken"], "kraken_klines_1m", "2024-03"),
        (["--market", "coinbase", "--interval", "1h", "--start", "2010"], "coinbase_klines_1h", "2015-01"),
        (["--market", "cm", "--start", "2024-02-05"], "cm_klines_1m", "2024-02"),
        (["--interval", "1s", "--start", "2024-02"], "spot_klines_1s", "2024-02-01"),
        (["--market", "bitstamp"], "bitstamp_klines_1m", "2024-03"),
    ],
)
def test_defaults_are_valid_for_every_venue(words: list[str], name: str, start: str) -> None:
    ran("--yes", *words)
    [dataset] = load_catalog(Path("catalog.yaml"))
    assert (dataset.name, dataset.start) == (name, start)


@pytest.mark.parametrize("interval", ["1s", "1m", "3m", "15m", "1h", "8h", "1d", "1w"])
def test_what_it_offers_in_comments_is_valid(interval: str) -> None:
    ran("--yes", "--interval", interval)
    path = Path("catalog.yaml")
    path.write_text(re.sub(r"^    # ", "    ", path.read_text(), flags=re.MULTILINE))
    [dataset] = load_catalog(path)
    assert not dataset.features
    assert bool(dataset.resample) == (interval not in {"1d", "1w"})


def test_a_file_that_is_there_stays() -> None:
    Path("catalog.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"catalog\.yaml is there already"):
        ran(*GIVEN)
    assert Path("catalog.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "not given: --market, --symbols, --start; give them, or --yes"),
        (GIVEN[:4], "not given: --start"),
        (["--yes", "--market", "spto"], "there is no market 'spto'; did you mean 'spot'"),
        (["--yes", "--symbols", "a b"], "no symbols like a b; they look like BTCUSDT"),
        (["--yes", "--symbols", ","], "no symbols named"),
        (["--yes", "--start", "2050"], "2050 has not come yet"),
        (["--yes", "--start", "soon"], "soon"),
        (["--yes", "--interval", "7m"], "no bars of '7m'"),
    ],
)
def test_what_cannot_be_meant_writes_nothing(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ran(*words)
    assert not list(Path.cwd().iterdir())


def test_three_questions_at_a_terminal() -> None:
    words = [sys.executable, "-m", "bcdata", "init"]
    with typing(words, {**os.environ, "TERM": "xterm"}) as (process, terminal):
        terminal.wait("Market [spot]")
        terminal.type("nope\r", "there is no market 'nope'")
        terminal.type("\r", "Symbols [BTCUSDT,ETHUSDT]")
        terminal.type("solusdt\r", "Keep bars since [2024-03]")
        terminal.type("2025\r", "next: bcdata materialize")
        assert process.wait(20) == 0
    [dataset] = load_catalog(Path("catalog.yaml"))
    assert (dataset.symbols, dataset.start) == (("SOLUSDT",), "2025-01")
