"""What FMP answers: lists, newest first, in New York's time; errors as a message, or as a text alone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bcdata.interval import EPOCH
from bcdata.simulate.answers import Answer, json_answer
from bcdata.simulate.damage import damaged_body
from bcdata.simulate.faults import Fault
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.session_market import ListedSymbol, SessionMarket
from bcdata.venues.classification.stocks import YAHOO
from bcdata.windows import Window

_NEW_YORK = ZoneInfo("America/New_York")
_WITHIN = {"1min": "1m", "5min": "5m", "15min": "15m", "30min": "30m", "1hour": "1h", "4hour": "4h"}
_MOST_ROWS = {"1min": 1170, "5min": 1000}
"""The newest so many bars are sent of a longer time, and the others left out without a word."""
_DAY = 86_400.0
_DATES = 20_000
_BAD_KEY = "Invalid API KEY. Feel free to create a Free API Key or visit https://site.financialmodelingprep.com/faqs"
_OVER = "Limit Reach . Please upgrade your plan or visit our documentation for more details"
_LEGACY = "Legacy Endpoint : Due to Legacy endpoints being no longer supported"
_PREMIUM = (
    b"Premium Query Parameter: 'Special Endpoint : This endpoint is not available under your current subscription'"
)


class FmpSite:
    """Bars, splits and dividends of a generated market."""

    def __init__(self, market: SessionMarket, key: str, daily: int | None, *, has_within: bool) -> None:
        self._market = market
        self._names = {_written(name): one for name, one in market.symbols.items()}
        self._key = key
        self._rate = RequestRate(daily, _DAY)
        self._has_within = has_within

    def denied(self, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        """What it says to those without its key."""
        del path
        given = parameters.get("apikey") or headers.get("apikey", "")
        return None if given == self._key else _error(_BAD_KEY, 401)

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path."""
        del struck
        if not self._rate.allows():
            return _error(_OVER, 429)
        if not path.startswith("/stable/"):
            return _error(_LEGACY, 403)
        group, _, which = path.removeprefix("/stable/").partition("/")
        if group == "historical-chart" and not self._has_within:
            return Answer(402, _PREMIUM, "text/plain")
        symbol = self._names.get(parameters.get("symbol", ""))
        if symbol is None or self._market.find(symbol.symbol, now) is None:
            return json_answer([])
        rows = self._rows(symbol, group, which, _dates(parameters), now)
        return Answer(404, b"[]", "application/json") if rows is None else json_answer(rows)

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status or body has it."""
        del now
        if fault.kind != "status":
            return damaged_body(answer, fault, line)
        wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        return Answer(fault.status, b"<html>nginx</html>", "text/html", wait)

    def _rows(
        self, symbol: ListedSymbol, group: str, which: str, window: Window, now: datetime
    ) -> list[dict[str, Any]] | None:
        """The rows of an endpoint; None where there is none."""
        name = _written(symbol.symbol)
        if group == "historical-price-eod" and which in {"full", "non-split-adjusted"}:
            as_of = now.astimezone(_NEW_YORK).date() if which == "full" else None
            return [{"symbol": name, **row} for row in self._days(symbol, window, now, as_of)][::-1]
        if group == "historical-chart" and which in _WITHIN:
            return list(self._within(symbol, _WITHIN[which], window, now))[::-1][: _MOST_ROWS.get(which)]
        if group == "splits":
            found = [{"date": str(one.ex), "numerator": one.new, "denominator": one.old} for one in symbol.splits]
            return [{"symbol": name, **row} for row in found][::-1]
        if group == "dividends":
            return [{"symbol": name, **row} for row in _payments(symbol, now.date())][::-1]
        if group == "profile":
            return [{"symbol": name, "currency": symbol.currency, "ipoDate": str(symbol.listed)}]
        return None

    def _days(
        self, symbol: ListedSymbol, window: Window, now: datetime, as_of: date | None
    ) -> Iterator[dict[str, Any]]:
        """Bars of days that are over, oldest first: as traded, or adjusted for splits where `as_of` is given."""
        names = ("open", "high", "low", "close") if as_of else ("adjOpen", "adjHigh", "adjLow", "adjClose")
        for bar in self._market.bars(symbol, "1d", window, now):
            if bar.closes <= now.timestamp():
                *prices, volume = bar.plain(symbol, as_of)
                yield {"date": str(bar.label), **dict(zip(names, prices, strict=True)), "volume": round(volume)}

    def _within(self, symbol: ListedSymbol, interval: str, window: Window, now: datetime) -> Iterator[dict[str, Any]]:
        """Bars within the day, oldest first; the last one may still run."""
        for bar in self._market.bars(symbol, interval, window, now):
            at = (EPOCH + timedelta(seconds=bar.opened)).astimezone(_NEW_YORK)
            opening, high, low, close, volume = bar.plain(symbol)
            prices = {"open": opening, "low": low, "high": high, "close": close}
            yield {"date": f"{at:%Y-%m-%d %H:%M:%S}", **prices, "volume": round(volume)}


def _payments(symbol: ListedSymbol, today: date) -> Iterator[dict[str, Any]]:
    for one in symbol.dividends:
        dates = {"recordDate": str(one.ex), "paymentDate": str(one.ex + timedelta(days=14)), "declarationDate": ""}
        adjusted = float(one.amount / symbol.shares(one.ex, today))
        yield {"date": str(one.ex), **dates, "adjDividend": adjusted, "dividend": one.amount, "frequency": "Quarterly"}


def _dates(parameters: Mapping[str, str]) -> Window:
    """The dates that are asked for, both included."""
    first = date.fromisoformat(parameters.get("from", "1970-01-01"))
    last = date.fromisoformat(parameters["to"]) if "to" in parameters else first + timedelta(days=_DATES)
    return Window(_midnight(first), _midnight(last) + timedelta(days=1))


def _error(message: str, status: int) -> Answer:
    return json_answer({"Error Message": message}, status)


def _written(symbol: str) -> str:
    ticker, _, after = symbol.rpartition(".")
    return f"{ticker}-{after}" if ticker and after not in YAHOO else symbol


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
