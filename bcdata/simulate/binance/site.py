"""Which of Binance's servers answers a path, within the rate limits."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bcdata.simulate.answers import Answer, json_answer, rest_error
from bcdata.simulate.binance.archive import ArchiveServer
from bcdata.simulate.binance.damage import damaged
from bcdata.simulate.binance.limits import RateLimits, Verdict
from bcdata.simulate.binance.market.market import Market
from bcdata.simulate.binance.market.symbols import to_ms
from bcdata.simulate.binance.parameters import RestError
from bcdata.simulate.binance.rest import PATHS, RestServer, cost
from bcdata.simulate.faults import Fault, FaultPlan

_ARCHIVE = "/archive/"
_LISTING = ("/listing", "/listing/")
_OK = 200
_BANNED = 418


class BinanceSite:
    """The archive, its listing and the REST servers of all venues."""

    def __init__(self, market: Market, faults: FaultPlan, limits: RateLimits) -> None:
        self._archive = ArchiveServer(market, faults)
        self._rest = {venue: RestServer(market, venue, limits.limit(venue)) for venue in PATHS}
        self._limits = limits

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status, body or rows has it; other kinds leave it alone."""
        return damaged(answer, fault, line, now)

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path."""
        if path.startswith(_ARCHIVE):
            return self._archive.object(path.removeprefix(_ARCHIVE), struck, now)
        if path in _LISTING:
            return self._archive.listing(parameters, now)
        for venue, below in PATHS.items():
            start = f"/{venue}{below}/"
            if path.startswith(start):
                return self._rest_answer(venue, path.removeprefix(start), parameters, now)
        return rest_error(404, -5000, f"Path {path}, Method GET is invalid")

    def _rest_answer(self, venue: str, endpoint: str, parameters: Mapping[str, str], now: datetime) -> Answer:
        price = cost(venue, endpoint, parameters)
        verdict = self._limits.judge(venue, price.weight, price.funding_calls)
        headers = {"X-MBX-USED-WEIGHT-1M": str(verdict.used)}
        if verdict.status != _OK:
            refusal = self._refusal(venue, verdict, now)
            return refusal.with_headers({**headers, "Retry-After": str(verdict.retry_after)})
        try:
            value = self._rest[venue].answer(endpoint, parameters, now)
        except RestError as error:
            return rest_error(400, error.code, error.message).with_headers(headers)
        if value is None:
            return rest_error(404, -5000, f"Path {PATHS[venue]}/{endpoint}, Method GET is invalid")
        return json_answer(value).with_headers(headers)

    def _refusal(self, venue: str, verdict: Verdict, now: datetime) -> Answer:
        if verdict.status == _BANNED:
            until = to_ms(now) + verdict.retry_after * 1000
            words = f"Way too much request weight used; IP banned until {until}."
            return rest_error(_BANNED, -1003, f"{words} Please use WebSocket Streams for live updates to avoid bans.")
        words = f"Too many requests; current limit is {self._limits.limit(venue)} request weight per 1 MINUTE."
        return rest_error(
            verdict.status,
            -1003,
            f"{words} Please use WebSocket Streams for live updates to avoid polling the API.",
        )
