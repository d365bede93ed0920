"""A server on the loopback that answers whatever a test tells it to, broken in whatever way."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """What was asked: the target as sent, its decoded path and query, the headers in lower case, and the body."""

    target: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))


@dataclass(frozen=True)
class Reply:
    """An answer. `length` is the Content-Length to state (None: the true one; -1: none at all)."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    stall: float = 0
    reset: bool = False
    raw: bytes | None = None


Handler = Callable[[Request], Reply]


class FaultServer:
    """Answers with what `handler` returns and remembers the requests."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[Request] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.url = ""

    @property
    def connections(self) -> int:
        return len(self.writers)

    @property
    def count(self) -> int:
        return len(self.requests)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not await self._answer(head, reader, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = head.decode("ascii").split("\r\n")
        pairs = (line.partition(": ") for line in lines if line)
        headers = {name.lower(): value for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(first.split(" ")[1], headers, first.split(" ")[0], body)
        self.requests.append(request)
        reply = self.handler(request)
        if reply.reset:  # closing with linger 0 sends RST, as a dying peer does
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            return False
        length = len(reply.body) if reply.length is None else reply.length
        stated = {**reply.headers} if length < 0 else {**reply.headers, "Content-Length": str(length)}
        if length != len(reply.body):
            stated["Connection"] = "close"
        text = f"HTTP/1.1 {reply.status} Whatever\r\n" + "".join(f"{k}: {v}\r\n" for k, v in stated.items())
        writer.write(reply.raw if reply.raw is not None else text.encode() + b"\r\n" + reply.body)
        await writer.drain()
        if reply.stall:
            await asyncio.sleep(reply.stall)
        return length == len(reply.body) and reply.raw is None


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[FaultServer]:
    """Runs the server on a free port for the length of the block."""
    faulty = FaultServer(handler)
    server = await asyncio.start_server(faulty.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    faulty.url = f"http://{host}:{port}"
    try:
        yield faulty
    finally:
        server.close()
        await _ended()
        for writer in faulty.writers:  # what a client never read would keep a connection open beyond its loop
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in faulty.writers), return_exceptions=True)
        await server.wait_closed()


async def _ended() -> None:
    """Ends all connections, also those that are just being accepted and have no task of their own yet."""
    here = asyncio.current_task()
    while others := [task for task in asyncio.all_tasks() if task is not here and _serves(task)]:
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _serves(task: "asyncio.Task[object]") -> bool:
    name = getattr(task.get_coro(), "__qualname__", "")
    return "FaultServer.serve" in name or "_accept_connection" in name


def in_turn(*replies: Reply) -> Handler:
    """Answers with each reply once, then with the last one for ever."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
