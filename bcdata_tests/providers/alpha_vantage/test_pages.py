"""How Alpha Vantage is asked, and what its plans do not include."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bcdata.errors import (
    BadAnswerError,
    NoDataError,
    NotEntitledError,
    OutOfDepthError,
    QuotaSpentError,
    RateLimitedError,
    UnknownSymbolError,
)
from bcdata.net.budgets import Budget
from bcdata.providers.registry import SOURCES
from bcdata.windows import Window
from bcdata_tests.providers.alpha_vantage.test_read import page, row
from bcdata_tests.providers.stocks.market import APPLE, COLUMNS, NOW, inside, series, server, truth
from bcdata_tests.providers.venues import Scripted, assert_same, first_open, pages, read

SOURCE = "alpha_vantage"
WEEKS = Window(datetime(2024, 10, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC))
DAY = Window(datetime(2024, 10, 10, tzinfo=UTC), datetime(2024, 10, 11, tzinfo=UTC))
URLS = {"rest": "https://www.alphavantage.co"}


@pytest.fixture
def _free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ALPHA_VANTAGE_PLAN", "free")


def test_what_is_asked_for() -> None:
    with server(SOURCE) as provider:
        found = pages(SOURCE, provider.url, series("BRK.B", "5m"), WEEKS, NOW)
        asked = [parse_qs(urlsplit(one.path).query) for one in provider.requests]
    own = {"function": ["TIME_SERIES_INTRADAY"], "symbol": ["BRK-B"], "interval": ["5min"], "adjusted": ["false"]}
    own |= {"extended_hours": ["false"], "outputsize": ["full"], "apikey": ["canary-of-alpha_vantage_api_key"]}
    assert asked == [own | {"month": [month]} for month in ("2024-10", "2024-11")]
    assert all("apikey" not in one.url and one.url.startswith("/query?function=") for one in found)
    assert [one.covers for one in found] == [
        Window(WEEKS.start, datetime(2024, 11, 1, tzinfo=UTC)),
        Window(datetime(2024, 11, 1, tzinfo=UTC), datetime(2024, 11, 8, 5, tzinfo=UTC)),
    ]


@pytest.mark.usefixtures("_free")
def test_the_free_plan_has_the_latest_hundred_sessions() -> None:
    with server(SOURCE, plan="free") as provider:
        (found,) = pages(SOURCE, provider.url, series(interval="1d"), WEEKS, NOW)
        assert "outputsize=compact" in provider.requests[0].path
        assert found.rows == 100
        assert found.covers == Window(datetime(2024, 6, 20, tzinfo=UTC), datetime(2024, 11, 8, tzinfo=UTC))
        rows = read(SOURCE, series(interval="1d"), [found.body])[0]
        assert_same(inside(rows, found.covers), truth(SOURCE, APPLE, "1d", found.covers), COLUMNS)
        assert first_open(SOURCE, provider.url, series(interval="1d"), NOW) is None
        before = Window(datetime(2024, 6, 13, tzinfo=UTC), datetime(2024, 6, 20, tzinfo=UTC))
        with pytest.raises(OutOfDepthError, match="the latest 100 sessions alone, since 2024-06-20"):
            pages(SOURCE, provider.url, series(interval="1d"), before, NOW)
        provider.clear()
        long_ago = Window(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC))
        with pytest.raises(OutOfDepthError, match=r"the plan 'free' reaches back to 2024-06-11"):
            pages(SOURCE, provider.url, series(interval="1d"), long_ago, NOW)
        assert not provider.requests
        (young,) = pages(SOURCE, provider.url, series("NEW", "1d"), WEEKS, NOW)
        assert young.covers.start == WEEKS.start  # all that there is


@pytest.mark.usefixtures("_free")
@pytest.mark.parametrize("name", ["1m", "1h"])
def test_the_free_plan_has_no_bars_within_a_day(name: str) -> None:
    with server(SOURCE, plan="free") as provider:
        with pytest.raises(NotEntitledError, match=r"has bars of 1d alone; .*BCDATA_ALPHA_VANTAGE_PLAN"):
            pages(SOURCE, provider.url, series(interval=name), DAY, NOW)
        assert not provider.requests


def test_a_key_of_the_free_plan_where_another_is_said() -> None:
    with server(SOURCE, plan="free") as provider:
        for name in ("1m", "1d"):
            with pytest.raises(NotEntitledError, match="This is a premium endpoint"):
                pages(SOURCE, provider.url, series(interval=name), DAY, NOW)


@pytest.mark.usefixtures("_free")
def test_limits() -> None:
    source = SOURCES[SOURCE]
    name = "alpha_vantage@www.alphavantage.co"
    day = Budget("alpha_vantage_day@www.alphavantage.co", 25, period="day", zone="America/New_York")
    assert source.limits(URLS) == (day, Budget(name, 1, 1.0))
    assert source.on_plan
    assert source.on_plan("premium").limits(URLS) == (Budget(name, 75, 60.0),)
    assert source.on_plan("premium_600").limits(URLS) == (Budget(name, 600, 60.0),)


@pytest.mark.usefixtures("_free")
def test_a_quota_is_there_again_at_midnight_in_new_york() -> None:
    with server(SOURCE, plan="free", a_day=1) as provider:
        pages(SOURCE, provider.url, series(interval="1d"), DAY, NOW)
        with pytest.raises(QuotaSpentError, match="is 1 requests per day") as raised:
            pages(SOURCE, provider.url, series(interval="1d"), DAY, NOW)
    day = Budget("day", 25, period="day", zone="America/New_York")
    assert abs(raised.value.resets_at - day.period_at(datetime.now(UTC))[1]) < timedelta(minutes=2)
    assert "canary" not in str(raised.value)
    assert "***" in str(raised.value)


def test_who_asks_too_fast_is_asked_to_wait_a_second() -> None:
    with server(SOURCE, a_second=1) as provider:
        assert len(pages(SOURCE, provider.url, series(interval="1h"), WEEKS, NOW)) == 2
        answered = [one.started for one in provider.requests]
    assert len(answered) > 2
    spoken = b'{"Information":"Please consider spreading out your requests more sparingly (1 request per second)"}'
    with Scripted(lambda _: spoken) as provider, pytest.raises(RateLimitedError, match="sparingly"):
        pages(SOURCE, provider.url, series(), DAY, NOW)


def test_an_unknown_symbol() -> None:
    with server(SOURCE) as provider, pytest.raises(UnknownSymbolError, match="Invalid API call"):
        pages(SOURCE, provider.url, series("NONE"), DAY, NOW)


def test_the_first_month() -> None:
    before = Window(datetime(1999, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))
    with server(SOURCE) as provider, pytest.raises(OutOfDepthError, match="since 2000-01"):
        pages(SOURCE, provider.url, series(), before, NOW)


def test_a_page_says_nothing_of_dates_after_it_was_refreshed() -> None:
    body = page({"2024-11-06": row(), "2024-11-05": row()}, span="Daily", fresh="2024-11-06")
    window = Window(datetime(2024, 11, 5, tzinfo=UTC), datetime(2024, 11, 8, tzinfo=UTC))
    with Scripted(lambda _: body) as provider:
        (found,) = pages(SOURCE, provider.url, series("IBM", "1d"), window, NOW)
        assert found.covers == Window(window.start, datetime(2024, 11, 7, tzinfo=UTC))
        later = Window(datetime(2024, 11, 7, tzinfo=UTC), datetime(2024, 11, 8, tzinfo=UTC))
        with pytest.raises(NoDataError, match="no session from 2024-11-07"):
            pages(SOURCE, provider.url, series("IBM", "1d"), later, NOW)


@pytest.mark.parametrize("name", ["1m", "1d"])
def test_rows_of_other_times_alone(name: str) -> None:
    rows = {"2020-01-02 09:30:00": row()} if name == "1m" else {"some day": row()}
    body = page(rows, span="1min" if name == "1m" else "Daily")
    with Scripted(lambda _: body) as provider, pytest.raises(BadAnswerError, match="none of its rows"):
        pages(SOURCE, provider.url, series("IBM", name), DAY, NOW)
