"""What Yahoo answers: charts adjusted for splits, nulls where nothing was traded, and the live quote as last row."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bcdata.interval import EPOCH
from bcdata.simulate.answers import Answer, json_answer
from bcdata.simulate.damage import damaged_body
from bcdata.simulate.faults import Fault
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.session_market import ListedSymbol, SessionMarket
from bcdata.simulate.yahoo.charts import ChartMaker, seconds
from bcdata.venues.classification.stocks import YAHOO

if TYPE_CHECKING:
    from bcdata.simulate.yahoo.written import WrittenDays

_CHART = re.compile(r"/v8/finance/chart/([^/]+)")
_CRUMB = "/v1/test/getcrumb"
_INTERVALS = {"1m": 60, "2m": 120, "5m": 300, "15m": 900, "30m": 1800, "60m": 3600, "1h": 3600, "90m": 5400, "1d": 0}
_REACH = {"1m": 30, "60m": 730, "1h": 730}
_MOST_OF_MINUTES = 8
_DAY = 86_400
_COOKIE = "A3=d=loopback&S=loopback"


class YahooSite:
    """Charts of a generated market; `crumb` is what it demands, empty where it demands none."""

    def __init__(self, market: SessionMarket, rate: int | None, crumb: str) -> None:
        self._market = market
        self._names = {_written(name): one for name, one in market.symbols.items()}
        self._rate = RequestRate(rate)
        self.crumb = crumb
        self.written: dict[str, WrittenDays] = {}
        """What is served of symbols as it is written, in place of what is generated."""

    def denied(self, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        """What it says to those who show not the cookie and crumb that it demands."""
        has_cookie = headers.get("Cookie", "") == _COOKIE
        if path == _CRUMB:
            crumb = Answer(200, (self.crumb or "loopback.crumb").encode(), "text/plain")
            return crumb if has_cookie else _error(401, "Unauthorized", "Invalid Cookie", "finance")
        if self.crumb and _CHART.fullmatch(path) and not (has_cookie and parameters.get("crumb") == self.crumb):
            return _error(401, "Unauthorized", "Invalid Crumb", "finance")
        return None

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path."""
        del struck
        if path == "/":
            return Answer(404, b"", "text/html", {"Set-Cookie": f"{_COOKIE}; Expires=Thu, 31 Dec 2099 23:59:59 GMT"})
        if not self._rate.allows():
            return Answer(429, b"Too Many Requests\r\n", "text/plain")
        match = _CHART.fullmatch(path)
        symbol = self._names.get(match[1].upper()) if match else None
        if symbol is None or self._market.find(symbol.symbol, now) is None:
            return _error(404, "Not Found", "No data found, symbol may be delisted")
        interval, texts = parameters.get("interval", "1d"), [parameters.get(f"period{one}", "") for one in (1, 2)]
        if interval not in _INTERVALS or not all(re.fullmatch("-?[0-9]+", one) for one in texts):
            return _error(422, "Unprocessable Entity", f"Invalid input - interval={interval}, period1={texts[0]}")
        start, end = map(int, texts)
        if refused := _refused(symbol, interval, start, end, now):
            return refused
        return json_answer({"chart": {"result": [self._chart(symbol, interval, parameters, now)], "error": None}})

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status or body has it."""
        del now
        if fault.kind != "status":
            return damaged_body(answer, fault, line)
        wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        body = b"Too Many Requests\r\n" if fault.status == 429 else b"<html>Will be right back...</html>"  # noqa: PLR2004
        return Answer(fault.status, body, "text/html", wait)

    def _chart(
        self, symbol: ListedSymbol, interval: str, parameters: Mapping[str, str], now: datetime
    ) -> dict[str, Any]:
        start, end = int(parameters["period1"]), int(parameters["period2"])
        chart = ChartMaker(self._market, symbol, now, self.written.get(symbol.symbol))
        length = _INTERVALS[interval]
        rows = chart.minutes(length, start, end) if length else chart.days(start, end)
        quote = {
            name: [row[at] for row in rows] for at, name in enumerate(("open", "high", "low", "close", "volume"), 1)
        }
        result: dict[str, Any] = {
            "meta": {**chart.meta(), "symbol": _written(symbol.symbol), "dataGranularity": interval}
        }
        if rows:
            result["timestamp"] = [row[0] for row in rows]
        if events := chart.events(start, end, parameters.get("events", "")):
            result["events"] = events
        result["indicators"] = {"quote": [quote if rows else {}]}
        if rows and not length:
            result["indicators"]["adjclose"] = [{"adjclose": chart.adjusted(start, end)}]
        return result


def _refused(symbol: ListedSymbol, interval: str, start: int, end: int, now: datetime) -> Answer | None:
    first = next(symbol.sessions()).open
    asked = f"{interval} data not available for startTime={start} and endTime={end}."
    days = _REACH.get(interval, 60)
    if interval != "1d" and start < seconds(now) - days * _DAY:
        words = f"{asked} The requested range must be within the last {days} days."
        return _error(422, "Unprocessable Entity", words)
    if interval == "1m" and end - start > _MOST_OF_MINUTES * _DAY:
        words = f"Only {_MOST_OF_MINUTES} days worth of 1m granularity data are allowed to be fetched per request."
        return _error(422, "Unprocessable Entity", f"{asked} {words}")
    if EPOCH + timedelta(seconds=end) <= first:
        return _error(400, "Bad Request", f"Data doesn't exist for startDate = {start}, endDate = {end}")
    return None


def _error(status: int, code: str, description: str, part: str = "chart") -> Answer:
    return json_answer({part: {"result": None, "error": {"code": code, "description": description}}}, status)


def _written(symbol: str) -> str:
    """A symbol as Yahoo writes it: a share class after a dash, an exchange after a dot."""
    ticker, _, after = symbol.rpartition(".")
    return f"{ticker}-{after}" if ticker and after not in YAHOO else symbol
