"""What Polygon answers: aggregates in pages that are counted in minutes, and reference data in pages of rows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bcdata.interval import EPOCH
from bcdata.simulate.answers import Answer, json_answer
from bcdata.simulate.damage import damaged_body
from bcdata.simulate.exchange_dates import exchange_midnight, label_window, milliseconds, of_token, token
from bcdata.simulate.faults import Fault
from bcdata.simulate.polygon.reference import dividends, splits
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.session_market import ListedSymbol, SessionBar, SessionMarket
from bcdata.windows import Window

_AGGREGATES = re.compile(r"/v2/aggs/ticker/([^/]+)/range/([^/]+)/([^/]+)/([^/]+)/([^/]+)")
_REFERENCE = {"/v3/reference/splits": splits, "/v3/reference/dividends": dividends}
_INTERVALS = {
    ("1", "minute"): "1m",
    ("5", "minute"): "5m",
    ("15", "minute"): "15m",
    ("1", "hour"): "1h",
    ("1", "day"): "1d",
    ("1", "week"): "1w",
    ("1", "month"): "1mo",
}
_LONG = frozenset({"1d", "1w", "1mo"})
_MOST = 50_000
_DAY = timedelta(days=1)
_TIMEFRAME = "Your plan doesn't include this data timeframe. Please upgrade your plan at https://polygon.io/pricing"
_TOO_MANY = (
    "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue."
    " https://polygon.io/pricing"
)
_WORDS = {429: _TOO_MANY, 401: "Unknown API Key", 500: "Internal server error"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How far back a plan reaches, how late bars come (None: at the end of the day), and requests a minute."""

    depth: timedelta | None
    delay: timedelta | None
    rate: int | None = None


PLANS = {
    "basic": Plan(timedelta(days=730), None, 5),
    "starter": Plan(timedelta(days=5 * 365), timedelta(minutes=15)),
    "developer": Plan(timedelta(days=10 * 365), timedelta(minutes=15)),
    "advanced": Plan(None, timedelta()),
}


