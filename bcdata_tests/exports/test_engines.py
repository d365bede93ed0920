"""The engines themselves read what is exported for them: the guide's own lines, and then what they saw.

Closes and times equal the lake's, and no engine acts on a bar before the instant at which it is known.
"""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import bcdata
from bcdata_tests.api.research import NOW, Research, made
from bcdata_tests.command import Command
from bcdata_tests.exports.engine import FREQTRADE, LIGHT, NAUTILUS, Environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
GUIDE = (Path(__file__).parents[2] / "docs/guides/export.md").read_text(encoding="utf-8")
SYMBOL, INTERVAL, HOUR = "BTCUSDT", "1h", timedelta(hours=1)
Bars = list[tuple[datetime, float]]


@dataclass(frozen=True)
class Engine:
    """An engine, the section of the guide about it, and what is asked of it after the lines of that.

    `code` leaves in `answer` the instants (µs) at which it first acted on a bar, and its close, of all that it read.
    """

    packages: tuple[str, ...]
    section: str
    code: str


ENGINES = {
    "freqtrade": Engine(
        FREQTRADE,
        "freqtrade",
        """
from freqtrade.data.history.datahandlers import get_datahandler
from freqtrade.enums import CandleType, TradingMode
from freqtrade.exchange import timeframe_to_seconds

folder = Path("user_data/data/binance")
listed = get_datahandler(folder, "feather").ohlcv_get_available_data(folder, TradingMode.SPOT)
assert sorted(listed) == [("BTC/USDT", "1h", CandleType.SPOT), ("ETH/USDT", "1h", CandleType.SPOT)], listed
# A candle is acted on when it has ended, a timeframe after its date.
ends = candles["date"].astype("datetime64[us, UTC]").astype("int64") + timeframe_to_seconds("1h") * 1_000_000
answer = [[int(at), float(close)] for at, close in zip(ends, candles["close"])]
""",
    ),
    "backtesting": Engine(
        LIGHT,
        "backtestingpy",
        """
assert result["# Trades"] > 10
answer = [[int(bars.index[0].value) // 1000, float(bars.Close.iloc[0])]]  # strategies begin with the second bar

class Seen(Strategy):
    def init(self):
        pass

    def next(self):
        answer.append([int(pd.Timestamp(self.data.index[-1]).value) // 1000, float(self.data.Close[-1])])

Backtest(bars, Seen, cash=1_000_000).run()
""",
    ),
    "backtrader": Engine(
        LIGHT,
        "backtrader",
        """
from datetime import timezone

answer = []

class Seen(bt.Strategy):
    def next(self):
        at = self.data.datetime.datetime(0).replace(tzinfo=timezone.utc)
        answer.append([round(at.timestamp() * 1e6), self.data.close[0]])

cerebro = bt.Cerebro()
cerebro.adddata(feed)
cerebro.addstrategy(Seen)
cerebro.run()
""",
    ),
    "vectorbt": Engine(
        LIGHT,
        "vectorbt",
        """
assert list(close.columns) == ["BTCUSDT", "ETHUSDT"] and portfolio.orders.count().min() > 10
fields = {name: pd.read_parquet(f"vectorbt/spot_klines_1h-{name}.parquet") for name in ("open", "close", "volume")}
frames = {symbol: pd.DataFrame({name: one[symbol] for name, one in fields.items()}) for symbol in close.columns}
data = vbt.Data.from_data(frames, download_kwargs={})
assert data.get("close").equals(close)
orders = portfolio.orders.records_readable
prices = close.stack()
assert all(prices[at, symbol] == price for at, symbol, price in zip(orders.Timestamp, orders.Column, orders.Price))
seen = close["BTCUSDT"].dropna()
answer = [[int(at.value) // 1000, float(one)] for at, one in seen.items()]
""",
    ),
    "nautilus": Engine(
        NAUTILUS,
        "nautilustrader",
        """
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.trading.strategy import Strategy

answer = []

class Seen(Strategy):
    def on_start(self):
        self.subscribe_bars(bars[0].bar_type)

    def on_bar(self, bar):
        # Its own float() divides once more, and rounds the last of the 17 digits that these made-up prices have.
        answer.append([self.clock.timestamp_ns() // 1000, float(str(bar.close))])
        assert bar.ts_event <= bar.ts_init == self.clock.timestamp_ns()

engine = BacktestEngine(config=BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
money = [Money(1_000_000, USDT)]
engine.add_venue(Venue("BINANCE"), OmsType.NETTING, AccountType.CASH, money, base_currency=None)
engine.add_instrument(instrument)
engine.add_data(bars)
engine.add_strategy(Seen())
engine.run()
engine.dispose()
""",
    ),
}


