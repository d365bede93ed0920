"""Markets that the catalog declares: what they say, and what cannot be meant."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bcdata.catalog import load_catalog
from bcdata.errors import CatalogError
from bcdata.venues.dated_symbols import DatedSymbol
from bcdata.venues.hours import Hours, calendar_names

HEAD = """\
markets:
  uk_equity: {calendar: XLON, type: stock, currency: GBP, since: 1990-01, closed: [2022-09-19]}
  cme: {calendar: CMES, type: crypto, since: 2000-01, pauses: ["16:00-17:00 America/Chicago"]}
"""
BODY = """\
datasets:
  um_klines_1m: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_rest]}
"""


def read(folder: Path, text: str) -> str:
    path = folder / "catalog.yaml"
    path.write_text(text)
    try:
        load_catalog(path)
    except CatalogError as error:
        return str(error).replace(f"{path}:", "")
    return ""


def test_a_market_is_declared(tmp_path: Path) -> None:
    assert not read(tmp_path, HEAD + BODY)
    markets = {one.name: one for one in load_catalog(tmp_path / "catalog.yaml").markets}
    assert set(markets) == {"us_equity", "uk_equity", "cme"}
    assert markets["uk_equity"].hours == Hours("XLON", closed=(date(2022, 9, 19),))
    assert markets["uk_equity"].currency == "GBP"
    assert markets["cme"].hours.pauses == ("16:00-17:00 America/Chicago",)
    assert markets["us_equity"].hours == Hours("XNYS")


def test_sessions_of_ones_own(tmp_path: Path) -> None:
    entry = (
        "{calendar: XNYS, type: stock, since: 1990-01, sessions: {2025-07-03: [2025-07-03T13:30, 2025-07-03T17:00Z]}}"
    )
    assert not read(tmp_path, f"markets:\n  half: {entry}\n" + BODY)
    (market,) = (one for one in load_catalog(tmp_path / "catalog.yaml").markets if one.name == "half")
    ends = (datetime(2025, 7, 3, 13, 30, tzinfo=UTC), datetime(2025, 7, 3, 17, tzinfo=UTC))
    assert market.hours.sessions == ((date(2025, 7, 3), *ends),)


@pytest.mark.parametrize(
    ("typed", "symbol"),
    [
        ("aapl", "AAPL"),
        ("brk-b", "BRK.B"),
        ("BRK/B", "BRK.B"),
        ("BRK B", "BRK.B"),
        ("vod.l", "VOD.L"),
        ("7203.t", "7203.T"),
    ],
)
def test_stocks_as_people_write_them(tmp_path: Path, typed: str, symbol: str) -> None:
    read(tmp_path, HEAD + BODY)
    market = next(one for one in load_catalog(tmp_path / "catalog.yaml").markets if one.name == "uk_equity")
    assert market.as_written(typed) == symbol
    assert market.writes(symbol)


@pytest.mark.parametrize(
    ("market", "complaint"),
    [
        (
            "{calendar: XNYSE, type: stock, since: 1990-01}",
            "2: markets.one.calendar: there is no calendar 'XNYSE'; did",
        ),
        (
            "{calendar: XNYS, type: share, since: 1990-01}",
            "2: markets.one.type: 'share' is not possible; it is 'stock'",
        ),
        ("{calendar: XNYS, type: stock}", "2: markets.one.since: is needed"),
        ("{calendar: XNYS, type: stock, since: 1990}", "2: markets.one.since: '1990' is not a date key"),
        ("{calendar: XNYS, type: stock, since: 1990-01, currency: usd}", "must be three capital letters, like USD"),
        ("{calendar: XNYS, type: stock, since: 1990-01, pauses: [noon]}", "markets.one.pauses: 'noon' is no pause"),
        ("{calendar: XNYS, type: stock, since: 1990-01, closed: [soon]}", "must be a date, like 2025-01-09"),
        ("{calendar: XNYS, type: stock, since: 1990-01, sesions: {}}", "unknown key; did you mean 'sessions'?"),
        ("{calendar: 24/7, type: crypto, since: 2010-01, closed: [2020-01-01]}", "has no sessions to change"),
        ("{calendar: XNYS, type: stock, since: 1990-01, sessions: {2025-07-03: [noon, night]}}", "is not an instant"),
        ("perhaps", "must be a mapping of keys to values"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, market: str, complaint: str) -> None:
    if "XNYSE" in market and not calendar_names():
        pytest.skip("the names of calendars need the extra stocks")
    assert complaint in read(tmp_path, f"markets:\n  one: {market}\n" + BODY)


def instruments(*entries: str, market: str = "calendar: XLON, type: stock, currency: GBP, since: 1990-01") -> str:
    return (
        f"markets:\n  one:\n    {{{market}, instruments: [\n" + "".join(f"    {one},\n" for one in entries) + "    ]}\n"
    )


def test_what_a_symbol_is_priced_in_and_when(tmp_path: Path) -> None:
    stated = "{symbol: A.L, currency: GBp, to: 2023-05-02}", "{symbol: A.L, currency: GBP, from: 2023-05-02}"
    assert not read(tmp_path, instruments(*stated, "{symbol: VUSD.L, currency: USD}") + BODY)
    (market,) = (one for one in load_catalog(tmp_path / "catalog.yaml").markets if one.name == "one")
    assert market.dated == (
        DatedSymbol("A.L", None, date(2023, 5, 2), currency="GBp"),
        DatedSymbol("A.L", date(2023, 5, 2), None, currency="GBP"),
        DatedSymbol("VUSD.L", currency="USD"),
    )


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        (["{symbol: A.L, currency: GBp}", "{symbol: A.L, currency: GBP, from: 2023-05-02}"], "5: markets.one.inst"),
        (["{symbol: A.L, currency: GBp, to: 2023-05-03}", "{symbol: A.L, currency: GBP, from: 2023-05-02}"],
         "A.L has GBp for its currency from the beginning to 2023-05-03 already; let one end (`to`)"),
        (["{symbol: A.L, currency: GBp, from: 2023-05-03, to: 2023-05-03}"], "2023-05-03 does not come after"),
        (["{symbol: A.L, currency: Gbp}"], "'Gbp' is no currency: write three capitals"),
        (["{symbol: A.L, currency: GBp, to: 2023-02-29}"], "'2023-02-29' must be a date"),
        (["{symbol: A.L, curency: GBp}"], "unknown key; did you mean 'currency'?"),
        (["{symbol: A.L, form: 2023-02-28, currency: GBp}"], "unknown key; did you mean 'from'?"),
        (["{symbol: A.L, from: 2023-02-28}"], "says nothing of the symbol"),
        (["{currency: GBp}"], "4: markets.one.instruments.symbol: is needed"),
        (["{symbol: vod.l, currency: GBp}"], "the one market has no symbols like 'vod.l'; write AAPL"),
    ],
)  # fmt: skip
def test_instruments_that_cannot_be_meant(tmp_path: Path, entries: list[str], complaint: str) -> None:
    assert complaint in read(tmp_path, instruments(*entries) + BODY)


def test_what_never_closes_has_its_universe(tmp_path: Path) -> None:
    market = "calendar: 24/7, type: crypto, since: 2010-01"
    assert "the universe tells" in read(tmp_path, instruments("{symbol: A, currency: USD}", market=market) + BODY)


def test_names_that_are_taken_or_none(tmp_path: Path) -> None:
    entry = "{calendar: XNYS, type: stock, since: 1990-01}"
    assert "there is a market 'um' of a provider" in read(tmp_path, f"markets:\n  um: {entry}\n" + BODY)
    assert "'US' is no name of a market" in read(tmp_path, f"markets:\n  US: {entry}\n" + BODY)
    assert "must be a mapping of names to markets" in read(tmp_path, "markets: [us]\n" + BODY)
    below = BODY.replace("{grain", "{markets: {}, grain")
    assert "markets and plans are declared at the top of the catalog" in read(tmp_path, below)


def test_a_source_serves_types(tmp_path: Path) -> None:
    entry = "  uk_equity_klines_1d: {grain: month, start: 2023-01, symbols: [VOD.L], sources: [kraken_rest]}\n"
    assert "kraken_rest has no stock uk_equity market" in read(tmp_path, HEAD + "datasets:\n" + entry)
