"""Yahoo on the loopback: pages of a window hold what was traded, and say no more than they know."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.errors import (
    BadAnswerError,
    BlockedError,
    NoDataError,
    OutOfDepthError,
    ProviderError,
    RateLimitedError,
    UnreachableError,
)
from bcdata.providers.base import RawActions, Series
from bcdata.providers.registry import PROVIDERS, SOURCES
from bcdata.providers.yahoo.reading import read_actions
from bcdata.simulate import Fault
from bcdata.simulate.answers import JSON, Answer
from bcdata.simulate.exchange_hours import Hours
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionMarket, Split
from bcdata.simulate.yahoo import LoopbackYahoo
from bcdata.windows import Window
from bcdata_tests.providers.venues import Scripted, first_open, pages, read, us
from bcdata_tests.providers.yahoo.answers import body, chart

FIRST, LAST, EX = date(2024, 2, 26), date(2024, 3, 28), date(2024, 3, 13)
NEW_YORK = Hours.weekdays("America/New_York", FIRST, LAST, early={date(2024, 3, 5): time(13)})
SYDNEY = Hours.weekdays("Australia/Sydney", FIRST, LAST, time(10), time(16))
APPLE = ListedSymbol("AAPL", NEW_YORK, FIRST, splits=(Split(EX, 4),), dividends=(Dividend(date(2024, 3, 7), 1.0),))
BERKSHIRE = ListedSymbol("BRK.B", NEW_YORK, date(2024, 3, 4), quiet=0.6, idle=frozenset({date(2024, 3, 6)}))
ARISTOCRAT = ListedSymbol("ALL.AX", SYDNEY, FIRST, 40.0, currency="AUD")
MARKET = SessionMarket([APPLE, BERKSHIRE, ARISTOCRAT])
NOW = datetime(2024, 3, 20, 17, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def expected(symbol: ListedSymbol, interval: str, window: Window) -> pl.DataFrame:
    """The truth: bars of days by their label, others by their open."""
    rows = []
    for bar in MARKET.bars(symbol, interval, window, NOW):
        at = us(midnight(bar.label)) if interval == "1d" else bar.opened * 10**6
        if bar.closes <= NOW.timestamp():
            rows.append((at, *bar.plain(symbol)))
    names = ("open_time", "open", "high", "low", "close", "volume")
    return pl.DataFrame(rows, dict(zip(names, [pl.Int64, *[pl.Float64] * 5], strict=True)), orient="row")


def assert_true(found: pl.DataFrame, truth: pl.DataFrame) -> None:
    assert found["open_time"].to_list() == truth["open_time"].to_list()
    for name in ("open", "high", "low", "close", "volume"):
        assert found[name].to_list() == pytest.approx(truth[name].to_list(), rel=1e-6), name


@settings(max_examples=15)
@given(
    symbol=st.sampled_from([APPLE, BERKSHIRE, ARISTOCRAT]),
    interval=st.sampled_from(["1m", "5m", "15m", "1h"]),
    start=st.integers(0, 24 * 22 * 4),
    length=st.integers(1, 24 * 9 * 4),
)
def test_bars_of_a_window_are_what_was_traded(symbol: ListedSymbol, interval: str, start: int, length: int) -> None:
    first = midnight(date(2024, 2, 27)) + timedelta(minutes=15 * start)
    window = Window(first, min(first + timedelta(minutes=15 * length), NOW - timedelta(minutes=62)))
    if window.is_empty:
        return
    series = Series("us_equity", "klines", symbol.symbol, interval)
    with LoopbackYahoo(MARKET, now=NOW) as server:
        try:
            told = pages("yahoo", server.url, series, window, NOW)
        except NoDataError:
            return  # a week without a trade is no answer, whatever the weeks before it had
        covered = [one.covers for one in told if not one.covers.is_empty]
        assert all("crumb" not in one.url and one.url.startswith("/v8/finance/chart/") for one in told)
    rows, bad = read("yahoo", series, [one.body for one in told])
    assert bad.is_empty()
    truth = expected(symbol, interval, window)
    assert_true(rows.sort("open_time"), truth)
    if told:
        assert covered[0].start == window.start
        assert all(one.end <= window.end for one in covered)


@pytest.mark.parametrize("symbol", [APPLE, BERKSHIRE, ARISTOCRAT], ids=lambda one: one.symbol)
@pytest.mark.parametrize("start", [date(2024, 2, 27), date(2024, 3, 6), date(2024, 3, 10), date(2024, 3, 18)])
def test_days_are_asked_for_up_to_now(symbol: ListedSymbol, start: date) -> None:
    series, window = Series("m", "klines", symbol.symbol, "1d"), Window(midnight(start), midnight(start) + DAY)
    with LoopbackYahoo(MARKET, now=NOW) as server:
        (told,) = pages("yahoo", server.url, series, window, NOW)
    rows, bad = read("yahoo", series, [told.body])
    assert bad.is_empty()
    assert told.covers.start == window.start - DAY
    opens = datetime(2024, 3, 20, 13, 30, tzinfo=UTC)
    closes = datetime(2024, 3, 20, 5, tzinfo=UTC)
    assert told.covers.end == (closes if symbol is ARISTOCRAT else opens), "its session is over, that of others runs"
    truth = expected(symbol, "1d", Window(midnight(FIRST), NOW + DAY))
    reach = Window(told.covers.start - 7 * DAY, told.covers.end)  # the bars before show what leaps at the first one
    labels = [us(midnight(one.label)) for one in symbol.sessions() if one.open in reach]
    assert_true(rows, truth.filter(pl.col("open_time").is_in(labels)))
    assert told.rows >= rows.height


@pytest.mark.parametrize("symbol", [APPLE, ARISTOCRAT], ids=lambda one: one.symbol)
def test_a_window_of_a_session_is_covered_whole(symbol: ListedSymbol) -> None:
    series = Series("m", "klines", symbol.symbol, "1d")
    sessions = list(symbol.sessions())[1:14]
    with LoopbackYahoo(MARKET, now=NOW) as server:
        for session in sessions:  # Mondays too, which begin on Sunday in Sydney
            (told,) = pages("yahoo", server.url, series, Window(session.open, session.close), NOW)
            rows, _ = read("yahoo", series, [told.body])
            assert told.covers.start <= session.open
            assert session.close <= told.covers.end
            assert us(midnight(session.label)) in rows["open_time"]


def test_no_answer_covers_the_future() -> None:
    later = int(NOW.timestamp()) + 90 * 86_400
    sent = body(chart([int(NOW.timestamp()) - 99_000], quoted=later, period=(later - 9, later)))
    with Scripted(lambda _: sent) as server:
        (told,) = pages("yahoo", server.url, Series("m", "klines", "AAPL", "1d"), Window(NOW - DAY, NOW), NOW)
    assert told.covers.end == NOW


def test_a_session_that_runs_is_not_covered() -> None:
    series = Series("m", "klines", "AAPL", "5m")
    window = Window(NOW.replace(hour=13, minute=30, second=0), NOW.replace(hour=17, minute=0, second=0))
    late = NOW.replace(hour=15, minute=7)
    with LoopbackYahoo(MARKET, now=late) as server:
        told = pages("yahoo", server.url, series, window, late)
    assert [one.covers.is_empty for one in told] == [True, False]
    assert told[1].covers.end <= late
    rows, _ = read("yahoo", series, [one.body for one in told])
    assert rows["open_time"].max() == us(late.replace(minute=0, second=0))


def test_minutes_are_asked_for_a_week_at_a_time_and_no_more_than_there_are() -> None:
    series = Series("m", "klines", "AAPL", "1m")
    now = NOW + 20 * DAY
    with LoopbackYahoo(MARKET, now=now) as server:
        window = Window(midnight(date(2024, 2, 26)), midnight(date(2024, 3, 26)))
        told = pages("yahoo", server.url, series, window, now)
        assert len(server.requests) == 4
        assert all(one.status == 200 for one in server.requests)
        with pytest.raises(
            OutOfDepthError, match=r"yahoo: m/klines/AAPL/1m: bars of 1m reach 30 days back, to 2024-03"
        ):
            pages("yahoo", server.url, series, Window(midnight(FIRST), midnight(FIRST) + DAY), now)
        assert len(server.requests) == 4, "it was known without asking"
    assert told[1].covers.start == now.replace(second=0) - 30 * DAY + timedelta(hours=1)


def test_nothing_before_the_listing_and_on_holidays() -> None:
    series = Series("m", "klines", "BRK.B", "5m")
    with LoopbackYahoo(MARKET, now=NOW) as server:
        for day in (date(2024, 2, 28), date(2024, 3, 9)):
            with pytest.raises(NoDataError, match="yahoo"):
                pages("yahoo", server.url, series, Window(midnight(day), midnight(day) + DAY), NOW)
        with pytest.raises(NoDataError, match="No data found, symbol may be delisted"):
            pages("yahoo", server.url, Series("m", "klines", "GONE", "1d"), Window(NOW - DAY, NOW), NOW)


@pytest.mark.parametrize(
    ("interval", "now", "expected_open"),
    [
        ("1d", NOW, midnight(date(2024, 3, 4))),
        ("5m", NOW, datetime(2024, 3, 4, 14, 30, tzinfo=UTC)),
        ("1m", datetime(2024, 4, 20, tzinfo=UTC), None),
    ],
)
def test_first_open(interval: str, now: datetime, expected_open: datetime | None) -> None:
    hours = Hours.weekdays("America/New_York", FIRST, date(2024, 4, 30))
    market = SessionMarket([ListedSymbol("BRK.B", hours, date(2024, 3, 4))])
    with LoopbackYahoo(market, now=now) as server:
        assert first_open("yahoo", server.url, Series("m", "klines", "BRK.B", interval), now) == expected_open


def test_a_crumb_is_fetched_when_it_is_demanded_and_renewed_once() -> None:
    series, window = Series("m", "klines", "AAPL", "5m"), Window(NOW - DAY, NOW - timedelta(hours=2))
    with LoopbackYahoo(MARKET, now=NOW, crumb="first.Crumb") as server:
        told = pages("yahoo", server.url, series, window, NOW)
        assert [(one.path.partition("?")[0], one.status) for one in server.requests] == [
            ("/v8/finance/chart/AAPL", 401),
            ("/", 404),
            ("/v1/test/getcrumb", 200),
            ("/v8/finance/chart/AAPL", 200),
            ("/v8/finance/chart/AAPL", 200),
        ]
        assert not any(b"Crumb" in one.body or "rumb" in one.url for one in told)
        server.demand("second.Crumb")
        server.clear()
        assert [one.body for one in pages("yahoo", server.url, series, window, NOW)] == [one.body for one in told]
        assert len(server.requests) == 5


UNAUTHORIZED = Answer(401, b'{"finance":{"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}', JSON)


def test_a_crumb_that_is_not_accepted_is_renewed_once_and_never_told_of() -> None:
    with Scripted(lambda asked: UNAUTHORIZED if "interval" in asked else b"secret.Crumb") as server:
        with pytest.raises(BlockedError, match="cookie and crumb") as caught:
            pages("yahoo", server.url, Series("m", "klines", "AAPL", "1d"), Window(NOW - DAY, NOW), NOW)
        assert [one.path.rpartition("crumb=")[2] for one in server.requests][1:] == [
            "/",
            "/v1/test/getcrumb",
            "secret.Crumb",
        ]
    assert "secret.Crumb" not in f"{caught.value}{caught.value.url}"


@pytest.mark.parametrize("said", [b"", b"Too Many Requests\r\n", b"<html>consent</html>", b"a b", b"x" * 100])
def test_what_is_no_crumb_is_not_shown(said: bytes) -> None:
    with Scripted(lambda asked: UNAUTHORIZED if "interval" in asked else said) as server:
        with pytest.raises((BlockedError, RateLimitedError)):
            pages("yahoo", server.url, Series("m", "klines", "AAPL", "1d"), Window(NOW - DAY, NOW), NOW)
        assert not any("crumb=" in one.path for one in server.requests)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("chart", "status", status=500), UnreachableError),
        (Fault("chart", "status", status=429, retry_after=100), RateLimitedError),
        (Fault("chart", "html"), BadAnswerError),
        (Fault("chart", "truncate_silently"), BadAnswerError),
        (Fault("chart", "truncate"), UnreachableError),
    ],
)
def test_a_server_that_fails(fault: Fault, kind: type[ProviderError]) -> None:
    with LoopbackYahoo(MARKET, now=NOW, faults=[fault]) as server, pytest.raises(kind, match=r"^yahoo: http://127"):
        pages("yahoo", server.url, Series("m", "klines", "AAPL", "1d"), Window(NOW - DAY, NOW), NOW)


def test_trouble_on_the_way_is_got_over() -> None:
    with LoopbackYahoo(MARKET, now=NOW, rate=1) as server:
        for kind in ("stall", "reset"):
            server.add(Fault("chart", kind, times=1))  # type: ignore[arg-type]
        assert len(pages("yahoo", server.url, Series("m", "klines", "AAPL", "1d"), Window(NOW - DAY, NOW), NOW)) == 1
        assert any(one.status == 429 for one in server.requests)


HOSTILE = {
    "rows of another time alone": body(chart([60, 120])),
    "another symbol": body(chart([int(NOW.timestamp()) - 99_000], symbol="MSFT")),
    "another length": body(chart([int(NOW.timestamp()) - 99_000], interval="1wk")),
    "no chart": b'{"chart":{"result":[{"timestamp":[1]}],"error":null}}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("why", HOSTILE)
def test_hostile_answers_end_in_typed_errors(why: str) -> None:
    with Scripted(lambda _: HOSTILE[why]) as server, pytest.raises(BadAnswerError, match="yahoo"):
        pages("yahoo", server.url, Series("m", "klines", "AAPL", "1d"), Window(NOW - DAY, NOW), NOW)


def test_splits_and_dividends_come_with_the_days() -> None:
    series, window = Series("m", "actions", "AAPL"), Window(midnight(FIRST), midnight(date(2024, 3, 20)))
    with LoopbackYahoo(MARKET, now=NOW) as server:
        (told,) = pages("yahoo", server.url, series, window, NOW)
    found: RawActions = read_actions(series, [told.body])
    assert found.bad_lines.is_empty()
    assert found.rows.select("kind", "ex_session", "ratio", "amount").rows() == [
        ("split", EX, 4.0, None),
        ("cash", date(2024, 3, 7), None, 1.0),
    ]


def test_what_the_source_says_of_itself() -> None:
    (source,) = PROVIDERS["yahoo"].sources
    assert source is SOURCES["yahoo"]
    assert source.plan
    assert "personal" in source.plan.terms
    assert source.capabilities.tape_of("1m") == "consolidated"
    assert [one.limit for one in source.limits({"rest": "http://127.0.0.1:1"})] == [2]
