"""What Alpha Vantage answers: always with status 200, newest first, in local times without an offset."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bcdata.interval import EPOCH
from bcdata.simulate.answers import Answer, json_answer
from bcdata.simulate.damage import damaged_body
from bcdata.simulate.exchange_dates import exchange_midnight
from bcdata.simulate.faults import Fault
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.session_market import ListedSymbol, SessionBar, SessionMarket
from bcdata.windows import Grain, Window

_ZONE = "US/Eastern"
_INTERVALS = {"1min": "1m", "5min": "5m", "15min": "15m", "60min": "1h"}
_COMPACT, _LATEST = 100, timedelta(days=200)
_EVER = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
_PLANS = "https://www.alphavantage.co/premium/"
_SPARINGLY = (
    "Thank you for using Alpha Vantage! Please consider spreading out your free API requests more sparingly (1 request"
    f" per second). You may subscribe to any of the premium plans at {_PLANS} to lift the free key rate limit (25"
    " requests per day), raise the per-second burst limit, and instantly unlock all premium endpoints"
)
_PREMIUM = (
    "Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any of the premium plans at"
    f" {_PLANS} to instantly unlock all premium endpoints"
)
_NO_KEY = "the parameter apikey is invalid or missing. Please claim your free API key on ({}). It takes 20 seconds."
_INVALID = (
    "Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/documentation/) for {}."
)


class AlphaVantageSite:
    """Time series and actions of a generated market."""

    def __init__(
        self, market: SessionMarket, key: str | None, a_day: int | None, a_second: int | None, *, is_free: bool
    ) -> None:
        self._market = market
        self._key = key
        self._a_day = a_day
        self._rate = RequestRate(a_second)
        self._is_free = is_free
        self._spent: Counter[date] = Counter()

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path."""
        del struck
        if path != "/query":
            return Answer(404, b"<html>not found</html>", "text/html")
        given = parameters.get("apikey", "")
        if not given or self._key not in {None, given}:
            return json_answer({"Error Message": _NO_KEY.format("https://www.alphavantage.co/support/#api-key")})
        if not self._rate.allows():
            return json_answer({"Information": _SPARINGLY})
        today = now.astimezone(ZoneInfo(_ZONE)).date()
        if self._a_day is not None and self._spent[today] >= self._a_day:
            return json_answer({"Information": _spent(given, self._a_day)})
        self._spent[today] += 1
        return json_answer(self._told(parameters, today, now))

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status or body has it."""
        del now
        if fault.kind != "status":
            return damaged_body(answer, fault, line)
        wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        return Answer(fault.status, f"<html>{fault.status}</html>".encode(), "text/html", wait)

    def _told(self, asked: Mapping[str, str], today: date, now: datetime) -> dict[str, Any]:
        function = asked.get("function", "")
        symbol = self._market.find(asked.get("symbol", "").replace("-", "."), now)
        if symbol is None:
            return {"Error Message": _INVALID.format(function)}
        if function in _ACTIONS:
            return {"symbol": asked["symbol"], "data": _ACTIONS[function](symbol)}
        if function not in {"TIME_SERIES_DAILY", "TIME_SERIES_INTRADAY"}:
            return {"Error Message": f"This API function ({function}) does not exist."}
        is_full = asked.get("outputsize", "compact") == "full"
        if self._is_free and (is_full or function == "TIME_SERIES_INTRADAY"):
            return {"Information": _PREMIUM}
        seen = exchange_midnight(today, _ZONE)
        if function == "TIME_SERIES_DAILY":
            window = _EVER if is_full else Window(seen - _LATEST, seen)
            bars = self._market.bars(symbol, "1d", window, seen)
            return _daily(asked["symbol"], symbol, bars if is_full else bars[-_COMPACT:], is_full=is_full)
        return self._intraday(asked, symbol, seen)

    def _intraday(self, asked: Mapping[str, str], symbol: ListedSymbol, seen: datetime) -> dict[str, Any]:
        """The month that is asked for; extended hours have no trades here. `adjusted` is true unless it is said."""
        span, month = asked.get("interval", ""), asked.get("month")
        if span not in _INTERVALS or (month is not None and not Grain.MONTH.is_key(month)):
            return {"Error Message": _INVALID.format("TIME_SERIES_INTRADAY")}
        window = Grain.MONTH.window(month) if month else Window(seen - timedelta(days=7), seen)
        bars = self._market.bars(symbol, _INTERVALS[span], window, seen)
        bars = bars if asked.get("outputsize") == "full" else bars[-_COMPACT:]
        at = None if asked.get("adjusted") == "false" else seen.date()
        rows = {_local(bar): _row(symbol, bar, at) for bar in reversed(bars)}
        meta = {
            "1. Information": f"Intraday ({span}) open, high, low, close prices and volume",
            "2. Symbol": asked["symbol"],
            "3. Last Refreshed": next(iter(rows), ""),
            "4. Interval": span,
            "5. Output Size": "Full size" if asked.get("outputsize") == "full" else "Compact",
            "6. Time Zone": _ZONE,
        }
        return {"Meta Data": meta, f"Time Series ({span})": rows}


def _daily(name: str, symbol: ListedSymbol, bars: Sequence[SessionBar], *, is_full: bool) -> dict[str, Any]:
    rows = {f"{bar.label}": _row(symbol, bar, None) for bar in reversed(bars)}
    meta = {
        "1. Information": "Daily Prices (open, high, low, close) and Volumes",
        "2. Symbol": name,
        "3. Last Refreshed": next(iter(rows), ""),
        "4. Output Size": "Full size" if is_full else "Compact",
        "5. Time Zone": _ZONE,
    }
    return {"Meta Data": meta, "Time Series (Daily)": rows}


def _row(symbol: ListedSymbol, bar: SessionBar, adjusted_at: date | None) -> dict[str, str]:
    *prices, volume = bar.plain(symbol, adjusted_at)
    names = ("1. open", "2. high", "3. low", "4. close")
    return {**{name: f"{one:.4f}" for name, one in zip(names, prices, strict=True)}, "5. volume": f"{volume:.0f}"}


def _local(bar: SessionBar) -> str:
    opened = EPOCH + timedelta(seconds=bar.opened)
    return f"{opened.astimezone(ZoneInfo(_ZONE)):%Y-%m-%d %H:%M:%S}"


def _splits(symbol: ListedSymbol) -> list[dict[str, str]]:
    found = [{"effective_date": f"{one.ex}", "split_factor": f"{float(one.ratio):.4f}"} for one in symbol.splits]
    return found[::-1]


def _dividends(symbol: ListedSymbol) -> list[dict[str, str]]:
    found = [
        {
            "ex_dividend_date": f"{one.ex}",
            "declaration_date": "None",
            "record_date": f"{one.ex}",
            "payment_date": f"{one.ex + timedelta(days=21)}",
            "amount": f"{one.amount}",
        }
        for one in symbol.dividends
    ]
    return found[::-1]


def _spent(key: str, limit: int) -> str:
    """The key is repeated, as Alpha Vantage does."""
    return (
        f"We have detected your API key as {key} and our standard API rate limit is {limit} requests per day. Please"
        f" subscribe to any of the premium plans at {_PLANS} to instantly remove all daily rate limits."
    )


_ACTIONS = {"SPLITS": _splits, "DIVIDENDS": _dividends}
