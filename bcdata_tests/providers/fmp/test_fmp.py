"""FMP: bars as they were traded, newest first, told in New York's time; splits and dividends beside them."""

import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
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
    NotEntitledError,
    OutOfDepthError,
    ProviderError,
    QuotaSpentError,
    UnknownSymbolError,
    UnreachableError,
    UsageError,
)
from bcdata.frames.schema import RAW_BAR, REFUSED, REPORTS
from bcdata.interval import Interval
from bcdata.providers.base import Series, WindowPage
from bcdata.providers.fmp.reading import read_actions, read_bars
from bcdata.providers.registry import SOURCES
from bcdata.providers.stocks.suffixes import is_foreign, suffixed
from bcdata.providers.stocks.whole_dates import over, spans
from bcdata.simulate import Fault
from bcdata.simulate.exchange_hours import Hours
from bcdata.simulate.fmp import LoopbackFmp
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionMarket, Split
from bcdata.windows import Window
from bcdata_tests.providers.venues import Scripted, first_open, pages, read, us

CANARY = "canary0123456789abcdef"
FIRST, LAST, EX = date(2024, 1, 29), date(2024, 4, 30), date(2024, 3, 13)
NEW_YORK = Hours.weekdays("America/New_York", FIRST, LAST, early={date(2024, 3, 5): time(13)})
APPLE = ListedSymbol("AAPL", NEW_YORK, FIRST, splits=(Split(EX, 4),), dividends=(Dividend(date(2024, 3, 7), 1.25),))
BERKSHIRE = ListedSymbol("BRK.B", NEW_YORK, date(2024, 3, 4), quiet=0.6, idle=frozenset({date(2024, 3, 6)}))
MARKET = SessionMarket([APPLE, BERKSHIRE])
NOW = datetime(2024, 3, 20, 17, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = ("open", "high", "low", "close", "volume")
DAYS, MINUTES = Series("us_equity", "klines", "AAPL", "1d"), Series("us_equity", "klines", "AAPL", "5m")
WEEK = Window(datetime(2024, 3, 11, tzinfo=UTC), datetime(2024, 3, 16, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FMP_API_KEY", CANARY)
    monkeypatch.setenv("BCDATA_FMP_PLAN", "ultimate")


def serving(**options: Any) -> LoopbackFmp:
    return LoopbackFmp(MARKET, now=NOW, key=CANARY, **options)


def asked(server: LoopbackFmp, series: Series, window: Window, now: datetime = NOW) -> list[WindowPage]:
    return pages("fmp", server.url, series, window, now)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@settings(max_examples=20)
@given(
    symbol=st.sampled_from([APPLE, BERKSHIRE]),
    interval=st.sampled_from(["1m", "5m", "15m", "1h", "4h", "1d"]),
    start=st.integers(0, 50 * 24),
    hours=st.integers(1, 30 * 24),
)
def test_bars_of_a_window_are_what_was_traded(symbol: ListedSymbol, interval: str, start: int, hours: int) -> None:
    grid = Interval.parse(interval)
    first = grid.floor(midnight(FIRST) + timedelta(hours=start))
    window = Window(first, min(grid.ceil(first + timedelta(hours=hours)), grid.floor(NOW)))
    series = Series("us_equity", "klines", symbol.symbol, interval)
    with serving() as server:
        try:
            told = asked(server, series, window)
        except NoDataError:
            told = []
    rows, bad = read("fmp", series, [one.body for one in told])
    assert bad.is_empty()
    within = Window(told[0].covers.start, told[-1].covers.end) if told else window.until(midnight(NOW.date()))
    truth = []
    for bar in MARKET.bars(symbol, interval, within, NOW):
        at = us(midnight(bar.label)) if interval == "1d" else bar.opened * 10**6
        truth.append((at, *bar.plain(symbol)))
    expected = pl.DataFrame(truth, {"open_time": pl.Int64, **dict.fromkeys(NAMES, pl.Float64)}, orient="row")
    found = rows.sort("open_time")
    assert found["open_time"].to_list() == expected["open_time"].to_list()
    for name in NAMES:
        assert found[name].to_list() == pytest.approx(expected[name].to_list(), rel=1e-12), name
    assert not any(CANARY in f"{one.url}{one.body!r}" for one in told)
    if told:
        assert within.start <= window.start
        assert min(window.end, midnight(NOW.date())) <= within.end <= midnight(NOW.date())


def test_raw_prices_are_asked_for() -> None:
    with serving() as server:
        (days,), (minutes,) = (asked(server, one, WEEK) for one in (DAYS, MINUTES))
    assert days.url == "/stable/historical-price-eod/non-split-adjusted?symbol=AAPL&from=2024-03-11&to=2024-03-15"
    assert minutes.url == "/stable/historical-chart/5min?symbol=AAPL&from=2024-03-11&to=2024-03-15&nonadjusted=true"
    assert (days.covers, minutes.covers) == (WEEK, WEEK)


def test_a_window_from_an_open_to_a_close_is_covered_by_its_dates() -> None:
    window = Window(datetime(2024, 3, 8, 14, 30, tzinfo=UTC), datetime(2024, 3, 12, 20, tzinfo=UTC))
    with serving() as server:
        (told,) = asked(server, DAYS, window)
    assert told.covers == Window(midnight(date(2024, 3, 8)), midnight(date(2024, 3, 13)))
    assert told.rows == 3


def test_nothing_and_nobody_are_told_apart_by_a_profile() -> None:
    before = Window(midnight(date(2024, 2, 1)), midnight(date(2024, 2, 5)))
    with serving() as server:
        with pytest.raises(NoDataError, match=r"fmp: m/klines/BRK\.B/1d: it has nothing from 2024-02-01") as caught:
            asked(server, Series("m", "klines", "BRK.B", "1d"), before)
        assert not isinstance(caught.value, UnknownSymbolError)
        with pytest.raises(UnknownSymbolError, match="fmp: m/klines/GONE/1d: FMP has nothing of GONE"):
            asked(server, Series("m", "klines", "GONE", "1d"), before)
        assert [one.path.partition("?")[0] for one in server.requests][1::2] == ["/stable/profile"] * 2
        assert first_open("fmp", server.url, DAYS, NOW) is None


def test_splits_and_dividends() -> None:
    with serving() as server:
        told = asked(server, Series("m", "actions", "AAPL"), WEEK)
        assert [one.covers for one in told] == [Window(WEEK.start, WEEK.start), WEEK]
        none = asked(server, Series("m", "actions", "BRK.B"), WEEK)
        assert [one.rows for one in none] == [0, 0]
        with pytest.raises(UnknownSymbolError):
            asked(server, Series("m", "actions", "GONE"), WEEK)
    found = read_actions(DAYS, [one.body for one in told])
    assert found.bad_lines.is_empty()
    columns = ("kind", "ex_session", "ratio", "amount", "currency", "declared", "record", "pay")
    assert found.rows.select(columns).rows() == [
        ("split", EX, 4.0, None, None, None, None, None),
        ("cash", date(2024, 3, 7), None, 1.25, "USD", None, date(2024, 3, 7), date(2024, 3, 21)),
    ]


def test_a_plan_says_no_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_FMP_PLAN", "basic")
    old = Window(midnight(date(2018, 1, 1)), midnight(date(2018, 2, 1)))
    with serving() as server:
        with pytest.raises(NotEntitledError, match=r"the plan 'basic' has bars of 1d alone; .*BCDATA_FMP_PLAN"):
            asked(server, MINUTES, WEEK)
        with pytest.raises(OutOfDepthError, match="the plan 'basic' reaches back to 2019-03-22"):
            asked(server, DAYS, old)
        assert not server.requests
        (told,) = asked(server, DAYS, Window(midnight(date(2019, 3, 1)), midnight(date(2024, 3, 1))))
    assert told.covers.start == midnight(date(2019, 3, 23)), "the first date that the plan has whole"


def test_bars_within_the_day_are_of_new_york_alone() -> None:
    with serving() as server, pytest.raises(NotEntitledError, match="time zone"):
        asked(server, Series("m", "klines", "VOD.L", "5m"), WEEK)


def test_the_server_s_word_on_plans_keys_and_quotas(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(within=False) as server, pytest.raises(NotEntitledError, match="Premium Query Parameter"):
        asked(server, MINUTES, WEEK)
    with serving(daily=1) as server:
        asked(server, DAYS, WEEK)
        with pytest.raises(QuotaSpentError, match="Limit Reach"):
            asked(server, DAYS, WEEK)
    for key, words in (("", "FMP_API_KEY is not set"), ("wrong0123456789abcdef", "Invalid API KEY")):
        monkeypatch.setenv("FMP_API_KEY", key)
        with serving() as server, pytest.raises(BadKeyError, match=words):
            asked(server, DAYS, WEEK)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("eod", "status", status=500), UnreachableError),
        (Fault("eod", "html"), BadAnswerError),
        (Fault("eod", "truncate_silently"), BadAnswerError),
        (Fault("eod", "truncate"), UnreachableError),
    ],
)
def test_a_server_that_fails(fault: Fault, kind: type[ProviderError]) -> None:
    with serving(faults=[fault]) as server, pytest.raises(kind, match=r"^fmp: http://127") as caught:
        asked(server, DAYS, WEEK)
    assert CANARY not in f"{caught.value!r}{caught.value.url}"


HOSTILE: dict[str, Any] = {
    "rows of another time alone": [{"date": "1999-03-08", "adjClose": 1.0}],
    "rows that are none": [1, None],
    "no list": {"symbol": "AAPL", "historical": []},
    "a key that is told": [{"date": CANARY}],
}


@pytest.mark.parametrize("why", HOSTILE)
def test_hostile_answers_end_in_typed_errors(why: str) -> None:
    body = json.dumps(HOSTILE[why]).encode()
    with Scripted(lambda _: body) as server, pytest.raises(BadAnswerError, match="fmp") as caught:
        pages("fmp", server.url, DAYS, WEEK, NOW)
    assert CANARY not in str(caught.value)


def test_bars_of_minutes_under_the_name_of_hours() -> None:
    sent = json.dumps([{"date": f"2024-03-14 10:{minute}:00", "close": 1} for minute in (40, 35, 30)]).encode()
    with Scripted(lambda _: sent) as server, pytest.raises(BadAnswerError, match="closer to each other than 1h"):
        pages("fmp", server.url, Series("m", "klines", "AAPL", "1h"), WEEK, NOW)


def test_recorded_answers(shared_data: Path) -> None:
    full = (shared_data / "providers/openbb_vcr/fmp_stable_historical_price_eod_full_AAPL_2023-01.json").read_bytes()
    found = read_bars(DAYS, [full])
    assert found.rows.is_empty(), "these are adjusted for splits"
    assert set(found.bad_lines["reason"]) == {"adjustment_unknown"}
    assert found.bad_lines["open_time"][0] == us(midnight(date(2023, 1, 10)))
    same = {"symbol", "date", "volume"}
    raw = [
        {key if key in same else f"adj{key.capitalize()}": value for key, value in row.items()}
        for row in json.loads(full)
    ]
    rows = read_bars(DAYS, [json.dumps(raw).encode()]).rows
    assert rows.height == 6
    assert rows.select("open_time", *NAMES).row(0) == (
        us(midnight(date(2023, 1, 10))), 130.26, 131.26, 128.12, 130.73, 63896200.0,
    )  # fmt: skip
    folder = shared_data / "providers/fmp/openbb_vcr"
    for legacy in folder.glob("legacy-*"):
        with pytest.raises(BadAnswerError, match="it is no list"):
            read_bars(DAYS, [legacy.read_bytes()])
    splits = json.loads((folder / "legacy-v3-stock_split-AAPL.json").read_text())["historical"]
    told = read_actions(DAYS, [json.dumps(splits).encode()]).rows
    assert told.select("ex_session", "ratio").rows()[:2] == [(date(2020, 8, 31), 4.0), (date(2014, 6, 9), 7.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-08 09:30:00", datetime(2024, 3, 8, 14, 30, tzinfo=UTC)),
        ("2024-03-11 09:30:00", datetime(2024, 3, 11, 13, 30, tzinfo=UTC)),
        ("2024-11-04 09:30:00", datetime(2024, 11, 4, 14, 30, tzinfo=UTC)),
        ("2024-03-10 02:30:00", "leave this time out"),
        ("2024-11-03 01:30:00", "show this time twice"),
        ("2024-03-08T14:30:00Z", "no local time"),
        ("2024-03-08", "no local time"),
        (None, "no local time"),
    ],
)
def test_times_are_those_of_new_york(text: Any, expected: datetime | str) -> None:
    found = read_bars(MINUTES, [json.dumps([{"date": text, "close": 1.0}]).encode()])
    if isinstance(expected, datetime):
        assert found.rows["open_time"].to_list() == [us(expected)]
    else:
        assert expected in found.bad_lines["evidence"][0]


def test_rows_as_they_stand() -> None:
    good = {"symbol": "AAPL", "date": "2024-03-08", "adjOpen": 1, "adjHigh": "2.5", "adjLow": 1e-7, "adjClose": 2.0,
            "volume": 5}  # fmt: skip
    odd = [None, 5, [], {}, {**good, "date": "2024-02-30"}, {**good, "date": 20240308}, {**good, "symbol": "MSFT"}]
    nothing = {**good, "adjOpen": None, "adjHigh": "-", "adjLow": "None", "adjClose": None}
    found = read_bars(DAYS, [json.dumps([*odd, good, nothing]).encode()])
    assert (found.rows.schema, found.bad_lines.schema) == (RAW_BAR, REFUSED)
    assert found.rows.select(*NAMES).rows() == [(1.0, 2.5, 1e-7, 2.0, 5.0)]
    assert found.bad_lines["line"].to_list() == list(range(7))
    values = [None, "None", "NaN", "1,234.5", 1e308, "inf", True, [1], "9" * 400]
    rows = [{**good, "date": f"2024-03-0{day}", "adjOpen": value} for day, value in enumerate(values, 1)]
    assert read_bars(DAYS, [json.dumps(rows).encode()]).rows["open"].to_list() == [*[None] * 4, 1e308, *[None] * 4]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"numerator": 4, "denominator": 0}, "a split whose ratio is not above 0"),
        ({"numerator": None, "denominator": 1}, "a split whose ratio is not above 0"),
        ({"dividend": 0.0}, "a cash whose amount is not above 0"),
        ({"dividend": -0.5}, "a cash whose amount is not above 0"),
        ({"dividend": 1.0, "date": "x"}, "its ex-date cannot be read"),
        ({"dividend": 1.0, "symbol": "MSFT"}, 'of "MSFT", and not of AAPL'),
    ],
)
def test_what_is_no_action(row: dict[str, Any], words: str) -> None:
    found = read_actions(DAYS, [json.dumps([{"date": "2024-03-08", **row}]).encode()])
    assert (found.rows.height, found.rows.schema) == (0, REPORTS)
    assert words in found.bad_lines["evidence"][0]


