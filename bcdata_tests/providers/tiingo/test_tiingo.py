"""Tiingo: bars by dates, as they were traded; splits and payments stand beside them."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.errors import (
    BadAnswerError,
    BadKeyError,
    NoDataError,
    ProviderError,
    QuotaSpentError,
    RateLimitedError,
    UnknownSymbolError,
    UnreachableError,
    UsageError,
)
from bcdata.frames.schema import RAW_BAR, REFUSED, REPORTS
from bcdata.interval import Interval
from bcdata.providers.base import Series
from bcdata.providers.registry import SOURCES
from bcdata.providers.tiingo.reading import read_actions, read_bars
from bcdata.providers.tiingo.symbols import written
from bcdata.simulate import Fault
from bcdata.simulate.exchange_hours import Hours
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionBar, SessionMarket, Split
from bcdata.simulate.tiingo import LoopbackTiingo
from bcdata.windows import Window
from bcdata_tests.providers.tiingo.recorded import recorded
from bcdata_tests.providers.venues import Scripted, first_open, pages, read, us

CANARY = "canary0123456789abcdef"
FIRST, LAST, EX = date(2024, 1, 29), date(2024, 4, 30), date(2024, 3, 13)
NEW_YORK = Hours.weekdays("America/New_York", FIRST, LAST, early={date(2024, 3, 5): time(13)})
PAID = (Dividend(date(2024, 3, 7), 1.25), Dividend(EX, 0.5))
APPLE = ListedSymbol("AAPL", NEW_YORK, FIRST, splits=(Split(EX, 4),), dividends=PAID)
BERKSHIRE = ListedSymbol("BRK.B", NEW_YORK, date(2024, 3, 4), quiet=0.6, idle=frozenset({date(2024, 3, 6)}))
MARKET = SessionMarket([APPLE, BERKSHIRE])
NOW = datetime(2024, 3, 20, 17, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = ("open", "high", "low", "close", "volume")
DAYS = Series("us_equity", "klines", "AAPL", "1d")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIINGO_API_KEY", CANARY)


def serving(now: datetime = NOW, **options: Any) -> LoopbackTiingo:
    return LoopbackTiingo(MARKET, now=now, key=CANARY, **options)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, {"open_time": pl.Int64, **dict.fromkeys(NAMES, pl.Float64)}, orient="row")


def labelled(symbol: ListedSymbol, bar: SessionBar, interval: str) -> tuple[Any, ...]:
    is_long = interval in {"1d", "1w", "1mo"}
    return (us(midnight(bar.last)) if is_long else bar.opened * 10**6, *bar.plain(symbol))


def assert_true(found: pl.DataFrame, truth: pl.DataFrame) -> None:
    assert found["open_time"].to_list() == truth["open_time"].to_list()
    for name in NAMES:
        assert found[name].to_list() == pytest.approx(truth[name].to_list(), rel=1e-12), name


@settings(max_examples=20)
@given(
    symbol=st.sampled_from([APPLE, BERKSHIRE]),
    interval=st.sampled_from(["5m", "15m", "1h", "1d"]),
    start=st.integers(0, 50 * 24),
    hours=st.integers(1, 60 * 24),
)
def test_bars_of_a_window_are_what_was_traded(symbol: ListedSymbol, interval: str, start: int, hours: int) -> None:
    grid = Interval.parse(interval)
    first = grid.floor(midnight(FIRST) + timedelta(hours=start))
    window = Window(first, min(grid.ceil(first + timedelta(hours=hours)), grid.floor(NOW)))
    series = Series("us_equity", "klines", symbol.symbol, interval)
    with serving() as server:
        try:
            told = pages("tiingo", server.url, series, window, NOW)
        except NoDataError:
            told = []
        asked = [one.path for one in server.requests]
    rows, bad = read("tiingo", series, [one.body for one in told])
    assert bad.is_empty()
    covered = Window(told[0].covers.start, told[-1].covers.end) if told else Window(window.start, window.start)
    truth = MARKET.bars(
        symbol, interval, window.until(midnight(NOW.date())) if not told else covered, NOW, grid="clock"
    )
    assert_true(rows, frame([labelled(symbol, one, interval) for one in truth]))
    if told:
        assert covered.start <= window.start
        assert covered.end >= min(window.end, midnight(NOW.date())) or interval == "1d"
        assert covered.end <= midnight(NOW.date()), "a date is asked for when it is over"
    assert not any(CANARY in text for text in asked)


@pytest.mark.parametrize(
    ("interval", "window"),
    [
        ("1w", Window(midnight(date(2024, 2, 12)), midnight(date(2024, 3, 18)))),
        ("1w", Window(midnight(date(2024, 2, 12)), midnight(date(2024, 2, 19)))),
        ("1mo", Window(midnight(date(2024, 2, 1)), midnight(date(2024, 3, 1)))),
        ("1mo", Window(midnight(date(2024, 2, 1)), midnight(date(2024, 4, 1)))),
    ],
)
def test_weeks_and_months_are_whole(interval: str, window: Window) -> None:
    series = Series("us_equity", "klines", "BRK.B", interval)
    market = SessionMarket([ListedSymbol("BRK.B", NEW_YORK, FIRST)])
    with LoopbackTiingo(market, now=NOW, key=CANARY) as server:
        (told,) = pages("tiingo", server.url, series, window, NOW)
    rows, bad = read("tiingo", series, [told.body])
    assert bad.is_empty()
    ends = Interval.parse(interval).floor(NOW)
    assert told.covers == window.until(ends)
    own = [one for one in market.bars(market.symbols["BRK.B"], interval, window, NOW) if midnight(one.last) < ends]
    assert_true(rows, frame([labelled(market.symbols["BRK.B"], one, interval) for one in own]))


@pytest.mark.parametrize(
    ("interval", "window", "covers"),
    [
        ("1d", ("2024-03-08T14:30", "2024-03-12T20:00"), ("2024-03-08", "2024-03-13")),
        ("1w", ("2024-03-04T14:30", "2024-03-15T20:00"), ("2024-03-04", "2024-03-18")),
        ("1mo", ("2024-02-01T14:30", "2024-02-29T21:00"), ("2024-02-01", "2024-03-01")),
    ],
)
def test_windows_from_an_open_to_a_close_are_whole(
    interval: str, window: tuple[str, str], covers: tuple[str, str]
) -> None:
    asked, told = (
        Window(*(datetime.fromisoformat(one).replace(tzinfo=UTC) for one in pair)) for pair in (window, covers)
    )
    series = Series("m", "klines", "AAPL", interval)
    with serving() as server:
        (page,) = pages("tiingo", server.url, series, asked, NOW)
    assert page.covers == told
    rows, _ = read("tiingo", series, [page.body])
    truth = MARKET.bars(APPLE, interval, told, NOW)
    assert rows["open_time"].to_list() == [us(midnight(one.last)) for one in truth]
    assert rows["volume"].to_list() == [one.plain(APPLE)[4] for one in truth]


def test_a_date_is_asked_for_when_it_is_over_in_new_york() -> None:
    window = Window(midnight(date(2024, 3, 19)), midnight(date(2024, 3, 20)))
    for now, expected in (
        (datetime(2024, 3, 20, 3, 59, tzinfo=UTC), []),
        (datetime(2024, 3, 20, 4, tzinfo=UTC), [window]),
    ):
        with serving(now) as server:
            assert [one.covers for one in pages("tiingo", server.url, DAYS, window, now)] == expected


def test_five_minutes_are_asked_for_twenty_days_at_a_time_with_their_volume() -> None:
    window = Window(midnight(date(2024, 2, 1)), midnight(date(2024, 3, 1)))
    with serving() as server:
        told = pages("tiingo", server.url, Series("m", "klines", "AAPL", "5m"), window, NOW)
    assert [one.url for one in told] == [
        f"/iex/AAPL/prices?startDate={first}&endDate={last}&resampleFreq=5min&columns=open%2Chigh%2Clow%2Cclose%2Cvolume"
        "&afterHours=false&forceFill=false"
        for first, last in (("2024-02-01", "2024-02-20"), ("2024-02-21", "2024-02-29"))
    ]
    assert max(one.rows for one in told) < 2000


def test_nothing_and_nobody() -> None:
    with serving() as server:
        with pytest.raises(NoDataError, match=r"tiingo: us_equity/klines/BRK\.B/1d: it has nothing from 2024-02-01"):
            pages("tiingo", server.url, Series("us_equity", "klines", "BRK.B", "1d"),
                  Window(midnight(date(2024, 2, 1)), midnight(date(2024, 2, 5))), NOW)  # fmt: skip
        with pytest.raises(UnknownSymbolError, match="'GONE' not found"):
            pages("tiingo", server.url, Series("m", "klines", "GONE", "1d"), Window(NOW - 3 * DAY, NOW), NOW)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [("1d", date(2024, 3, 4)), ("1w", date(2024, 3, 4)), ("1mo", date(2024, 3, 1)), ("5m", None)],
)
def test_first_open(interval: str, expected: date | None) -> None:
    with serving() as server:
        found = first_open("tiingo", server.url, Series("m", "klines", "BRK.B", interval), NOW)
    assert found == (expected and midnight(expected))


def test_splits_and_payments() -> None:
    series, window = Series("m", "actions", "AAPL"), Window(midnight(date(2024, 3, 1)), midnight(date(2024, 3, 19)))
    with serving() as server:
        (told,) = pages("tiingo", server.url, series, window, NOW)
    assert told.covers == window
    found = read_actions(series, [told.body])
    assert found.bad_lines.is_empty()
    assert found.rows.select("kind", "ex_session", "ratio", "amount", "currency").rows() == [
        ("cash", date(2024, 3, 7), None, 1.25, "USD"),
        ("split", EX, 4.0, None, None),
        ("cash", EX, None, 0.5, "USD"),
    ]


@pytest.mark.parametrize("key", ["", "wrong0123456789abcdef"])
def test_a_key_is_needed(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIINGO_API_KEY", key)
    with serving() as server, pytest.raises(BadKeyError, match="TIINGO_API_KEY" if not key else "Invalid token"):
        pages("tiingo", server.url, DAYS, Window(NOW - 3 * DAY, NOW), NOW)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [({"hourly": 1}, RateLimitedError, "hourly request allocation"), ({"symbols": 0}, QuotaSpentError, "this month")],
)
def test_limits_of_a_plan(options: dict[str, int], kind: type[ProviderError], words: str) -> None:
    window = Window(midnight(date(2024, 3, 1)), midnight(date(2024, 3, 8)))
    with serving(**options) as server:
        for _ in range(options.get("hourly", 0)):
            pages("tiingo", server.url, DAYS, window, NOW)
        with pytest.raises(kind, match=words):
            pages("tiingo", server.url, DAYS, window, NOW)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("prices", "status", status=500), UnreachableError),
        (Fault("prices", "html"), BadAnswerError),
        (Fault("prices", "truncate_silently"), BadAnswerError),
        (Fault("prices", "truncate"), UnreachableError),
    ],
)
def test_a_server_that_fails(fault: Fault, kind: type[ProviderError]) -> None:
    with serving(faults=[fault]) as server, pytest.raises(kind, match=r"^tiingo: http://127") as caught:
        pages("tiingo", server.url, DAYS, Window(NOW - 5 * DAY, NOW), NOW)
    assert CANARY not in repr(caught.value)


HOSTILE = {
    "rows of another time alone": [{"date": "1999-03-08T00:00:00.000Z", "close": 1.0}],
    "another length": [{"date": f"2024-03-14T{hour}:00:00.000Z"} for hour in range(10, 14)],
    "no list": {"ticker": "AAPL"},
    "a key that is told": [{"date": CANARY}],
}


@pytest.mark.parametrize("why", HOSTILE)
def test_hostile_answers_end_in_typed_errors(why: str) -> None:
    window = Window(midnight(date(2024, 3, 14)), midnight(date(2024, 3, 15)))
    with Scripted(lambda _: json.dumps(HOSTILE[why]).encode()) as server:
        with pytest.raises(BadAnswerError, match="tiingo") as caught:
            pages("tiingo", server.url, DAYS, window, NOW)
        with pytest.raises(BadAnswerError, match="tiingo"):
            pages("tiingo", server.url, Series("m", "klines", "AAPL", "1d"), window, NOW)
    assert CANARY not in str(caught.value)


def test_bars_of_minutes_under_the_name_of_hours() -> None:
    body = json.dumps([{"date": f"2024-03-14T14:{minute}:00.000Z", "close": 1} for minute in (30, 35, 40)]).encode()
    window = Window(midnight(date(2024, 3, 14)), midnight(date(2024, 3, 15)))
    with Scripted(lambda _: body) as server, pytest.raises(BadAnswerError, match="closer to each other than 1h"):
        pages("tiingo", server.url, Series("m", "klines", "AAPL", "1h"), window, NOW)


def test_recorded_answers(shared_data: Path) -> None:
    days = read_bars(DAYS, [recorded(shared_data, "ticker_price_pandas_daily_metric_name")])
    assert days.bad_lines.is_empty()
    assert days.rows.height == 10
    assert days.rows.select("open_time", *NAMES).row(0) == (
        us(midnight(date(2018, 1, 5))), 1103.45, 1113.58, 1101.8, 1110.29, 1493389.0,
    )  # fmt: skip
    weeks = read_bars(Series("m", "klines", "GOOGL", "1w"), [recorded(shared_data, "ticker_price_weekly")])
    assert weeks.rows["open_time"].to_list() == [us(midnight(date(2018, 1, day))) for day in (5, 12, 19)]
    assert weeks.rows["volume"].to_list() == [5889084.0, 6529655.0, 4470611.0]
    offset = read_bars(DAYS, [recorded(shared_data, "ticker_price")])
    assert offset.rows.select("open_time", "close").row(0) == (us(midnight(date(2018, 4, 12))), 1037.29)
    assert read_actions(DAYS, [recorded(shared_data, "ticker_price")]).rows.is_empty()
    with pytest.raises(BadAnswerError, match="page 0 is not usable: it is no list of bars"):
        read_bars(DAYS, [recorded(shared_data, "ticker_metadata")])


def test_rows_as_they_stand() -> None:
    good = {"date": "2024-03-08T00:00:00.000Z", "open": 1, "high": "2.5", "low": 1e-7, "close": 2.0, "volume": 5}
    odd = [None, 5, [], {}, {**good, "date": "2024-03-08T05:00:00.000Z"}, {**good, "date": "2024-02-30"},
           {**good, "date": 20240308}, {**good, "date": "2024-03-08T00:00:00.000-05:00"}]  # fmt: skip
    found = read_bars(
        DAYS, [json.dumps([*odd, good, {**good, "open": None, "high": "-", "low": "None", "close": None}]).encode()]
    )
    assert (found.rows.schema, found.bad_lines.schema) == (RAW_BAR, REFUSED)
    assert found.rows.select(*NAMES).rows() == [(1.0, 2.5, 1e-7, 2.0, 5.0)]
    assert found.bad_lines["line"].to_list() == list(range(8))
    values = [None, "None", "NaN", "1,234.5", 1e308, "inf", True, [1], "9" * 400]
    rows = [{**good, "date": f"2024-03-0{day}", "open": value} for day, value in enumerate(values, 1)]
    assert read_bars(DAYS, [json.dumps(rows).encode()]).rows["open"].to_list() == [*[None] * 4, 1e308, *[None] * 4]
    both_sides = [{**good, "date": text} for text in ("2024-03-08T14:30:00.000Z", "2024-03-11T13:30:00.000Z")]
    minutes = read_bars(Series("m", "klines", "AAPL", "5m"), [json.dumps(both_sides).encode()])
    assert minutes.rows["open_time"].to_list() == [
        us(datetime(2024, 3, 8, 14, 30, tzinfo=UTC)), us(datetime(2024, 3, 11, 13, 30, tzinfo=UTC)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"splitFactor": 0.0}, "a split whose ratio is not above 0"),
        ({"splitFactor": "x"}, "a split whose ratio is not above 0"),
        ({"divCash": -1.0}, "a cash whose amount is not above 0"),
        ({"divCash": 1.0, "date": "x"}, "its ex-date cannot be read"),
    ],
)
def test_what_is_no_action(row: dict[str, Any], words: str) -> None:
    sent = {"date": "2024-03-08T00:00:00.000Z", "splitFactor": 1.0, "divCash": 0.0, **row}
    found = read_actions(DAYS, [json.dumps([sent]).encode()])
    assert (found.rows.height, found.rows.schema) == (0, REPORTS)
    assert words in found.bad_lines["evidence"][0]


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.text(max_size=5), st.integers(), st.floats()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["date", *NAMES]), inner, max_size=3),
    max_leaves=6,
)


@given(JUNK, st.sampled_from(["5m", "1d", "1mo"]))
def test_damage_is_a_bad_answer_or_a_bad_row(junk: Any, interval: str) -> None:
    for body in (json.dumps(junk).encode(), json.dumps([junk, {"date": junk, "open": junk, "divCash": junk}]).encode()):
        for parse in (read_bars, read_actions):
            try:
                found = parse(Series("m", "klines", "AAPL", interval), [body])
            except BadAnswerError:
                continue
            assert found.rows.schema == (RAW_BAR if parse is read_bars else REPORTS)


def test_what_the_source_says_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    source = SOURCES["tiingo"]
    assert [source.capabilities.tape_of(one) for one in ("5m", "1d")] == ["iex", "consolidated"]
    assert source.plan
    assert (source.plan.name, source.plan.may_be_kept, source.plan.symbols_a_month) == ("free", False, 500)
    urls = {"rest": "http://127.0.0.1:1"}
    assert [(one.limit, one.period) for one in source.limits(urls)] == [(50, "hour"), (1000, "day")]
    assert source.on_plan
    paid = source.on_plan("Power")
    assert paid.plan
    assert paid.plan.may_be_kept
    assert [one.limit for one in paid.limits(urls)] == [5_000, 50_000]
    with pytest.raises(UsageError, match=r"'powr' is no plan of Tiingo; did you mean 'power'\?"):
        source.on_plan("powr")
    monkeypatch.setenv("BCDATA_TIINGO_PLAN", "fre")
    with pytest.raises(UsageError, match=r"BCDATA_TIINGO_PLAN: .*'fre' is no plan of Tiingo"):
        source.urls()
    assert (written("BRK.B"), written("AAPL")) == ("BRK-B", "AAPL")
