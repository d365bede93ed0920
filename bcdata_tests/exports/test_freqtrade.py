"""freqtrade itself runs the guide's backtest on exported bars; the only thing that it asks is the simulated exchange.

It fills gaps with flat candles, and opens a trade at the open of the candle after the one that it decided by.
"""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import polars as pl
import pytest

import bcdata
from bcdata.simulate import GeneratedMarket, LoopbackExchange
from bcdata_tests.api.research import Research, made
from bcdata_tests.command import Command
from bcdata_tests.exports.engine import FREQTRADE, Environment
from bcdata_tests.exports.test_engines import GUIDE, section
from bcdata_tests.run import utc

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
_ADDRESS = "http://127.0.0.1:8700/spot"
"""In the guide, of the simulated exchange."""


@pytest.fixture
def research(tmp_path: Path) -> Research:
    """Bars of which some are missing, and some are known hours late."""
    return made(tmp_path)


def backtested(research: Research, there: Environment, folder: Path) -> list[dict[str, Any]]:
    """The trades of the guide's backtest."""
    where = {"BCDATA_ROOT": str(research.root), "BCDATA_CATALOG": str(research.catalog_file)}
    [export], _ = section("freqtrade")
    assert Command(folder, where).here(export).returncode == 0
    _, strategy = re.findall(r"^```python\n(.*?)^```$", part(), re.DOTALL | re.MULTILINE)
    [config] = re.findall(r"^```json\n(.*?)^```$", part(), re.DOTALL | re.MULTILINE)
    [line] = re.findall(r"^freqtrade backtesting .+$", part(), re.MULTILINE)
    (folder / "user_data/strategies").mkdir()
    (folder / "user_data/strategies/momentum.py").write_text(strategy)
    assert _ADDRESS in config
    with LoopbackExchange(GeneratedMarket.demo(), now=utc("2023-07-04")) as exchange:
        spot = exchange.environment()["BCDATA_BINANCE_SPOT_URL"]
        (folder / "user_data/config.json").write_text(config.replace(_ADDRESS, spot))
        there.run(["-m", *line.split()], folder)
        assert {request.path.partition("?")[0] for request in exchange.requests} == {"/spot/api/v3/exchangeInfo"}
    [told] = (folder / "user_data/backtest_results").glob("*.zip")
    with ZipFile(told) as archive:
        result = json.loads(archive.read(f"{told.stem}.json"))
    trades: list[dict[str, Any]] = result["strategy"]["Momentum"]["trades"]
    return trades


def part() -> str:
    """The guide's section."""
    return GUIDE.partition("## freqtrade\n")[2].partition("\n## ")[0]


def test_a_backtest_opens_trades_when_bars_are_known_and_at_prices_of_the_lake(
    research: Research, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    assert pytestconfig.cache
    there = Environment.of(FREQTRADE, pytestconfig.cache.mkdir("engines"))
    trades = backtested(research, there, tmp_path)
    asked = ["known_at", "open", "close"]
    bars = bcdata.load("spot_klines_1m", None, "2023-01", "2023-02", interval="1h", columns=asked, **research.where)
    in_time = bars.with_columns(end=pl.col("open_time").dt.offset_by("1h")).filter(pl.col("known_at") <= pl.col("end"))
    rising = in_time.filter(pl.col("close") > pl.col("open"))
    decided = {(symbol, end) for symbol, end in rising.select("symbol", "end").iter_rows()}
    opens = {(symbol, at): price for symbol, at, price in in_time.select("symbol", "open_time", "open").iter_rows()}
    assert len(trades) > 50
    found = 0
    for trade in trades:
        key = trade["pair"].replace("/", ""), datetime.fromisoformat(trade["open_date"])
        assert key in decided, "it opens when a rising bar has ended, and is known"
        if key in opens:
            assert trade["open_rate"] == pytest.approx(opens[key], rel=1e-12)
            found += 1
    assert found > 0.8 * len(trades), "the others open in a gap"
