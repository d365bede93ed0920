"""A rename and a ticker that was used again in New York: from what Alpaca tells to the universe and adjusted bars."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import bcdata
from bcdata.errors import MissingDataWarning
from bcdata.instruments.update import UniverseUpdate, update
from bcdata.pipeline.context import open_run_context
from bcdata.simulate.alpaca import LoopbackAlpaca
from bcdata.simulate.session_market import Dividend, ListedSymbol, Rename, SessionMarket, Split
from bcdata_tests.run import Lake, pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at

BARS, ACTIONS = "us_equity_klines_1d", "us_equity_actions"
TEXT = """
providers: {alpaca: {plan: algo_trader_plus}}
datasets:
  us_equity_klines_1d:
    {grain: month, start: 2022-01, symbols: [FB, META, METV, AAPL], sources: [alpaca], features: false}
  us_equity_actions: {grain: month, start: 2022-01, symbols: [FB, META, METV, AAPL], sources: [alpaca]}
"""
FUND, FACEBOOK = date(2022, 1, 31), date(2022, 6, 9)
BEFORE, AFTER = utc("2022-06-03T12:00"), utc("2022-07-08T12:00")
SPLIT = date(2022, 6, 27)
FIRST = date(2021, 12, 1)


def market() -> SessionMarket:
    """META was a fund that became METV; months later FB became META, which was split and paid then."""
    hours = hours_of("XNYS", FIRST, date(2022, 12, 30))
    fund, facebook = Rename(FUND, "META", "METV"), Rename(FACEBOOK, "FB", "META")
    return SessionMarket(
        [
            ListedSymbol("FB", hours, FIRST, 200.0, delisted=date(2022, 6, 8), renames=(facebook,)),
            ListedSymbol(
                "META", hours, FIRST, 200.0, splits=(Split(SPLIT, 4),), renames=(fund, facebook),
                dividends=(Dividend(date(2022, 6, 15), 2.0),), gaps=((FUND, date(2022, 6, 8)),),
            ),
            ListedSymbol("METV", hours, FUND, 15.0, renames=(fund,)),
            ListedSymbol("AAPL", hours, FIRST, 150.0),
        ]
    )  # fmt: skip


@contextmanager
def at(now: datetime, folder: Path) -> Iterator[Lake]:
    variables = {"BCDATA_NOW": f"{now:%Y-%m-%dT%H:%M}", "BCDATA_ROOT": f"{folder / 'lake'}"}
    with LoopbackAlpaca(market(), plan="algo_trader_plus", now=now) as venue:
        named = venue.environment() | variables | {"BCDATA_CATALOG": f"{folder / 'catalog.yaml'}"}
        with pointed_at(named, folder / "state"):
            yield lake_at(folder, TEXT, now)


def learn(lake: Lake) -> UniverseUpdate:
    with open_run_context(lake.root, lake.catalog, lake.now) as context:
        return update(context, "us_equity")


def fill(lake: Lake, last: str) -> None:
    """Actions of all months, and bars of those in which somebody had the symbol."""
    months = {"FB": ["2022-01", "2022-06"], "METV": ["2022-01", last], "AAPL": ["2022-01", last]}
    spans = [(symbol, *ends) for symbol, ends in months.items()] + [("META", "2022-01", "2022-01")]
    if last > "2022-06":
        spans.append(("META", "2022-06", last))
    for dataset, symbol, first, end in [
        *((BARS, *one) for one in spans),
        *((ACTIONS, symbol, "2022-01", last) for symbol in ("FB", "META", "METV", "AAPL")),
    ]:
        ran = lake.materialize(dataset, symbol, first, end)
        assert ran.ok, ran.troubles


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALPACA_API_KEY", "abcdefgh1234")
    monkeypatch.setenv("ALPACA_API_SECRET", "abcdefgh1234")
    return tmp_path


def told(universe: pl.DataFrame) -> dict[tuple[str, int], tuple[Any, ...]]:
    columns = ("instrument_id", "first_seen", "last_seen", "status", "renamed_from")
    return {(row["symbol"], row["use"]): tuple(row[name] for name in columns) for row in universe.to_dicts()}


def test_from_what_a_provider_tells_to_adjusted_bars(folder: Path) -> None:
    with at(BEFORE, folder) as lake:
        fill(lake, "2022-06")
        assert learn(lake).rows
        assert learn(lake).rows == 0  # nothing new, nothing written
        before = told(bcdata.universe("us_equity"))
        assert before["FB", 1] == ("us_equity:FB:2022-01-03", date(2022, 1, 3), None, "trading", None)
        assert before["META", 1][1:3] == (date(2022, 1, 3), date(2022, 1, 28))
        assert before["METV", 1][0] == before["META", 1][0]
        assert ("META", 2) not in before
    with at(AFTER, folder) as lake:
        fill(lake, "2022-07")
        assert learn(lake).rows
        now = told(bcdata.universe("us_equity"))
        facebook, fund = "us_equity:FB:2022-01-03", "us_equity:META:2022-01-03"
        assert now == {
            ("AAPL", 1): ("us_equity:AAPL:2022-01-03", date(2022, 1, 3), None, "trading", None),
            ("FB", 1): (facebook, date(2022, 1, 3), date(2022, 6, 8), "delisted", None),
            ("META", 1): (fund, date(2022, 1, 3), date(2022, 1, 28), "delisted", None),
            ("META", 2): (facebook, FACEBOOK, None, "trading", "FB"),
            ("METV", 1): (fund, FUND, None, "trading", "META"),
        }
        assert told(bcdata.universe("us_equity", BEFORE)) == before  # what was known then stays
        across()
        adjusted()


def across() -> None:
    """One series of the instrument, over its symbols, by SQL over the universe."""
    sql = """
        WITH known AS (
            SELECT * FROM universe.us_equity
            QUALIFY row_number() OVER (PARTITION BY symbol, "use" ORDER BY known_from DESC) = 1
        )
        SELECT bars.symbol, session, close FROM us_equity_klines_1d bars JOIN known
        ON bars.symbol = known.symbol AND session BETWEEN first_seen AND coalesce(last_seen, session)
        WHERE instrument_id = 'us_equity:FB:2022-01-03' ORDER BY session
    """
    found = bcdata.query(sql)
    sessions = [one.label for one in hours_of("XNYS", FIRST, date(2022, 12, 30)).sessions]
    expected = [one for one in sessions if date(2022, 1, 1) <= one <= date(2022, 7, 7)]
    assert found["session"].to_list() == expected
    assert found.filter(pl.col("session") < FACEBOOK)["symbol"].unique().to_list() == ["FB"]
    assert found.filter(pl.col("session") >= FACEBOOK)["symbol"].unique().to_list() == ["META"]


def adjusted() -> None:
    """The split and the payment of META in June are of what was FB, and not of the fund that was META before."""

    def closes(symbol: str, how: str) -> pl.DataFrame:
        return bcdata.load(BARS, symbol, adjusted=how, missing="ignore").select("session", "close")

    raw, splits, both = (closes("META", how) for how in ("none", "splits", "all"))
    is_fund, is_before = pl.col("session") < FUND, pl.col("session").is_between(FACEBOOK, SPLIT, closed="left")
    assert raw.filter(is_fund).height > 15
    assert splits.filter(is_fund).equals(raw.filter(is_fund))
    assert both.filter(is_fund).equals(raw.filter(is_fund))
    assert splits.filter(is_before)["close"].to_list() == [one / 4 for one in raw.filter(is_before)["close"]]
    old, old_splits, old_both = (closes("FB", how) for how in ("none", "splits", "all"))
    assert old_splits["close"].to_list() == [one / 4 for one in old["close"]]
    paid = raw.filter(pl.col("session") < date(2022, 6, 15))["close"][-1]
    assert old_both["close"][0] == pytest.approx(old["close"][0] / 4 * (1 - 2.0 / paid), rel=1e-12)


def test_what_the_catalog_states_alone(folder: Path) -> None:
    """Without a word of a provider: identities are those that the catalog names, and change when it changes."""
    entries = ", ".join(
        [
            f"{{symbol: FB, to: {FACEBOOK}, instrument: facebook}}",
            f"{{symbol: META, from: {FACEBOOK}, instrument: facebook}}",
            f"{{symbol: META, to: {FUND}, instrument: fund}}",
        ]
    )
    market = f"{{calendar: XNYS, type: stock, currency: USD, since: 1990-01, instruments: [{entries}]}}"
    stated = f"markets:\n  us_equity: {market}\n"
    with at(AFTER, folder) as lake:
        ran = lake.materialize(BARS, "META", "2022-06", "2022-07")
        assert ran.ok, ran.troubles
        assert learn(lake).rows
        assert told(bcdata.universe("us_equity"))["META", 1][0] == "us_equity:META:2022-06-09"
        later = utc("2022-07-09T12:00")
        stating = lake_at(folder, stated + TEXT, later)
        assert learn(stating).rows
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BCDATA_NOW", f"{later:%Y-%m-%dT%H:%M}")
            now = told(bcdata.universe("us_equity"))
        assert now["META", 2] == ("us_equity:facebook", FACEBOOK, None, "trading", "FB")
        assert now["FB", 1] == ("us_equity:facebook", None, date(2022, 6, 8), "delisted", None)
        assert now["META", 1][0] == "us_equity:fund"
        assert told(bcdata.universe("us_equity", AFTER))["META", 1][0] == "us_equity:META:2022-06-09"


def test_actions_of_the_new_symbol_that_are_not_there_are_told_of(folder: Path) -> None:
    with at(AFTER, folder) as lake:
        for dataset, symbol in ((BARS, "FB"), (ACTIONS, "FB")):
            ran = lake.materialize(dataset, symbol, "2022-06", "2022-06")
            assert ran.ok, ran.troubles
        with pytest.warns(MissingDataWarning, match="us_equity_actions of META is not published of 2022-06 to 2022-07"):
            bcdata.load(BARS, "FB", adjusted="splits")
