"""How Alpaca is asked, and what its plans do not include."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bcdata.errors import BadAnswerError, NotEntitledError, UnknownSymbolError
from bcdata.net.budgets import Budget
from bcdata.providers.registry import SOURCES
from bcdata.simulate import Fault
from bcdata.windows import Window
from bcdata_tests.providers.alpaca.test_read import page, row
from bcdata_tests.providers.stocks.market import APPLE, COLUMNS, NOW, action_pages, inside, series, server, truth
from bcdata_tests.providers.venues import Scripted, assert_same, pages, read

SOURCE = "alpaca"
DAY = Window(datetime(2024, 10, 10, tzinfo=UTC), datetime(2024, 10, 11, tzinfo=UTC))
WEEKS = Window(datetime(2024, 10, 28, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC))
MINUTES = Window(datetime(2024, 3, 8, 14, 30, tzinfo=UTC), datetime(2024, 3, 8, 15, 30, tzinfo=UTC))


def test_what_is_asked_for() -> None:
    with server(SOURCE, most=200) as provider:
        found = pages(SOURCE, provider.url, series("BRK.B"), DAY, NOW)
        asked = [parse_qs(urlsplit(one.path).query) for one in provider.requests]
        pages(SOURCE, provider.url, series(), DAY, NOW)
        tokens = [parse_qs(urlsplit(one.path).query).get("page_token") for one in provider.requests[1:]]
    assert asked == [
        {
            "symbols": ["BRK.B"], "timeframe": ["1Min"], "limit": ["10000"], "adjustment": ["raw"], "feed": ["sip"],
            "asof": ["-"], "sort": ["asc"], "start": ["2024-10-10T00:00:00Z"], "end": ["2024-10-10T23:59:59Z"],
        }
    ]  # fmt: skip
    assert found[0].url.startswith("/v2/stocks/bars?symbols=BRK.B&timeframe=1Min&start=2024-10-10T00%3A00%3A00Z")
    assert tokens[0] is None
    assert len(set(map(str, tokens))) == len(tokens) == 2


def test_the_free_plan_has_nothing_of_the_last_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ALPACA_PLAN", "basic")
    with server(SOURCE, plan="basic") as provider:
        found = pages(SOURCE, provider.url, series(), WEEKS, NOW)
        (day,) = pages(SOURCE, provider.url, series(interval="1d"), WEEKS, NOW)
        assert "end=2024-11-08T14:43:59Z" in provider.requests[0].path
    assert found[-1].covers.end == datetime(2024, 11, 8, 14, 44, tzinfo=UTC)
    assert day.covers.end == datetime(2024, 11, 8, tzinfo=UTC)
    covered = Window(WEEKS.start, found[-1].covers.end)
    rows = read(SOURCE, series(), [one.body for one in found])[0]
    assert_same(inside(rows, covered), truth(SOURCE, APPLE, "1m", covered), COLUMNS)


def test_a_key_of_the_free_plan_where_another_is_said() -> None:
    with server(SOURCE, plan="basic") as provider, pytest.raises(NotEntitledError, match="recent SIP data"):
        pages(SOURCE, provider.url, series(), WEEKS, NOW)


def test_nothing_is_asked_of_the_time_that_the_plan_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ALPACA_PLAN", "basic")
    start = NOW.replace(minute=0, second=0) - timedelta(minutes=10)
    with server(SOURCE, plan="basic") as provider:
        assert pages(SOURCE, provider.url, series(), Window(start, start + timedelta(minutes=10)), NOW) == []
        assert not provider.requests


def test_an_unknown_symbol() -> None:
    with server(SOURCE) as provider, pytest.raises(UnknownSymbolError, match="invalid symbol: BRK-B"):
        pages(SOURCE, provider.url, series("BRK-B"), DAY, NOW)


def test_limits() -> None:
    urls, on_plan = {"rest": "https://data.alpaca.markets"}, SOURCES[SOURCE].on_plan
    assert on_plan
    assert on_plan("basic").limits(urls) == (Budget("alpaca@data.alpaca.markets", 200, 60.0),)
    assert on_plan("algo_trader_plus").limits(urls) == (Budget("alpaca@data.alpaca.markets", 10_000, 60.0),)


def test_a_rate_limit_is_waited_for_until_its_reset() -> None:
    busy = Fault("bars", "status", status=429, retry_after=1, times=1)
    with server(SOURCE, faults=[busy]) as provider:
        assert len(pages(SOURCE, provider.url, series(), DAY, NOW)) == 1
        first, second = provider.requests
    assert second.started - first.started < 2.5  # up to the second, and no minute


def test_actions_in_pages() -> None:
    years = Window(datetime(2023, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    with server(SOURCE, most=1) as provider:
        found = action_pages(SOURCE, provider.url, "AAPL", years)
    assert [one.rows for one in found] == [1, 1, 1, 1]
    assert [one.covers == years for one in found] == [False, False, False, True]


def test_a_dividend_that_is_paid_after_the_window_belongs_to_it() -> None:
    month = Window(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 12, tzinfo=UTC))  # paid on 31 May
    with server(SOURCE) as provider:
        (found,) = action_pages(SOURCE, provider.url, "AAPL", month)
    assert b'"ex_date":"2024-05-10"' in found.body


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("the same rows for ever", "its rows do not"),
        ("the same token for ever", "leads back"),
        ("pages without rows", "lead on"),
        ("other times alone", "none of its rows is of the time"),
        ("another symbol", "META"),
    ],
)
def test_pages_that_lead_nowhere_end(why: str, words: str) -> None:
    count = 0

    def reply(parameters: Mapping[str, str]) -> bytes:
        nonlocal count
        del parameters
        count += 1
        later = f"2024-03-08T14:{29 + count}:00Z"
        return {
            "the same rows for ever": page(row(), following=f"{count}"),
            "the same token for ever": page(row(later), following="QQ"),
            "pages without rows": page(following=f"{count}"),
            "other times alone": page(row("2020-01-02T14:30:00Z")),
            "another symbol": page(row(), symbol="META"),
        }[why]

    with Scripted(reply) as provider, pytest.raises(BadAnswerError, match=words):
        pages(SOURCE, provider.url, series(), MINUTES, NOW)
    assert count < 20
