"""A simulated venue on a port of 127.0.0.1: a real HTTP server, for as long as a `with` block lasts."""

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from threading import Lock, Thread
from types import TracebackType
from typing import Self

from aiohttp import web

from bcdata.errors import UsageError
from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.web_server import LoggedRequest, Site, WebServer

_HOST = "127.0.0.1"
_BACKLOG = 128
_SHUTDOWN_SECONDS = 0.2


class Loopback(ABC):
    """A server with a thread and an event loop of its own; a venue says in `site` and `environment` what it serves.

    Args:
        now: The venue's present instant, which stands still until `now` is set; the real one if None.
        faults: What goes wrong; more may be added while it runs.
        port: 0 takes a free one.

    Raises:
        UsageError: the port is taken (on entering).
    """

    def __init__(self, *, now: datetime | None = None, faults: Sequence[Fault] = (), port: int = 0) -> None:
        self._now = now
        self._faults = FaultPlan(tuple(faults))
        self._port = port
        self._requests: list[LoggedRequest] = []
        self._lock = Lock()
        self._stop: Future[None] = Future()
        self._thread: Thread | None = None

    @abstractmethod
    def site(self, faults: FaultPlan) -> Site:
        """What the server answers; asked for once, on entering."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The variables that point bcdata at this server."""

    def __enter__(self) -> Self:
        try:
            listener = socket.create_server((_HOST, self._port), backlog=_BACKLOG)
        except OSError as error:
            raise UsageError(f"port {self._port} on {_HOST} cannot be had: {error.strerror}") from error
        self._port = listener.getsockname()[1]
        self._stop = Future()
        serving: Future[None] = Future()
        self._thread = Thread(
            target=lambda: asyncio.run(self._serve(listener, serving)), name="loopback-exchange", daemon=True
        )
        self._thread.start()
        serving.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set_result(None)
        if self._thread:
            self._thread.join()
            self._thread = None

    async def _serve(self, listener: socket.socket, serving: "Future[None]") -> None:
        server = WebServer(self.site(self._faults), self._faults, lambda: self.now, self._record)
        runner = web.AppRunner(
            server.app(), access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            serving.set_result(None)
            await asyncio.wrap_future(self._stop)
        finally:
            await runner.cleanup()

    def _record(self, request: LoggedRequest) -> None:
        with self._lock:
            self._requests.append(request)

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://{_HOST}:{self._port}"

    @property
    def now(self) -> datetime:
        """The venue's present instant (UTC)."""
        return self._now or datetime.now(UTC)

    @now.setter
    def now(self, instant: datetime | None) -> None:
        self._now = instant

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request so far, in the order in which they were begun; faults that cut bodies off included."""
        with self._lock:
            return sorted(self._requests, key=lambda request: request.started)

    def clear(self) -> None:
        """Forgets the requests so far; limits and faults stay as they are."""
        with self._lock:
            self._requests.clear()

    def add(self, fault: Fault) -> None:
        """Puts a fault in force, from the next request on."""
        self._faults.add(fault)

    def remove(self, fault: Fault) -> None:
        """Takes a fault back."""
        self._faults.remove(fault)
