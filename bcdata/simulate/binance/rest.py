"""The REST servers' answers: spot (`/api/v3`), um (`/fapi/v1`) and cm (`/dapi/v1`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from bcdata.simulate.binance.info import exchange_info, funding_info
from bcdata.simulate.binance.market.market import KlineRow, Market, Series
from bcdata.simulate.binance.market.names import COMPUTED, INDEX_PRICE, KLINES
from bcdata.simulate.binance.market.symbols import to_ms
from bcdata.simulate.binance.parameters import RequestedRange, RestError, archive_interval, only, required, span

PATHS = {"spot": "/api/v3", "um": "/fapi/v1", "cm": "/dapi/v1"}
_ROWS = {"spot": (500, 1000), "um": (500, 1500), "cm": (500, 1500)}
_FUNDING_ROWS = (100, 1000)
_FUTURES_WEIGHTS = ((99, 1), (499, 2), (1000, 5), (1500, 10))
_COIN_M_SPAN = 200 * 86_400_000
_SPAN = ("symbol", "startTime", "endTime", "limit")
_PAIR = ("pair", *_SPAN[1:])
_PLACES = 8


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call takes from the limits."""

    weight: int
    funding_calls: int = 0


def cost(venue: str, endpoint: str, parameters: Mapping[str, str]) -> Cost:
    """The cost of a call, whether or not it succeeds; malformed limits cost as the default does."""
    if endpoint == "exchangeInfo":
        return Cost(20 if venue == "spot" else 1)
    if venue == "um" and endpoint in ("fundingRate", "fundingInfo"):
        return Cost(0, 1)
    if endpoint not in (KLINES, *COMPUTED):
        return Cost(1)
    if venue == "spot":
        return Cost(2)
    default, most = _ROWS[venue]
    given = parameters.get("limit", "")
    limit = min(int(given), most) if given.isascii() and given.isdecimal() else default
    return Cost(next(weight for rows, weight in _FUTURES_WEIGHTS if limit <= rows))


