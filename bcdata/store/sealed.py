"""JSON records that notice damage and edits: each holds the digest of all that it says besides. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from bcdata.store.digests import digest_of

DIGEST = "digest"


def seal(value: Mapping[str, Any], *, indent: int | None = None) -> bytes:
    """The record as UTF-8 JSON with its digest; the same value gives the same bytes."""
    text = json.dumps({**value, DIGEST: _digest(value)}, sort_keys=True, indent=indent, ensure_ascii=False)
    return (text + "\n").encode()


def unseal(body: bytes | None) -> dict[str, Any] | None:
    """What was sealed; None where there is nothing, or not what was sealed."""
    try:
        value = json.loads(body or b"")
        digest = value.pop(DIGEST)
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return None
    return value if isinstance(value, dict) and _digest(value) == digest else None


def _digest(value: Mapping[str, Any]) -> str:
    # As it reads back: JSON turns tuples into lists, and keys into text.
    return digest_of(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
