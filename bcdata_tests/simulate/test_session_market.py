"""A market with sessions: bars on each session's own grid, sums that agree, splits in prices, and sites with keys."""

import http.client
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.simulate import Fault
from bcdata.simulate.answers import Answer, json_answer
from bcdata.simulate.exchange_hours import Hours
from bcdata.simulate.faults import FaultPlan
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionBar, SessionMarket, Split
from bcdata.windows import Window

FIRST, LAST = date(2024, 2, 26), date(2024, 3, 22)
NEW_YORK = Hours.weekdays("America/New_York", FIRST, LAST, early={date(2024, 3, 1): time(13)})
HONG_KONG = Hours.weekdays("Asia/Hong_Kong", FIRST, LAST, pause=(time(12), time(13)))
EX = date(2024, 3, 13)
SPLIT = ListedSymbol("AAPL", NEW_YORK, FIRST, splits=(Split(EX, 4),), dividends=(Dividend(EX, 0.5),))
PAUSED = ListedSymbol("0700.HK", HONG_KONG, date(2024, 2, 28), idle=frozenset({date(2024, 3, 4)}))
MARKET = SessionMarket([SPLIT, PAUSED])
AFTER = datetime(2024, 4, 1, tzinfo=UTC)
ALL = Window(datetime(2024, 1, 1, tzinfo=UTC), AFTER)


def opens(bars: Sequence[SessionBar]) -> list[datetime]:
    return [datetime.fromtimestamp(one.opened, UTC) for one in bars]


def test_hours_follow_the_clocks_of_their_zone() -> None:
    found = {one.label: one for one in NEW_YORK.sessions}
    assert len(found) == 20
    assert found[date(2024, 3, 8)].open == datetime(2024, 3, 8, 14, 30, tzinfo=UTC)
    assert found[date(2024, 3, 11)].open == datetime(2024, 3, 11, 13, 30, tzinfo=UTC)
    assert found[date(2024, 3, 1)].close == datetime(2024, 3, 1, 18, tzinfo=UTC)
    closed = Hours.weekdays("America/New_York", FIRST, LAST, closed=frozenset({FIRST}))
    assert [one.label for one in closed.sessions] == [label for label in found if label != FIRST]


@pytest.mark.parametrize("symbol", [SPLIT, PAUSED], ids=lambda one: one.symbol)
@pytest.mark.parametrize("interval", ["5m", "15m", "1h", "1d", "1w", "1mo"])
def test_every_length_adds_up_to_the_minutes(symbol: ListedSymbol, interval: str) -> None:
    minutes, bars = (MARKET.bars(symbol, name, ALL, AFTER) for name in ("1m", interval))
    assert minutes[0].label == symbol.listed
    for bar in bars:
        inside = [one for one in minutes if bar.opened <= one.opened < bar.closes]
        assert (bar.open, bar.close) == (inside[0].open, inside[-1].close)
        assert (bar.high, bar.low) == (max(one.high for one in inside), min(one.low for one in inside))
    for field in ("volume", "turnover", "trades"):
        assert sum(getattr(one, field) for one in bars) == sum(getattr(one, field) for one in minutes)
    assert all(one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high for one in minutes)


def test_bars_of_a_session_lie_on_its_own_grid() -> None:
    day = Window(datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 2, tzinfo=UTC))
    hours = MARKET.bars(SPLIT, "1h", day, AFTER)
    assert [one.strftime("%H:%M") for one in opens(hours)] == ["14:30", "15:30", "16:30", "17:30"]
    assert hours[-1].closes - hours[-1].opened == 1800, "the last one is short"
    clock = MARKET.bars(SPLIT, "1h", day, AFTER, grid="clock")
    assert [one.strftime("%H:%M") for one in opens(clock)] == ["14:00", "15:00", "16:00", "17:00"]
    paused = MARKET.bars(PAUSED, "1h", day, AFTER)
    assert [one.strftime("%H:%M") for one in opens(paused)] == ["01:30", "02:30", "03:30", "05:00", "06:00", "07:00"]