@dataclass(frozen=True, slots=True)
class RestServer:
    """Answers the calls of one venue out of a market."""

    market: Market
    venue: str
    weight_limit: int

    def answer(self, endpoint: str, parameters: Mapping[str, str], now: datetime) -> Any:
        """The JSON value of a call; None for an endpoint that is not there.

        Raises:
            RestError: the call is refused.
        """
        endpoints: dict[str, Callable[[Mapping[str, str], datetime], Any]] = {
            "time": lambda _, at: {"serverTime": to_ms(at)},
            "exchangeInfo": self._exchange_info,
            KLINES: partial(self._klines, KLINES),
        }
        if self.venue != "spot":
            endpoints |= {kind: partial(self._klines, kind) for kind in COMPUTED}
            endpoints |= {"fundingRate": self._funding, "fundingInfo": self._funding_info}
        found = endpoints.get(endpoint)
        return found(parameters, now) if found else None

    def _exchange_info(self, parameters: Mapping[str, str], now: datetime) -> Any:
        only(parameters, ("symbol",) if self.venue == "spot" else ())
        symbols = self.market.instruments(self.venue, now)
        if "symbol" in parameters:
            wanted = self._symbol(parameters, now)
            symbols = [symbol for symbol in symbols if symbol.symbol == wanted]
        return exchange_info(self.venue, symbols, now, self.weight_limit)

    def _funding_info(self, parameters: Mapping[str, str], now: datetime) -> Any:
        only(parameters, ())
        return funding_info(self.market.instruments(self.venue, now), now)

    def _symbol(self, parameters: Mapping[str, str], now: datetime) -> str:
        symbol = required(parameters, "symbol")
        if not self.market.knows(self.venue, symbol, now):
            raise RestError(-1121, "Invalid symbol.")
        return symbol

    def _pair(self, parameters: Mapping[str, str], now: datetime) -> str:
        pair = required(parameters, "pair")
        if pair not in {one.base + one.quote for one in self.market.instruments(self.venue, now)}:
            raise RestError(-1121, "Invalid symbol.")
        return pair

    def _klines(self, kind: str, parameters: Mapping[str, str], now: datetime) -> list[KlineRow]:
        whose, name = (_PAIR, self._pair) if kind == INDEX_PRICE else (_SPAN, self._symbol)
        only(parameters, (*whose, "interval"))
        series = Series(self.venue, name(parameters, now), archive_interval(parameters, self.venue), kind)
        default, most = _ROWS[self.venue]
        asked = span(parameters, default=default, most=most)
        first, last, newest = self._range(asked, to_ms(now))
        if first > last:
            return []
        rows: list[KlineRow] = []
        for stretch in self.market.klines(series, first, last, newest_first=newest):
            rows = stretch + rows if newest else rows + stretch
            if len(rows) >= asked.limit:
                break
        rows = rows[-asked.limit :] if newest else rows[: asked.limit]
        if rows and int(rows[-1][6]) >= to_ms(now):
            rows[-1] = unfinished(rows[-1], to_ms(now))
        return rows

    def _range(self, asked: RequestedRange, now: int) -> tuple[int, int, bool]:
        """First and last open, and whether the newest rows of the range are wanted rather than the oldest.

        cm sends the newest rows of a range, which may span 200 days at most.
        """
        start, end = asked.start, asked.end
        if start is not None and end is not None and start > end and self.venue != "spot":
            raise RestError(-1023, "Start time is greater than end time.")
        if self.venue != "cm":
            return start or 0, min(now if end is None else end, now), start is None
        if start is not None and end is not None and end - start > _COIN_M_SPAN:
            raise RestError(-1128, "Combination of optional parameters invalid.")
        if end is None:
            end = now if start is None else start + _COIN_M_SPAN
        end = min(end, now)
        return max(end - _COIN_M_SPAN, 0) if start is None else start, end, True

    def _funding(self, parameters: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
        only(parameters, _SPAN)
        if "symbol" in parameters or self.venue == "cm":
            symbols = [self._symbol(parameters, now)]
        else:
            symbols = [instrument.symbol for instrument in self.market.instruments(self.venue, now)]
        default, most = _FUNDING_ROWS
        asked = span(parameters, default=default, most=most)
        last = min(to_ms(now) if asked.end is None else asked.end, to_ms(now))
        if (asked.start or 0) > last:
            return []
        found = [one for symbol in symbols for one in self.market.funding(self.venue, symbol, asked.start or 0, last)]
        found.sort(key=lambda one: (one.time, one.symbol))
        taken = found[-asked.limit :] if asked.start is None else found[: asked.limit]
        rows = [{"symbol": one.symbol, "fundingTime": one.time, "fundingRate": one.rate} for one in taken]
        return rows if self.venue == "cm" else [{**row, "markPrice": ""} for row in rows]


def unfinished(row: KlineRow, now: int) -> KlineRow:
    """The bar as it is while it is still open: a part of its flows, and a close on the way to the final one."""
    opening, closing = int(row[0]), int(row[6])
    share = (now - opening) / (closing + 1 - opening)
    first, high, low, last = (float(price) for price in row[1:5])
    places = len(str(row[4]).partition(".")[2])
    close = round(first + (last - first) * share, places)
    reached = (min(high, max(first, close)), max(low, min(first, close)))
    trades = int(int(row[8]) * share)
    prices = [row[1], *(f"{price:.{places}f}" for price in (*reached, close))]
    return [opening, *prices, _part(row[5], share), closing, _part(row[7], share), trades,
            _part(row[9], share), _part(row[10], share), row[11]]  # fmt: skip


def _part(text: str | int, share: float) -> str:
    places = len(str(text).partition(".")[2])
    return f"{int(float(text) * share * 10**places) / 10**places:.{places}f}"
