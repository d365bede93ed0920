"""What Alpaca answers: bars in pages that run symbol by symbol, and corporate actions by the dates of their process."""

import re
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from bcdata.interval import EPOCH
from bcdata.simulate.alpaca.corporate_actions import by_kind
from bcdata.simulate.answers import Answer, json_answer
from bcdata.simulate.damage import damaged_body
from bcdata.simulate.exchange_dates import exchange_midnight, of_token, token
from bcdata.simulate.faults import Fault
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.session_market import ListedSymbol, SessionBar, SessionMarket
from bcdata.windows import Window

_INTERVALS = {
    "1Min": "1m",
    "5Min": "5m",
    "15Min": "15m",
    "1Hour": "1h",
    "1Day": "1d",
    "1Week": "1w",
    "1Month": "1mo",
}
_LONG = frozenset({"1d", "1w", "1mo"})
_SYMBOL = re.compile(r"[A-Z][A-Z0-9.]{0,9}", re.ASCII)
_ADJUSTMENTS = frozenset({"raw", "split", "dividend", "spin-off", "all"})
_DELAY = timedelta(minutes=15)
_MOST = 10_000
_SPAN = timedelta(days=40)
_RECENT = "subscription does not permit querying recent SIP data"
_WORDS = {429: "too many requests.", 403: "forbidden.", 401: "unauthorized.", 500: "internal server error"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which bars; prices are adjusted for splits up to a date, or raw."""

    interval: str
    window: Window
    adjusted_at: date | None


class AlpacaSite:
    """Bars and corporate actions of a generated market."""

    def __init__(
        self,
        market: SessionMarket,
        keys: tuple[str, str] | None,
        rate: int | None,
        *,
        is_delayed: bool,
        most: int | None,
    ) -> None:
        self._market = market
        self._keys = keys
        self._limit = rate
        self._rate = RequestRate(rate, 60.0)
        self._is_delayed = is_delayed
        self._most = most or _MOST

    def denied(self, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        """What it says without a key and its secret, or with others."""
        del path, parameters
        given = headers.get("APCA-API-KEY-ID", ""), headers.get("APCA-API-SECRET-KEY", "")
        return None if all(given) and self._keys in {None, given} else error(403, "forbidden.")

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path."""
        del struck
        if not self._rate.allows():
            return error(429, "too many requests.").with_headers(self._told())
        endpoints = {"/v2/stocks/bars": self._bars, "/v1/corporate-actions": self._actions}
        if path not in endpoints:
            return error(404, "endpoint not found.")
        symbols = parameters.get("symbols", "").split(",")
        if wrong := [one for one in symbols if not _SYMBOL.fullmatch(one)]:
            return error(400, f"invalid symbol: {wrong[0]}")
        return endpoints[path](symbols, parameters, now).with_headers(self._told())

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status or body has it."""
        del now
        if fault.kind != "status":
            return damaged_body(answer, fault, line)
        wait = (
            {"X-Ratelimit-Reset": str(int(clock.time()) + fault.retry_after)} if fault.retry_after is not None else {}
        )
        return error(fault.status, _WORDS.get(fault.status, "service unavailable")).with_headers(wait)

    def _told(self) -> dict[str, str]:
        """What is told of the rate: its reset is on the real clock, like the date of the reply."""
        return {"X-Ratelimit-Limit": str(self._limit or 10_000), "X-Ratelimit-Reset": str(int(clock.time()) + 1)}

    def _bars(self, symbols: Sequence[str], parameters: Mapping[str, str], now: datetime) -> Answer:
        interval = _INTERVALS.get(parameters.get("timeframe", ""))
        if interval is None:
            return error(400, "invalid timeframe")
        if not set(parameters.get("adjustment", "raw").split(",")) <= _ADJUSTMENTS:
            return error(400, f"invalid adjustment: {parameters['adjustment']}")
        if parameters.get("feed", "sip") != "sip":
            return error(400, f"invalid feed: {parameters['feed']}")
        latest = now - _DELAY if self._is_delayed else now
        ends = _instant(parameters.get("start"), now.replace(hour=0, minute=0)), _instant(parameters.get("end"), latest)
        if ends[0] is None or ends[1] is None:
            return error(400, "invalid start or end")
        if ends[1] > latest:
            return error(403, _RECENT)
        after = of_token(parameters.get("page_token", ""))
        window = Window(ends[0], ends[1] + timedelta(seconds=1))
        limit = min(int(parameters.get("limit", "1000")), self._most)
        raw = parameters.get("adjustment", "raw") == "raw"
        asked = _Asked(interval, window, None if raw else now.date())
        found = list(islice(self._each(sorted(symbols), asked, now, after), limit + 1))
        lists: dict[str, list[dict[str, Any]]] = {}
        for symbol, row in found[:limit]:
            lists.setdefault(symbol, []).append(row)
        following = token({"symbol": found[limit - 1][0], "t": found[limit - 1][1]["t"]}) if found[limit:] else None
        return json_answer({"bars": lists, "next_page_token": following})

    def _each(
        self, symbols: Sequence[str], asked: "_Asked", now: datetime, after: Mapping[str, str]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """The bars symbol by symbol, from where the page before ended."""
        for name in symbols:
            symbol = self._market.find(name, now)
            if symbol is None or name < after.get("symbol", ""):
                continue
            begun = after.get("t", "") if name == after.get("symbol") else ""
            for bar in self._of(symbol, asked.interval, asked.window, now):
                row = _row(symbol, bar, asked.interval, asked.adjusted_at)
                if row["t"] > begun:
                    yield name, row

    def _of(self, symbol: ListedSymbol, interval: str, window: Window, now: datetime) -> list[SessionBar]:
        if interval not in _LONG:
            return self._market.bars(symbol, interval, window, now, "clock")
        dated = self._market.bars(symbol, interval, Window(window.start - _SPAN, window.end + _SPAN), now)
        return [bar for bar in dated if _begins(symbol, bar, interval) in window]

    def _actions(self, symbols: Sequence[str], parameters: Mapping[str, str], now: datetime) -> Answer:
        known = [one for name in symbols if (one := self._market.find(name, now))]
        types = parameters.get("types", "").split(",") if parameters.get("types") else []
        first, last = (parameters.get(name, f"{now.date()}") for name in ("start", "end"))
        rows = [
            (kind, row)
            for symbol in known
            for kind, row in by_kind(symbol)
            if first <= row["process_date"] <= last and (not types or kind.removesuffix("s") in types)
        ]
        rows.sort(key=lambda pair: str(pair[1]["process_date"]))
        start = int(of_token(parameters.get("page_token", "")).get("offset", "0"))
        end = start + min(int(parameters.get("limit", "100")), 1000, self._most)
        lists: dict[str, list[Any]] = {}
        for kind, row in rows[start:end]:
            lists.setdefault(kind, []).append(row)
        following = token({"offset": str(end)}) if rows[end:] else None
        return json_answer({"corporate_actions": lists, "next_page_token": following})


def error(status: int, words: str) -> Answer:
    """An error in its words."""
    return json_answer({"message": words}, status)


def _begins(symbol: ListedSymbol, bar: SessionBar, interval: str) -> datetime:
    """The instant at which a bar is put: of days and longer the midnight of the exchange, weeks begin on Monday."""
    label = bar.label
    if interval == "1w":
        label -= timedelta(days=label.weekday())
    elif interval == "1mo":
        label = label.replace(day=1)
    return exchange_midnight(label, symbol.hours.zone) if interval in _LONG else EPOCH + timedelta(seconds=bar.opened)


def _row(symbol: ListedSymbol, bar: SessionBar, interval: str, adjusted_at: date | None) -> dict[str, Any]:
    opening, high, low, close, volume = bar.plain(symbol, adjusted_at)
    prices = {"o": opening, "h": high, "l": low, "c": close}
    whole = {name: int(value) if value == int(value) else value for name, value in prices.items()}
    vwap = round(bar.vwap(symbol), 6)
    return {
        "t": f"{_begins(symbol, bar, interval):%Y-%m-%dT%H:%M:%SZ}",
        **whole,
        "v": int(volume),
        "n": bar.trades,
        "vw": vwap,
    }


def _instant(text: str | None, otherwise: datetime) -> datetime | None:
    if text is None:
        return otherwise
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
