"""What Tiingo answers: lists of bars by dates, oldest first; errors as a detail."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from bcdata.interval import EPOCH, Interval
from bcdata.simulate.answers import Answer, json_answer
from bcdata.simulate.damage import damaged_body
from bcdata.simulate.faults import Fault
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.session_market import ListedSymbol, SessionBar, SessionMarket
from bcdata.windows import Window

_DAILY = re.compile(r"/tiingo/daily/([^/]+)(/prices)?")
_IEX = re.compile(r"/iex/([^/]+)/prices")
_SPANS = {"daily": "1d", "weekly": "1w", "monthly": "1mo"}
_WITHIN = {"5min": "5m", "15min": "15m", "30min": "30m", "1hour": "1h"}
_SETTLED = timedelta(minutes=90)
"""Bars of a day are there so long after the close."""
_OVER_THE_HOUR = "Error: You have run over your hourly request allocation. Please upgrade at https://api.tiingo.com/"
_OVER_THE_MONTH = "Error: You have run over your 500 symbol look up for this month. Please upgrade."


class TiingoSite:
    """Bars, splits and dividends of a generated market."""

    def __init__(self, market: SessionMarket, key: str, hourly: int | None, symbols: int | None) -> None:
        self._market = market
        self._names = {name.replace(".", "-"): one for name, one in market.symbols.items()}
        self._key = key
        self._rate = RequestRate(hourly, 3600.0)
        self._most, self._seen = symbols, set[str]()

    def denied(self, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        """What it says to those without its key."""
        del path
        given = headers.get("Authorization", "").removeprefix("Token ") or parameters.get("token", "")
        if given == self._key:
            return None
        return _error("Invalid token." if given else "Authentication credentials were not provided.", 401)

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path."""
        del struck
        match = _DAILY.fullmatch(path) or _IEX.fullmatch(path)
        if match is None:
            return Answer(404, b"<!DOCTYPE html><html><title>404</title></html>", "text/html")
        name = match[1].upper()
        if refused := self._over(name):
            return refused
        symbol = self._names.get(name)
        if symbol is None or self._market.find(symbol.symbol, now) is None:
            return _error(f"Error: Ticker '{name}' not found", 404)
        if match.re is _DAILY and not match[2]:
            return json_answer({"ticker": name, "startDate": str(symbol.listed), "endDate": str(now.date())})
        return self._prices(symbol, parameters, now, is_daily=match.re is _DAILY)

    def _over(self, name: str) -> Answer | None:
        """What it says to those who have asked too much."""
        if not self._rate.allows():
            return _error(_OVER_THE_HOUR, 429)
        self._seen.add(name)
        is_over = self._most is not None and len(self._seen) > self._most
        return _error(_OVER_THE_MONTH, 429) if is_over else None

    def _prices(self, symbol: ListedSymbol, parameters: Mapping[str, str], now: datetime, *, is_daily: bool) -> Answer:
        spans, default = (_SPANS, "daily") if is_daily else (_WITHIN, "5min")
        interval = spans.get(parameters.get("resampleFreq", default))
        try:
            first, last = (date.fromisoformat(parameters[f"{one}Date"]) for one in ("start", "end"))
        except (KeyError, ValueError):
            return _error("Error: startDate and endDate must be YYYY-MM-DD", 400)
        if interval is None:
            return _error("Error: resampleFreq must be one of the documented ones", 400)
        if is_daily:
            return json_answer(self._days(symbol, interval, (first, last), now))
        rows = self._within(symbol, interval, (first, last), now)
        named = {"date", "open", "high", "low", "close", *parameters.get("columns", "").split(",")}
        return json_answer([{name: value for name, value in row.items() if name in named} for row in rows])

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status or body has it."""
        del now
        if fault.kind != "status":
            return damaged_body(answer, fault, line)
        wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        return Answer(fault.status, b"<html>nginx</html>", "text/html", wait)

    def _days(self, symbol: ListedSymbol, interval: str, dates: tuple[date, date], now: datetime) -> list[Any]:
        """Bars of days from the first to the last date; of longer ones whole first weeks, and no last date."""
        grid = Interval.parse(interval)
        start = grid.floor(_midnight(dates[0]))
        end = _midnight(dates[1]) + timedelta(days=1 if interval == "1d" else 0)
        bars = self._market.bars(symbol, "1d", Window(start, max(start, end)), now)
        there = [one for one in bars if EPOCH + timedelta(seconds=one.closes) + _SETTLED <= now]
        together = (list(some) for _, some in groupby(there, lambda one: grid.floor(_midnight(one.label))))
        return [_day_row(symbol, some, now.date()) for some in together]

    def _within(
        self, symbol: ListedSymbol, interval: str, dates: tuple[date, date], now: datetime
    ) -> Iterator[dict[str, Any]]:
        """Bars of IEX, cut at whole hours; the last one may still run."""
        window = Window(_midnight(dates[0]), _midnight(dates[1]) + timedelta(days=1))
        for bar in self._market.bars(symbol, interval, window, now, grid="clock"):
            at = EPOCH + timedelta(seconds=bar.opened)
            values = dict(zip(("open", "high", "low", "close", "volume"), bar.plain(symbol), strict=True))
            yield {"date": f"{at:%Y-%m-%dT%H:%M:%S}.000Z", **values}


def _day_row(symbol: ListedSymbol, bars: Sequence[SessionBar], today: date) -> dict[str, Any]:
    row: dict[str, Any] = {"date": f"{bars[-1].label}T00:00:00.000Z"}
    for prefix, as_of in (("", None), ("adj", today)):
        opens, highs, lows, closes, volumes = zip(*(one.plain(symbol, as_of) for one in bars), strict=True)
        values = {"close": closes[-1], "high": max(highs), "low": min(lows), "open": opens[0], "volume": sum(volumes)}
        for name, value in values.items():
            own = round(value) if name == "volume" else value
            row[f"{prefix}{name.capitalize()}" if prefix else name] = own
    labels = {one.label for one in bars}
    row["divCash"] = sum((one.amount for one in symbol.dividends if one.ex in labels), start=0.0)
    row["splitFactor"] = next((float(one.ratio) for one in symbol.splits if one.ex in labels), 1.0)
    return row


def _error(detail: str, status: int) -> Answer:
    return json_answer({"detail": detail}, status)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