KEYS = ["date", "symbol", "adjClose", "close", "numerator", "dividend", "recordDate"]
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.text(max_size=5), st.integers(), st.floats(), st.just("2024-03-08")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=6,
)


@given(JUNK, st.sampled_from(["5m", "1d"]))
def test_damage_is_a_bad_answer_or_a_bad_row(junk: Any, interval: str) -> None:
    for sent in (
        junk,
        [junk, {"date": junk, "adjClose": junk, "dividend": junk}, {"numerator": junk, "date": "2024-03-08"}],
    ):
        for parse in (read_bars, read_actions):
            try:
                found = parse(Series("m", "klines", "AAPL", interval), [json.dumps(sent).encode()])
            except BadAnswerError:
                continue
            assert found.rows.schema == (RAW_BAR if parse is read_bars else REPORTS)


@given(st.integers(0, 10_000), st.integers(1, 10_000), st.integers(1, 90))
def test_whole_dates_hold_a_window_and_follow_each_other(start: int, length: int, days: int) -> None:
    first = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=17 * start)
    window = Window(first, first + timedelta(minutes=17 * length))
    found = list(spans(window, days))
    assert found[0].start <= window.start < found[0].end
    assert found[-1].start < window.end <= found[-1].end
    assert all(one.end == after.start for one, after in pairwise(found))
    assert all(timedelta() < one.end - one.start <= days * DAY for one in found)
    assert sum((one.end - one.start for one in found), timedelta()) < window.end - window.start + 2 * DAY


