"""What Bitstamp answers: its markets, and at most 1000 candles, oldest first."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bcdata.interval import EPOCH
from bcdata.simulate.answers import Answer, json_answer
from bcdata.simulate.damage import damaged_body
from bcdata.simulate.faults import Fault
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.trade_market import TradeBar, TradedSymbol, TradeMarket

_NS = 1_000_000_000
_MOST_ROWS = 1000
_STEPS = frozenset({60, 180, 300, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 259200})
_CANDLES = re.compile(r"/api/v2/ohlc/([^/]+)/")
_TOO_MANY = "Request rate limit exceeded. Maximum number of requests is 400 per second."


class BitstampSite:
    """Markets and candles of a generated market."""

    def __init__(self, market: TradeMarket, rate: RequestRate, *, sends_empty: bool) -> None:
        self._market = market
        self._rate = rate
        self._sends_empty = sends_empty

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path."""
        del struck
        if not self._rate.allows():
            return _error(429, _TOO_MANY)
        if path == "/api/v2/markets/":
            return json_answer([_listed(one) for one in self._market.symbols.values() if one.listed <= now])
        match = _CANDLES.fullmatch(path)
        symbol = next((one for one in self._market.symbols.values() if match and _id(one) == match[1]), None)
        if symbol is None or symbol.listed > now:
            return _error(404, "Not found")
        given = {name: parameters.get(name, "") for name in ("step", "limit", "start", "end")}
        if not all(text.isascii() and text.isdecimal() for text in given.values()):
            return _error(400, "step, limit, start and end are needed as numbers")
        step, limit, start, end = map(int, given.values())
        if step not in _STEPS or not 1 <= limit <= _MOST_ROWS:
            return _error(400, "Invalid step or limit")
        rows = [*self._candles(symbol, step, start, end, now)][:limit]
        return json_answer({"data": {"pair": symbol.symbol, "ohlc": rows}})

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status or body has it."""
        del now
        if fault.kind != "status":
            return damaged_body(answer, fault, line)
        wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        return _error(fault.status, _TOO_MANY if fault.status == 429 else "It failed").with_headers(wait)  # noqa: PLR2004

    def _candles(
        self, symbol: TradedSymbol, step: int, start: int, end: int, now: datetime
    ) -> Iterator[dict[str, str]]:
        """The candles that open from `start` to `end`, both included (s); that of now is not finished."""
        present_ns = (now - EPOCH) // timedelta(microseconds=1) * 1000
        first = -(-max(start, 0) // step) * step
        upto_ns = min((end // step + 1) * step * _NS, present_ns)
        bars = {one.opened: one for one in self._market.bars(symbol, step, first, upto_ns)}
        before = self._market.last_before(symbol, first * _NS)
        close = None if before is None else before.price
        for opened in range(first, -(-upto_ns // _NS), step):
            if bar := bars.get(opened):
                close = bar.close
                yield _row(bar, symbol)
            elif self._sends_empty and close is not None:
                yield _row(TradeBar(opened, close, close, close, close, 0, 0, 0), symbol)


def _row(bar: TradeBar, symbol: TradedSymbol) -> dict[str, str]:
    opening, high, low, close, volume, *_ = bar.plain(symbol)
    prices = {"open": opening, "high": high, "low": low, "close": close}
    written = {name: f"{price:.{symbol.price_decimals}f}" for name, price in prices.items()}
    return {"timestamp": str(bar.opened), **written, "volume": f"{volume:.{symbol.volume_decimals}f}"}


def _id(symbol: TradedSymbol) -> str:
    return symbol.symbol.replace("/", "").lower()


def _listed(symbol: TradedSymbol) -> dict[str, Any]:
    base, _, counter = symbol.symbol.partition("/")
    return {
        "name": symbol.symbol,
        "market_symbol": _id(symbol),
        "base_currency": base,
        "base_decimals": symbol.volume_decimals,
        "counter_currency": counter,
        "counter_decimals": symbol.price_decimals,
        "minimum_order_value": "10",
        "trading": "Enabled",
        "instant_order_counter_decimals": 2,
        "instant_and_market_orders": "Enabled",
        "description": symbol.symbol,
        "market_type": "SPOT",
    }


def _error(status: int, reason: str) -> Answer:
    return json_answer({"status": "error", "reason": reason, "code": f"{status}.001"}, status)
