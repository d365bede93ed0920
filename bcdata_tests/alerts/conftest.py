"""A channel: a real web server on loopback that takes messages, or does not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

TOKEN = "s3cr3t-t0k3n-0123456789"  # noqa: S105 - planted, so that it can be looked for


@dataclass
class Webhook:
    """Messages that came, in order; `status` is what is answered."""

    port: int = 0
    status: int = 200
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address as Apprise writes it, with a password and a token in it."""
        return f"json://user:{TOKEN}@127.0.0.1:{self.port}/hooks/{TOKEN}"


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """The only channel there is."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.messages.append(json.loads(body))
            self.send_response(hook.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("BCDATA_ALERT_URLS", hook.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield hook
        server.shutdown()
        thread.join()