class PolygonSite:
    """Aggregates and reference data of a generated market."""

    def __init__(
        self,
        market: SessionMarket,
        plan: Plan,
        key: str | None,
        *,
        is_limited: bool,
        most: int | None,
        base: Callable[[], str],
    ) -> None:
        self._market = market
        self._plan = plan
        self._key = key
        self._rate = RequestRate(plan.rate if is_limited else None, 60.0)
        self._most = most or _MOST
        self._base = base

    def denied(self, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        """What it says without a key, or with another one."""
        del path
        given = headers.get("Authorization", "").removeprefix("Bearer ") or parameters.get("apiKey", "")
        if not given:
            return error(401, "API Key was not provided")
        return None if self._key in {None, given} else error(401, "Unknown API Key")

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path."""
        del struck
        if not self._rate.allows():
            return error(429, _TOO_MANY)
        asked = {**parameters, **of_token(parameters.get("cursor", ""))}
        if path in _REFERENCE:
            return self._reference(path, asked, now)
        match = _AGGREGATES.fullmatch(path)
        if match is None:
            return Answer(404, b"404 page not found", "text/plain")
        interval = _INTERVALS.get((match[2], match[3]))
        ends = _instant(match[4], is_end=False), _instant(match[5], is_end=True)
        if interval is None or ends[0] is None or ends[1] is None:
            return error(400, "Could not parse the time parameter: 'from'. Use YYYY-MM-DD or a Unix MS Timestamp.")
        if self._plan.depth is not None and ends[0] < now - self._plan.depth:
            return denial(_TIMEFRAME)
        return self._aggregates(match[1], interval, Window(ends[0], ends[1]), asked, now)

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status or body has it."""
        del now
        if fault.kind != "status":
            return damaged_body(answer, fault, line)
        wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        if fault.status == 403:  # noqa: PLR2004
            return denial("You are not entitled to this data. Please upgrade your plan").with_headers(wait)
        return error(fault.status, _WORDS.get(fault.status, "Service unavailable")).with_headers(wait)

    def _aggregates(
        self, ticker: str, interval: str, window: Window, asked: Mapping[str, str], now: datetime
    ) -> Answer:
        is_adjusted, is_newest_first = asked.get("adjusted") != "false", asked.get("sort") == "desc"
        limit = min(int(asked.get("limit", "5000")), self._most)
        symbol = self._market.find(ticker.removeprefix("C:"), now)  # currencies have that before their pair
        bars = self._bars(symbol, interval, window, now) if symbol else []
        rest: int | None = None
        if symbol and not is_newest_first:
            bars, rest = self._page(symbol, interval, bars, limit)
        told = [_row(symbol, bar, interval, now if is_adjusted else None) for bar in bars if symbol]
        found: dict[str, Any] = {
            "ticker": ticker,
            "queryCount": len(told),
            "resultsCount": len(told),
            "adjusted": is_adjusted,
            **({"results": told[::-1] if is_newest_first else told} if told else {}),
            "status": "OK" if self._plan.delay == timedelta() else "DELAYED",
            "request_id": "0" * 32,
            "count": len(told),
        }
        if rest is not None:
            span = next(f"{many}/{of}" for (many, of), name in _INTERVALS.items() if name == interval)
            cursor = token({name: asked[name] for name in ("adjusted", "limit", "sort") if name in asked})
            path = f"/v2/aggs/ticker/{ticker}/range/{span}/{rest}/{milliseconds(window.end) - 1}"
            found["next_url"] = f"{self._base()}{path}?cursor={cursor}"
        return json_answer(found)

    def _bars(self, symbol: ListedSymbol, interval: str, window: Window, now: datetime) -> list[SessionBar]:
        """The bars that the plan has, that of now too where it is not delayed."""
        zone, seen = symbol.hours.zone, now - (self._plan.delay or timedelta())
        if self._plan.delay is None:
            seen = exchange_midnight(now.astimezone(ZoneInfo(zone)).date(), zone)
        if interval not in _LONG:
            return self._market.bars(symbol, interval, window, seen, "clock")
        # What opens at the midnight of a date is found by that date.
        labels = label_window(window.start, window.end - timedelta(milliseconds=1), zone)
        wide = Window(labels.start - 40 * _DAY, labels.end + 40 * _DAY)
        dated = self._market.bars(symbol, interval, wide, seen)
        return [bar for bar in dated if datetime.combine(_begins(bar, interval), time(), UTC) in labels]

    def _page(
        self, symbol: ListedSymbol, interval: str, bars: list[SessionBar], limit: int
    ) -> tuple[list[SessionBar], int | None]:
        """The first bars that are made of so many minutes, or days, and when the others begin (ms)."""
        if interval in _LONG or not bars:
            rest = bars[limit:]
            begins = [exchange_midnight(_begins(bar, interval), symbol.hours.zone) for bar in rest[:1]]
            return bars[:limit], milliseconds(begins[0]) if begins else None
        ends = EPOCH + timedelta(seconds=bars[-1].closes)
        of = Window(EPOCH + timedelta(seconds=bars[0].opened), ends)
        minutes = bars if interval == "1m" else self._market.bars(symbol, "1m", of, ends)
        if len(minutes) <= limit:
            return bars, None
        # A bar is never cut: those that end before the first minute that there is no room for, and one at least.
        fitting = max(1, sum(bar.closes <= minutes[limit].opened for bar in bars))
        return bars[:fitting], bars[fitting].opened * 1000 if bars[fitting:] else None

    def _reference(self, path: str, asked: Mapping[str, str], now: datetime) -> Answer:
        symbol = self._market.find(asked.get("ticker", ""), now)
        rows = _REFERENCE[path](symbol, asked) if symbol else []
        start, limit = int(asked.get("offset", "0")), min(int(asked.get("limit", "10")), 1000, self._most)
        found: dict[str, Any] = {"results": rows[start : start + limit], "status": "OK", "request_id": "0" * 32}
        if start + limit < len(rows):
            rest = {name: value for name, value in asked.items() if name not in {"cursor", "apiKey"}}
            found["next_url"] = f"{self._base()}{path}?cursor={token({**rest, 'offset': str(start + limit)})}"
        return json_answer(found)


def error(status: int, words: str) -> Answer:
    """An error in its words."""
    return json_answer({"status": "ERROR", "request_id": "0" * 32, "error": words}, status)


def denial(words: str) -> Answer:
    """What a plan does not include."""
    return json_answer({"status": "NOT_AUTHORIZED", "request_id": "0" * 32, "message": words}, 403)


def _begins(bar: SessionBar, interval: str) -> date:
    """The date at whose midnight a bar opens: weeks begin on Sunday."""
    if interval == "1w":
        return bar.label - timedelta(days=bar.label.isoweekday() % 7)
    return bar.label.replace(day=1) if interval == "1mo" else bar.label


def _row(symbol: ListedSymbol | None, bar: SessionBar, interval: str, adjusted_at: datetime | None) -> dict[str, Any]:
    assert symbol is not None  # noqa: S101 # nosec B101 # there are no bars of none
    opened = bar.opened * 1000
    if interval in _LONG:
        opened = milliseconds(exchange_midnight(_begins(bar, interval), symbol.hours.zone))
    opening, high, low, close, volume = bar.plain(symbol, adjusted_at.date() if adjusted_at else None)
    vwap = round(bar.vwap(symbol), 4)
    row = {"v": volume, "vw": vwap, "o": opening, "c": close, "h": high, "l": low, "t": opened, "n": bar.trades}
    return {name: int(value) if name != "v" and value == int(value) else value for name, value in row.items()}


def _instant(text: str, *, is_end: bool) -> datetime | None:
    """A date, which is that of New York and ends with its last instant, or ms since the epoch; both are included."""
    one = timedelta(milliseconds=1) if is_end else timedelta()
    if text.isascii() and text.isdecimal():
        return EPOCH + timedelta(milliseconds=int(text)) + one
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return exchange_midnight(day + timedelta(days=is_end), "America/New_York")
