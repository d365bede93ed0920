"""How Polygon is asked, and what its plans do not include."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bcdata.errors import BadAnswerError, NotEntitledError, OutOfDepthError, ProviderError, RateLimitedError
from bcdata.net.budgets import Budget
from bcdata.providers.registry import SOURCES
from bcdata.simulate import Fault
from bcdata.windows import Window
from bcdata_tests.providers.polygon.test_read import AT, page, row
from bcdata_tests.providers.stocks.market import (
    APPLE,
    COLUMNS,
    LATE,
    NOW,
    action_pages,
    draw,
    inside,
    series,
    server,
    truth,
)
from bcdata_tests.providers.venues import Scripted, assert_same, first_open, pages, read

SOURCE = "polygon"
DAY = Window(datetime(2024, 10, 10, tzinfo=UTC), datetime(2024, 10, 11, tzinfo=UTC))
WEEKS = Window(datetime(2024, 10, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC))


@pytest.fixture
def _free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_POLYGON_PLAN", "basic")


def test_minutes_are_asked_for_by_months_and_unadjusted() -> None:
    with server(SOURCE) as provider:
        found = pages(SOURCE, provider.url, series(), WEEKS, NOW)
        asked = [urlsplit(one.path) for one in provider.requests]
    assert [one.path for one in asked] == [
        "/v2/aggs/ticker/AAPL/range/1/minute/1727740800000/1730419199999",
        "/v2/aggs/ticker/AAPL/range/1/minute/1730419200000/1731077939999",
    ]
    assert [parse_qs(one.query) for one in asked] == [{"adjusted": ["false"], "sort": ["asc"], "limit": ["50000"]}] * 2
    assert [one.url for one in found] == [f"{one.path}?{one.query}" for one in asked]


def test_days_are_asked_for_with_one_more_on_both_sides() -> None:
    with server(SOURCE) as provider:
        (found,) = pages(SOURCE, provider.url, series("BRK.B", "1d"), DAY, NOW)
    assert found.url.startswith("/v2/aggs/ticker/BRK.B/range/1/day/2024-10-09/2024-10-11?")
    assert found.covers == DAY


@pytest.mark.usefixtures("_free")
def test_the_free_plan_ends_with_the_day_before() -> None:
    with server(SOURCE, plan="basic") as provider:
        minutes = pages(SOURCE, provider.url, series(), WEEKS, NOW)
        (days,) = pages(SOURCE, provider.url, series(interval="1d"), WEEKS, NOW)
    assert minutes[-1].covers.end == datetime(2024, 11, 8, 5, tzinfo=UTC)  # midnight in New York
    assert days.covers.end == datetime(2024, 11, 8, tzinfo=UTC)
    assert b'"status":"DELAYED"' in days.body
    covered = Window(WEEKS.start, minutes[-1].covers.end)
    assert_same(
        inside(read(SOURCE, series(), [one.body for one in minutes])[0], covered),
        truth(SOURCE, APPLE, "1m", covered),
        COLUMNS,
    )


@pytest.mark.usefixtures("_free")
@pytest.mark.parametrize("name", ["1m", "1d"])
def test_the_free_plan_reaches_two_years_back(name: str) -> None:
    later = NOW + timedelta(days=365 + 300)  # the market begins in June 2023
    since = later - timedelta(days=730)
    with server(SOURCE, plan="basic", now=later) as provider:
        with pytest.raises(OutOfDepthError, match=rf"reaches back to {since:%Y-%m-%d}.*BCDATA_POLYGON_PLAN"):
            pages(SOURCE, provider.url, series(interval=name), Window(since - timedelta(days=40), since), later)
        assert not provider.requests
        over = Window(
            since.replace(hour=0, minute=0, second=0) - timedelta(days=9),
            since.replace(hour=0, second=0) + timedelta(days=12),
        )
        found = pages(
            SOURCE, provider.url, series(interval=name), Window(over.start, over.end.replace(minute=0)), later
        )
    assert since <= found[0].covers.start < since + timedelta(days=1)
    covered = Window(found[0].covers.start, found[-1].covers.end)
    rows = read(SOURCE, series(interval=name), [one.body for one in found])[0]
    assert_same(inside(rows, covered), truth(SOURCE, APPLE, name, covered), COLUMNS)


def test_a_key_of_a_smaller_plan_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_POLYGON_PLAN", "starter")
    old = Window(datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 3, tzinfo=UTC))
    later = NOW + timedelta(days=800)
    with (
        server(SOURCE, plan="basic", now=later) as provider,
        pytest.raises(NotEntitledError, match=r"data timeframe.*the plan 'starter' has the last 5 years"),
    ):
        pages(SOURCE, provider.url, series(), old, later)


@pytest.mark.usefixtures("_free")
def test_the_first_bar_is_not_known_where_the_plan_ends() -> None:
    later = NOW + timedelta(days=365)
    draw(Window(later - timedelta(days=740), later), APPLE, LATE)
    with server(SOURCE, plan="basic", now=later) as provider:
        assert first_open(SOURCE, provider.url, series(interval="1d"), later) is None
        assert first_open(SOURCE, provider.url, series("NEW", "1d"), later) == datetime(2024, 10, 16, tzinfo=UTC)


@pytest.mark.usefixtures("_free")
def test_five_requests_a_minute() -> None:
    with server(SOURCE, plan="basic", is_limited=True) as provider:
        for _ in range(5):
            pages(SOURCE, provider.url, series(), DAY, NOW)
        with pytest.raises(RateLimitedError, match="exceeded the maximum requests") as raised:
            pages(SOURCE, provider.url, series(), DAY, NOW)
    assert raised.value.retry_after == 60
    urls = {"rest": "https://u:p@api.massive.com"}
    assert SOURCES[SOURCE].limits(urls) == (Budget("polygon@api.massive.com", 5, 60.0),)
    on_plan = SOURCES[SOURCE].on_plan
    assert on_plan
    assert on_plan("starter").limits(urls) == (Budget("polygon@api.massive.com", 100, 1.0),)


def test_no_entitlement() -> None:
    with (
        server(SOURCE, faults=[Fault("aggs", "status", status=403)]) as provider,
        pytest.raises(NotEntitledError, match="not entitled"),
    ):
        pages(SOURCE, provider.url, series(), DAY, NOW)


def test_actions_in_pages() -> None:
    years = Window(datetime(2023, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    with server(SOURCE, most=1) as provider:
        found = action_pages(SOURCE, provider.url, "AAPL", years)
    assert [one.rows for one in found] == [1, 1, 1, 1]
    assert [one.covers == years for one in found] == [False, False, False, True]


MINUTES = Window(datetime(2024, 3, 8, 14, 30, tzinfo=UTC), datetime(2024, 3, 8, 15, 30, tzinfo=UTC))
NEXT = "/v2/aggs/next?cursor="


def leading(where: str, *times: int) -> bytes:
    return page(*(row(AT + minute * 60_000) for minute in times), next_url=where)


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("elsewhere", "its next page is at another host"),
        ("the same page for ever", "its rows do not"),
        ("pages without rows", "lead on"),
        ("other times alone", "none of its rows is of the time"),
        ("a page of another symbol", "MSFT"),
        ("seconds", "its rows are not bars of 1m"),
    ],
)
def test_pages_that_lead_nowhere_end(why: str, words: str) -> None:
    count = 0

    def reply(parameters: Mapping[str, str]) -> bytes:
        nonlocal count
        del parameters
        count += 1
        here = f"{provider.url}{NEXT}{count}"
        return {
            "elsewhere": leading("https://elsewhere.example/v2", 0, 1),
            "the same page for ever": leading(here, 0, 1),
            "pages without rows": leading(here),
            "other times alone": leading("", 10_000),
            "a page of another symbol": page(row(), ticker="MSFT"),
            "seconds": page(*(row(AT + second * 1000) for second in range(60))),
        }[why]

    with Scripted(reply) as provider, pytest.raises(BadAnswerError, match=words):
        pages(SOURCE, provider.url, series(), MINUTES, NOW)
    assert count < 20


def test_a_hostile_answer_is_a_typed_error() -> None:
    for said in (b"[" * 100_000, b"{}", b'{"status":"OK","results":[[[]]],"resultsCount":1}', b" " * 100):
        with Scripted(lambda _, said=said: said) as provider, pytest.raises(ProviderError, match=r"^polygon: "):  # type: ignore[misc]
            pages(SOURCE, provider.url, series(), MINUTES, NOW)
