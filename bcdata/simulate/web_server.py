"""The asynchronous side of a simulated server: one handler for all paths, and how bodies are cut off on the wire."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate
from typing import Protocol, runtime_checkable

from aiohttp import web

from bcdata.simulate.answers import Answer
from bcdata.simulate.faults import TRANSPORT_KINDS, Fault, FaultPlan

_LINGER_ZERO = struct.pack("ii", 1, 0)
_GLANCE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request and its answer: decoded path with query, body bytes sent, start on the monotonic clock (s)."""

    method: str
    path: str
    status: int
    sent: int
    started: float


class Site(Protocol):
    """What a venue answers."""

    def answer(self, path: str, parameters: Mapping[str, str], struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of a decoded path; faults on content are the site's own business."""

    def damaged(self, answer: Answer, fault: Fault, line: str, now: datetime) -> Answer:
        """The answer as a fault on status, body or rows has it; other kinds leave it alone."""


@runtime_checkable
class KeyedSite(Site, Protocol):
    """What a venue answers that looks at headers first: for keys, for cookies."""

    def denied(self, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> Answer | None:
        """What it says to a request that has not what it asks for; None where `answer` is to answer.

        Headers are looked up without regard to case.
        """


class WebServer:
    """Turns requests into answers. A site works in one thread of its own, so that slow answers stay slow alone."""

    def __init__(
        self, site: Site, faults: FaultPlan, now: Callable[[], datetime], log: Callable[[LoggedRequest], None]
    ) -> None:
        self._site = site
        self._keyed = site if isinstance(site, KeyedSite) else None
        self._faults = faults
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
        parameters = dict(request.query)
        answer = self._keyed.denied(request.path, parameters, request.headers) if self._keyed else None
        if answer is None:
            answer = await loop.run_in_executor(self._pool, self._site.answer, request.path, parameters, struck, now)
        for fault in struck:
            answer = self._site.damaged(answer, fault, line, now)
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
