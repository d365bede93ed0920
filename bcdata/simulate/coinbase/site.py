"""What Coinbase's Exchange API answers: at most 300 candles, newest first, none where nothing was traded."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bcdata.interval import EPOCH
from bcdata.simulate.answers import Answer, json_answer
from bcdata.simulate.damage import damaged_body
from bcdata.simulate.faults import Fault
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.trade_market import TradedSymbol, TradeMarket

_NS = 1_000_000_000
_MOST_ROWS = 300
_GRANULARITIES = frozenset({60, 300, 900, 3600, 21600, 86400})
_CANDLES = re.compile(r"/products/([^/]+)/candles")
_TOO_MANY = "granularity too small for the requested time range. Count of aggregations requested exceeds 300"
_WORDS = {429: "Public rate limit exceeded", 403: "Forbidden", 500: "Internal server error"}


class CoinbaseSite:
    """The candles of a generated market."""

    def __init__(self, market: TradeMarket, rate: RequestRate) -> None:
        self._market = market
        self._rate = rate

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path."""
        del struck
        if not self._rate.allows():
            return _error(429, _WORDS[429])
        match = _CANDLES.fullmatch(path)
        symbol = self._market.find(match[1], now) if match else None
        if symbol is None:
            return _error(404, "NotFound")
        given = {name: parameters.get(name, "") for name in ("granularity", "start", "end")}
        if not all(text.isascii() and text.isdecimal() for text in given.values()):
            return _error(400, "Invalid start, end or granularity")
        granularity, start, end = map(int, given.values())
        if granularity not in _GRANULARITIES:
            return _error(400, "Unsupported granularity")
        if (end - start) // granularity >= _MOST_ROWS:
            return _error(400, _TOO_MANY)
        return json_answer(self._candles(symbol, granularity, start, end, now))

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status or body has it."""
        del now
        if fault.kind != "status":
            return damaged_body(answer, fault, line)
        wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        return _error(fault.status, _WORDS.get(fault.status, "Service unavailable")).with_headers(wait)

    def _candles(self, symbol: TradedSymbol, granularity: int, start: int, end: int, now: datetime) -> list[Any]:
        """The candles that open from `start` to `end`, both included (s), newest first; that of now is not finished."""
        upto = min((end // granularity + 1) * granularity * _NS, (now - EPOCH) // timedelta(microseconds=1) * 1000)
        first = -(-start // granularity) * granularity
        rows = []
        for bar in self._market.bars(symbol, granularity, first, upto):
            opening, high, low, close, volume, *_ = bar.plain(symbol)
            rows.append([bar.opened, low, high, opening, close, volume])
        return rows[::-1]


def _error(status: int, message: str) -> Answer:
    return json_answer({"message": message}, status)
