"""Yahoo, Tiingo and FMP, raw to merged: bars are what was traded over a split and a change of clocks, no false gap."""

from datetime import date, datetime
from pathlib import Path

import pytest

from bcdata.ledger.ledger import Status
from bcdata.pipeline.outcome import State
from bcdata.simulate.fmp import LoopbackFmp
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.session_market import ListedSymbol, SessionMarket, Split
from bcdata.simulate.tiingo import LoopbackTiingo
from bcdata.simulate.yahoo import LoopbackYahoo
from bcdata_tests.run import pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at, month, truth

NOW, MONDAY = utc("2024-11-30T05:00"), utc("2024-12-02T05:00")
"""When the last session of November is over in New York, and 1 October lies within 60 days; when its last week is."""
SYMBOLS = ("AAPL", "BRK.B")
MONTHS = ("2024-10", "2024-11")
KEYS = {"TIINGO_API_KEY": "demo", "FMP_API_KEY": "demo"}


@pytest.fixture(scope="module")
def market() -> SessionMarket:
    hours = hours_of("XNYS", date(2024, 8, 1), date(2024, 12, 31))
    return SessionMarket(
        [
            ListedSymbol("AAPL", hours, date(2024, 8, 1), 400.0, splits=(Split(date(2024, 11, 18), 4),)),
            ListedSymbol("BRK.B", hours, date(2024, 8, 1), quiet=0.8, idle=frozenset({date(2024, 11, 12)})),
        ]
    )


def served(provider: str, market: SessionMarket, now: datetime) -> Loopback:
    servers = {"yahoo": LoopbackYahoo, "tiingo": LoopbackTiingo, "fmp": LoopbackFmp}
    return servers[provider](market, now=now)  # type: ignore[abstract]


@pytest.mark.one_in(1)
@pytest.mark.parametrize(
    ("provider", "interval"),
    [("yahoo", "15m"), ("yahoo", "1h"), ("yahoo", "1d"), ("tiingo", "15m"), ("tiingo", "1d"), ("tiingo", "1w"),
     ("fmp", "5m"), ("fmp", "1h"), ("fmp", "1d")],
)  # fmt: skip
def test_two_months(
    provider: str, interval: str, tmp_path: Path, market: SessionMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    now = MONDAY if interval == "1w" else NOW
    name = f"us_equity_klines_{interval}"
    entry = f"{{grain: month, start: 2024-10, symbols: [AAPL, BRK.B], sources: [{provider}], features: false}}"
    plans = "providers: {tiingo: {plan: power}, fmp: {plan: ultimate}}"
    lake = lake_at(tmp_path, f"{plans}\ndatasets:\n  {name}: {entry}\n", now)
    with served(provider, market, now) as venue, pointed_at(venue.environment(), tmp_path / "state"):
        ran = lake.materialize(name, ",".join(SYMBOLS), MONTHS[0], MONTHS[-1])
        assert ran.ok, ran.troubles
        venue.clear()
        again = lake.materialize(name, ",".join(SYMBOLS), MONTHS[0], MONTHS[-1])
        assert {one.state for _, one in again.outcomes} == {State.UNCHANGED}
        assert not venue.requests
    for symbol in SYMBOLS:
        for key in MONTHS:
            bars = lake.bars(name, symbol, key)
            assert bars is not None
            expected = truth(market, market.symbols[symbol], interval, month(key), now)
            assert bars["open_time"].to_list() == expected["open_time"].to_list()
            assert bars["session"].to_list() == expected["session"].to_list()
            for column in ("open", "high", "low", "close", "volume"):
                assert bars[column].to_list() == pytest.approx(expected[column].to_list(), rel=1e-6), column
            assert set(lake.ledger(name, symbol, key)["status"]) <= {Status.NO_TRADES}
