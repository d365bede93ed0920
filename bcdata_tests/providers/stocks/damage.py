"""Bodies that are broken in ways that happen: what reads them must say so, or set the row aside."""

import json
from collections.abc import Iterator
from typing import Any

FOREIGN: tuple[bytes, ...] = (
    b"", b"null", b"[]", b"7", b'"text"', b"<html></html>", b"\xff\xfe", b"[" * 100_000, b'{"a":1,"a":2}',
    b'{"bars":[]}', b'{"results":{}}', b'{"chart":{"result":null}}', b"timestamp,open\n2024-01-02,1\n", b"9" * 5000,
)  # fmt: skip
"""No page of any provider here."""
VALUES: tuple[Any, ...] = (None, True, "None", "-", "1,234.5", "NaN", [], {}, [1], "x", -1, 1e308, 10**30, "")


def spoilt(body: bytes) -> Iterator[bytes]:
    """The body with each of its values in turn replaced by each odd one, and cut off at some places."""
    for end in range(0, len(body), max(1, len(body) // 23)):
        yield body[:end]
    value = json.loads(body)
    for path in _paths(value):
        for odd in VALUES:
            yield json.dumps(_with(value, path, odd)).encode()


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    yield ()
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        for path in _paths(part):
            yield (name, *path)


def _with(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = _with(value[path[0]], path[1:], odd)
    return changed
