"""Markets whose sessions last for most of a day and cross midnight: currencies, and futures with a daily pause."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bcdata.ledger.ledger import Status
from bcdata.simulate.exchange_hours import Hours, Session
from bcdata.simulate.polygon import LoopbackPolygon
from bcdata.simulate.session_market import ListedSymbol, SessionMarket
from bcdata_tests.run import pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at, month, truth

DAY, FIVE = timedelta(days=1), timedelta(minutes=5)
NOW = utc("2024-12-20T12:00")
FIRST, LAST = date(2024, 1, 2), date(2024, 12, 31)
CHANGES = ("2024-03", "2024-11")
"""Months in which New York and Chicago change their clocks."""


def _at(day: date, clock: int, zone: str) -> datetime:
    return datetime.combine(day, time(clock), ZoneInfo(zone)).astimezone(UTC)


def currency_week() -> Hours:
    """Sessions of the dates Monday to Friday, each from 17:00 in New York on the day before."""
    zone = "America/New_York"
    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    weekdays = [one for one in days if one.weekday() < 5]
    return Hours(zone, tuple(Session(one, _at(one - DAY, 17, zone), _at(one, 17, zone)) for one in weekdays))


def futures() -> Hours:
    """The sessions of the CME's futures but for the hour from 16:00 in Chicago, in which they pause."""
    whole, place = hours_of("CMES", FIRST, LAST), "America/Chicago"
    paused = (replace(one, close=min(one.close, _at(one.label, 16, place))) for one in whole.sessions)
    return Hours("America/New_York", tuple(paused))  # at whose midnights Polygon's days begin


MARKETS = {
    "fx": ("{calendar: fx_ny, type: forex, currency: USD, since: 2020-01}", "EURUSD", currency_week),
    "cme": (
        '{calendar: CMES, type: stock, currency: USD, since: 2020-01, pauses: ["16:00-17:00 America/Chicago"]}',
        "ESX",
        futures,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MARKETS)
def test_no_false_gap_over_changes_of_clocks(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared, symbol, make = MARKETS[name]
    hours = make()
    idle = next(one.label for one in hours.sessions if one.label >= date(2024, 3, 20))
    traded = SessionMarket([ListedSymbol(symbol, hours, FIRST, 400.0, idle=frozenset({idle}))])
    listed, minutes, days = traded.symbols[symbol], f"{name}_klines_5m", f"{name}_klines_1d"
    text = f"""
markets: {{{name}: {declared}}}
providers: {{polygon: {{plan: advanced}}}}
datasets:
  {minutes}: {{grain: month, start: 2024-02, symbols: [{symbol}], sources: [polygon], resample: [1h, 1d]}}
"""
    lake = lake_at(tmp_path, text, NOW)
    monkeypatch.setenv("POLYGON_API_KEY", "abcdefgh1234")
    with LoopbackPolygon(traded, plan="advanced", now=NOW) as venue, pointed_at(venue.environment(), tmp_path / "s"):
        for key in CHANGES:
            ran = lake.materialize(minutes, symbol, key)
            assert ran.ok, ran.troubles
    # What Polygon has in place of a volume of currencies counts quotes, and is null here.
    columns = ["open_time", "open", "high", "low", "close", "session", *(["volume"] if name != "fx" else [])]
    for key in CHANGES:
        bars, gaps, whole = lake.bars(minutes, symbol, key), lake.ledger(minutes, symbol, key), month(key)
        assert bars is not None
        assert bars.select(columns).rows() == truth(traded, listed, "5m", whole, NOW).select(columns).rows(), key
        assert set(gaps["status"]) <= {Status.NO_TRADES}
        stretches = ((max(one.open, whole.start), min(one.close, whole.end)) for one in hours.sessions)
        is_open = sum(((end - start) / FIVE for start, end in stretches if start < end), 0.0)
        assert bars.height + gaps["bars"].sum() == is_open, "bars and what is explained are all that was open"
        coarse = lake.bars(days, symbol, key, "resampled")
        assert coarse is not None
        inside = [one for one in hours.sessions if one.open in whole and one.label != idle]
        assert coarse.select("session", "open_time").rows() == [(one.label, one.open) for one in inside]
        assert coarse["expected"].to_list() == [(one.close - one.open) / FIVE for one in inside]
        ended = coarse.filter(coarse["session"].is_in([one.label for one in inside if one.close <= whole.end]))
        assert (ended["bars"] + ended["explained"] == ended["expected"]).all()
        assert lake.bars(minutes, symbol, key, "features") is not None
