"""What Kraken answers: errors under status 200, pairs under other names, bars that end with one not committed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from bcdata.interval import EPOCH
from bcdata.simulate.answers import Answer, json_answer
from bcdata.simulate.damage import damaged_body
from bcdata.simulate.faults import Fault
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.trade_market import Trade, TradeBar, TradedSymbol, TradeMarket

_NS = 1_000_000_000
_DEPTH = 720
_MINUTES = frozenset({1, 5, 15, 30, 60, 240, 1440, 10080, 21600})
_PATH = "/0/public/"


class KrakenSite:
    """OHLC and Trades of a generated market."""

    def __init__(self, market: TradeMarket, rate: RequestRate, page_rows: int, *, with_ids: bool) -> None:
        self._market = market
        self._rate = rate
        self._page_rows = page_rows
        self._with_ids = with_ids

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path."""
        del struck
        if not self._rate.allows():
            return _error("EAPI:Rate limit exceeded")
        endpoint = path.removeprefix(_PATH)
        if endpoint not in {"OHLC", "Trades"}:
            return _error("EGeneral:Unknown method", 404)
        symbol = self._market.find(parameters.get("pair", ""), now)
        if symbol is None:
            return _error("EQuery:Unknown asset pair")
        texts = parameters.get("since", "0"), parameters.get("interval", "1")
        if not all(text.isascii() and text.isdecimal() for text in texts) or int(texts[1]) not in _MINUTES:
            return _error("EGeneral:Invalid arguments")
        since, minutes = map(int, texts)
        found = self._trades(symbol, since, _ns(now)) if endpoint == "Trades" else None
        rows, last = found or self._bars(symbol, minutes * 60, since, _ns(now))
        return json_answer({"error": [], "result": {symbol.answered_as or symbol.symbol: rows, "last": last}})

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status or body has it; a status comes with a page of the servers in front."""
        del now
        if fault.kind != "status":
            return damaged_body(answer, fault, line)
        wait = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        page = f"<html><head><title>{fault.status}</title></head><body>cloudflare</body></html>"
        return Answer(fault.status, page.encode(), "text/html", wait)

    def _trades(self, symbol: TradedSymbol, since: int, now: int) -> tuple[list[Any], int | str]:
        """The trades after `since` (ns), and the time of the last of them."""
        found = list(islice(self._market.trades(symbol, since + 1, now), self._page_rows))
        return [self._row(symbol, trade) for trade in found], str(found[-1].ns if found else since)

    def _row(self, symbol: TradedSymbol, trade: Trade) -> list[Any]:
        price = f"{trade.price / 10**symbol.price_decimals:.5f}"
        volume = f"{trade.volume / 10**symbol.volume_decimals:.{symbol.volume_decimals}f}"
        row = [price, volume, trade.ns / _NS, "b" if trade.is_buy else "s", "l", ""]
        return [*row, trade.number] if self._with_ids else row

    def _bars(self, symbol: TradedSymbol, seconds: int, since: int, now: int) -> tuple[list[Any], int | str]:
        """The latest bars after `since` (s), empty ones and that of now too; and the open of the last committed one."""
        pending = now // _NS // seconds * seconds
        listed = _ns(symbol.listed) // _NS // seconds * seconds
        start = max(listed, pending - _DEPTH * seconds)
        bars = {bar.opened: bar for bar in self._market.bars(symbol, seconds, start, now)}
        before = self._market.last_before(symbol, start * _NS)
        close = before.price if before else None
        rows = []
        for opened in range(start, pending + seconds, seconds):
            bar = bars.get(opened)
            if bar is None and close is not None:
                bar = TradeBar(opened, close, close, close, close, 0, 0, 0)
            if bar is not None:
                close = bar.close
                rows.append(_bar_row(symbol, bar))
        return [row for row in rows if row[0] > since], pending - seconds


def _bar_row(symbol: TradedSymbol, bar: TradeBar) -> list[Any]:
    *prices, volume, quote, trades = bar.plain(symbol)
    texts = [f"{price:.{symbol.price_decimals}f}" for price in prices]
    vwap = f"{quote / volume:.{symbol.price_decimals}f}" if trades else "0.0"
    return [bar.opened, *texts, vwap, f"{volume:.{symbol.volume_decimals}f}", trades]


def _error(text: str, status: int = 200) -> Answer:
    return json_answer({"error": [text]}, status)


def _ns(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1) * 1000