@pytest.fixture(scope="module")
def research(tmp_path_factory: pytest.TempPathFactory) -> Research:
    """Bars of which some are missing, and some are known hours late."""
    return made(tmp_path_factory.mktemp("research"))


@pytest.fixture
def environment(pytestconfig: pytest.Config) -> Callable[[Engine], Environment]:
    assert pytestconfig.cache
    cache = pytestconfig.cache.mkdir("engines")
    return lambda engine: Environment.of(engine.packages, cache)


def section(name: str) -> tuple[list[list[str]], str]:
    """The commands and the Python of a section of the guide."""
    parts = {
        re.sub(r"[^\w]", "", title.lower()): body
        for title, body in re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", GUIDE, re.MULTILINE)
    }
    lines = re.findall(r"^bcdata .+$", parts[name], re.MULTILINE)
    blocks = re.findall(r"^```python\n(.*?)^```$", parts[name], re.DOTALL | re.MULTILINE)
    return [shlex.split(line)[1:] for line in lines], "\n".join(blocks)


def in_time(research: Research, *, acts_at_end: bool) -> Bars:
    """What the lake says an engine can act on, and when: of each bar the instant from which it is known, and its close.

    By the slow way, over all bars: those known at their end, or those known before any later one.
    """
    bars = bcdata.load("spot_klines_1m", SYMBOL, "2023-01", "2023-02", interval=INTERVAL, **research.where)
    rows = list(bars.select("open_time", "known_at", "close").iter_rows())
    found: Bars = []
    soonest = datetime.max.replace(tzinfo=UTC)
    for opened, known, close in reversed(rows):
        if known == opened + HOUR if acts_at_end else known < soonest:
            found.append((known, close))
        soonest = min(soonest, known)
    assert len(rows) - len(found) > 10, "some are known too late"
    return found[::-1]


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_reads_the_closes_of_the_lake_and_acts_when_they_are_known(
    research: Research, environment: Callable[[Engine], Environment], tmp_path: Path, name: str
) -> None:
    engine = ENGINES[name]
    there = environment(engine)
    variables = {"BCDATA_ROOT": str(research.root), "BCDATA_CATALOG": str(research.catalog_file)}
    command = Command(tmp_path, {**variables, "BCDATA_NOW": f"{NOW}T00:00:00Z"})
    lines, snippet = section(engine.section)
    assert lines
    for words in lines:
        done = command.here(words)
        assert done.returncode == 0, done.stderr
    seen = there.answer(f"{snippet}\n{engine.code}", tmp_path)
    found = [(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at), close) for at, close in seen]
    assert found == in_time(research, acts_at_end=name == "freqtrade")


def test_features_are_read_beside_bars(
    research: Research, environment: Callable[[Engine], Environment], tmp_path: Path
) -> None:
    span = ("2023-01-05", "2023-01-06")
    where = {"BCDATA_ROOT": str(research.root), "BCDATA_CATALOG": str(research.catalog_file)}
    words = ["export", "--dataset", "spot_klines_1m", "--symbols", SYMBOL, "--from", span[0], "--to", span[0]]
    words += ["--features", "rsi_14", "--format"]
    for form in ("backtesting", "vectorbt"):
        assert Command(tmp_path, where).here([*words, form, "--out", form]).returncode == 0
    code = """
import pandas as pd
one = pd.read_csv("backtesting/spot_klines_1m-BTCUSDT.csv", index_col="known_at", parse_dates=True).rsi_14.dropna()
two = pd.read_parquet("vectorbt/spot_klines_1m-rsi_14.parquet").BTCUSDT.dropna()
answer = [[[int(at.value) // 1000, value] for at, value in found.items()] for found in (one, two)]
"""
    first, second = environment(ENGINES["vectorbt"]).answer(code, tmp_path)
    assert first == second
    rows = bcdata.load("spot_klines_1m", SYMBOL, *span, columns=["known_at"], features="rsi_14", **research.where)
    lake = dict(rows.select(pl.col("known_at").dt.epoch("us"), "rsi_14").iter_rows())
    assert len(first) > 500
    assert all(lake[at] == value for at, value in first)
