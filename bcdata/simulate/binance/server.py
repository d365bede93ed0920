"""The asynchronous side of the exchange: one handler for all paths, and how bodies are cut off on the wire."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate

from aiohttp import web

from bcdata.simulate.answers import Answer, json_answer, rest_error
from bcdata.simulate.binance.archive import ArchiveServer
from bcdata.simulate.binance.damage import damaged
from bcdata.simulate.binance.limits import RateLimits, Verdict
from bcdata.simulate.binance.market.market import Market
from bcdata.simulate.binance.market.symbols import to_ms
from bcdata.simulate.binance.parameters import RestError
from bcdata.simulate.binance.rest import PATHS, RestServer, cost
from bcdata.simulate.faults import TRANSPORT_KINDS, Fault, FaultPlan

_ARCHIVE = "/archive/"
_LISTING = ("/listing", "/listing/")
_LINGER_ZERO = struct.pack("ii", 1, 0)
_GLANCE_SECONDS = 0.02
_OK = 200
_BANNED = 418


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request and its answer: decoded path with query, body bytes sent, start on the monotonic clock (s)."""

    method: str
    path: str
    status: int
    sent: int
    started: float


class Server:
    """Turns requests into answers. Market work runs in one thread of its own, so that slow answers stay slow alone."""

    def __init__(
        self,
        market: Market,
        faults: FaultPlan,
        limits: RateLimits,
        now: Callable[[], datetime],
        log: Callable[[LoggedRequest], None],
    ) -> None:
        self._archive = ArchiveServer(market, faults)
        self._rest = {venue: RestServer(market, venue, limits.limit(venue)) for venue in PATHS}
        self._faults = faults
        self._limits = limits
        self._now = now
        self._log = log
        self._pool = ThreadPoolExecutor(1, "simulated-market")
        self._closing = asyncio.Event()

    def app(self) -> web.Application:
        """The application; its shutdown ends what is stalled."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._handle)
        app.on_shutdown.append(self._shut_down)
        return app

    async def _shut_down(self, _: web.Application) -> None:
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        started = time.monotonic()
        path = f"{request.path}?{request.query_string}" if request.query_string else request.path
        line = f"{request.method} {path}"
        struck = self._faults.strike(line)
        for fault in struck:
            if fault.kind == "latency":
                await asyncio.sleep(fault.seconds)
        now = self._now()
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._pool, self._answer, request.path, dict(request.query), struck, now)
        for fault in struck:
            answer = damaged(answer, fault, line, now)
        cut = next((fault for fault in struck if fault.kind in TRANSPORT_KINDS), None)
        sent = len(answer.body) // 2 if cut else len(answer.body)
        # Logged before the last byte leaves, so that whoever has the answer finds it in the log.
        self._log(LoggedRequest(request.method, path, answer.status, sent, started))
        headers = {**answer.headers, "Content-Type": answer.content_type}
        for fault in (one for one in struck if one.kind == "clock"):
            headers["Date"] = formatdate(time.time() + fault.seconds, usegmt=True)
        if cut is None:
            return web.Response(status=answer.status, body=answer.body, headers=headers)
        return await self._cut(request, answer, headers, cut)

    def _answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
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

    async def _cut(
        self, request: web.Request, answer: Answer, headers: Mapping[str, str], fault: Fault
    ) -> web.StreamResponse:
        """Sends half of the body under the Content-Length of the whole, and ends as the fault has it."""
        response = web.StreamResponse(status=answer.status, headers=headers)
        response.content_length = len(answer.body)
        await response.prepare(request)
        await response.write(answer.body[: len(answer.body) // 2])
        transport = request.transport
        if fault.kind == "stall":
            # A client that leaves cancels this.
            await self._closing.wait()
        elif fault.kind == "reset" and transport is not None:
            # What is on its way should arrive first: the reset is to come in the middle of the body.
            await asyncio.sleep(_GLANCE_SECONDS)
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            transport.abort()
        if transport is not None:
            transport.close()
        return response
