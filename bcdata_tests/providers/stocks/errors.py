"""What the tests of errors share: quoted bodies, and bodies like them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bcdata.net.policy import Refusal, Reply

Classify = Callable[[Reply], Refusal | None]


def kind(classify: Classify, status: int, body: object, headers: dict[str, str] | None = None) -> str | None:
    """The kind of error of a body, which is JSON unless it is bytes; None for an answer."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    refusal = classify(Reply(status, headers or {}, sent))
    return refusal.kind if refusal else None


def quoted(shared_data: Path, provider: str) -> list[tuple[int, dict[str, Any], str]]:
    """Status, body and type of the quoted bodies of a provider."""
    bodies = json.loads((shared_data / "providers/error_bodies.json").read_text())["bodies"]
    return [(one["http_status"], one["body"], one["type"]) for one in bodies if one["provider"] == provider]


def likewise(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The same error in other words around it, in capitals, and with more beside it."""
    return [
        {
            name: f"Hello! {text} Goodbye." if isinstance(text, str) and " " in text else text
            for name, text in body.items()
        },
        {name: text.upper() if isinstance(text, str) else text for name, text in body.items()},
        {**body, "request_id": "1f", "count": 7},
    ]