def test_a_date_is_over_at_midnight_in_new_york() -> None:
    assert over(datetime(2024, 3, 20, 3, 59, tzinfo=UTC)) == midnight(date(2024, 3, 19))
    assert over(datetime(2024, 3, 20, 4, tzinfo=UTC)) == midnight(date(2024, 3, 20))


def test_what_the_source_says_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    source, urls = SOURCES["fmp"], {"rest": "http://127.0.0.1:1"}
    assert source.on_plan
    assert [(one.limit, one.period) for one in source.on_plan("basic").limits(urls)] == [(250, "day")]
    assert [(one.limit, one.seconds) for one in source.on_plan("Premium").limits(urls)] == [(750, 60.0)]
    with pytest.raises(UsageError, match=r"'premum' is no plan of FMP; did you mean 'premium'\?"):
        source.on_plan("premum")
    monkeypatch.setenv("BCDATA_FMP_PLAN", "startr")
    with pytest.raises(UsageError, match=r"BCDATA_FMP_PLAN: .*'startr' is no plan of FMP"):
        source.urls()
    assert [suffixed(one) for one in ("BRK.B", "VOD.L", "I:SPX")] == ["BRK-B", "VOD.L", "^GSPC"]
    assert [is_foreign(one) for one in ("BRK.B", "VOD.L", "VOD.XLON", "AAPL", "F")] == [False, True, True, False, False]