def test_some_minutes_and_sessions_have_no_trade() -> None:
    minutes, days = (MARKET.bars(PAUSED, name, ALL, AFTER) for name in ("1m", "1d"))
    assert date(2024, 3, 4) not in {one.label for one in (*minutes, *days)}
    assert len(days) == 17
    assert 0.8 * 17 * 330 < len(minutes) < 0.97 * 17 * 330


@given(st.integers(0, 390), st.integers(1, 300))
def test_a_window_holds_what_opens_in_it_and_has_begun(start: int, length: int) -> None:
    first = datetime(2024, 3, 12, 13, 30, tzinfo=UTC) + timedelta(minutes=start)
    window = Window(first, first + timedelta(minutes=length))
    whole = MARKET.bars(SPLIT, "5m", ALL, AFTER)
    assert MARKET.bars(SPLIT, "5m", window, AFTER) == [
        one for one, opened in zip(whole, opens(whole), strict=True) if opened in window
    ]
    seen = MARKET.bars(SPLIT, "1m", ALL, window.end)
    assert seen == [one for one in MARKET.bars(SPLIT, "1m", ALL, AFTER) if one.opened < window.end.timestamp()]


def test_splits_change_prices_on_their_day_and_can_be_taken_out() -> None:
    days = {one.label: one for one in MARKET.bars(SPLIT, "1d", ALL, AFTER)}
    before, after = days[date(2024, 3, 12)], days[EX]
    assert before.close / after.open == pytest.approx(4, rel=0.2)
    raw, adjusted = before.plain(SPLIT), before.plain(SPLIT, as_of=EX)
    assert [one * 4 for one in adjusted[:4]] == pytest.approx(raw[:4], rel=1e-15)
    assert adjusted[4] == raw[4] * 4
    assert before.plain(SPLIT, as_of=date(2024, 3, 12)) == raw
    assert after.plain(SPLIT, as_of=LAST) == after.plain(SPLIT)
    assert before.low / 100 <= before.vwap(SPLIT) <= before.high / 100
    assert ListedSymbol("X", NEW_YORK, FIRST, splits=(Split(EX, 1, 10),)).shares(FIRST, EX) == Fraction(1, 10)


def test_prices_go_on_from_day_to_day() -> None:
    plain = SessionMarket([ListedSymbol("A", NEW_YORK, FIRST)])
    days = plain.bars(plain.symbols["A"], "1d", ALL, AFTER)
    assert all(math.isclose(one.close, after.open, rel_tol=0.1) for one, after in pairwise(days))


def test_a_market_is_the_same_for_the_same_seed() -> None:
    first, again, other = (SessionMarket([SPLIT], seed).bars(SPLIT, "1m", ALL, AFTER) for seed in (1, 1, 2))
    assert first == again != other


def test_a_symbol_is_known_from_its_first_open_to_its_last_session() -> None:
    gone = ListedSymbol("OLD", NEW_YORK, FIRST, delisted=date(2024, 3, 5))
    market = SessionMarket([gone])
    first = NEW_YORK.sessions[0].open
    assert market.find("OLD", first) is gone
    assert market.find("OLD", first - timedelta(seconds=1)) is None
    assert market.find("NEW", AFTER) is None
    assert market.bars(gone, "1d", ALL, AFTER)[-1].label == date(2024, 3, 5)


class _Keyed(Loopback):
    """Answers who shows the header `X-Key: right`."""

    def site(self, faults: FaultPlan) -> "_Keyed":
        del faults
        return self

    def environment(self) -> dict[str, str]:
        return {}

    def denied(self, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        return None if headers.get("x-key") == "right" else json_answer({"path": path, **parameters}, 401)

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        del path, parameters, struck, now
        return json_answer([])

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        del fault, line, now
        return answer


@pytest.mark.parametrize(("key", "expected"), [("right", (200, b"[]")), ("wrong", (401, b'{"path":"/a","b":"1"}'))])
def test_a_site_may_look_at_headers_first(key: str, expected: tuple[int, bytes]) -> None:
    with _Keyed() as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.request("GET", "/a?b=1", headers={"X-Key": key})
        response = connection.getresponse()
        assert (response.status, response.read()) == expected
        connection.close()
