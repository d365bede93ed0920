"""What the replies of Coinbase's Exchange API mean: errors are `{"message": ...}`. Pure."""

from bcdata.net.policy import Kind, Refusal, Reply
from bcdata.providers.json_body import decoded, text_of

_OK = 200
_TOO_MANY = 429
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_SERVER_ERROR = 500
_BLOCKED = frozenset({403, 451})
_KINDS: tuple[tuple[str, Kind], ...] = (
    ("rate limit exceeded", "rate_limited"),
    ("notfound", "unknown_symbol"),
    ("not found", "unknown_symbol"),
    ("granularity", "bad_request"),
    ("invalid", "bad_request"),
    ("internal server error", "down"),
    ("unavailable", "down"),
)
"""By what the message says, in lower case."""


def classify(reply: Reply) -> Refusal | None:
    """Why the reply is not an answer; None where it is one."""
    try:
        value = decoded(reply.body)
    except ValueError as error:
        return _by_status(reply.status) or Refusal("bad_answer", str(error))
    message = value.get("message") if isinstance(value, dict) else None
    if isinstance(message, str):
        kind = next((kind for words, kind in _KINDS if words in message.lower()), None)
        if kind is not None:
            return Refusal(kind, message)
        refusal = _by_status(reply.status)
        return Refusal(refusal.kind if refusal else "bad_answer", message)
    if refusal := _by_status(reply.status):
        return refusal
    return None if isinstance(value, list) else Refusal("bad_answer", f"it is not a list: {text_of(value)}")


def _by_status(status: int) -> Refusal | None:
    if status == _OK:
        return None
    said = f"it answered {status}"
    if status == _NOT_FOUND:
        return Refusal("bad_answer", "there is no such path (404)")
    kinds: dict[int, Kind] = {_TOO_MANY: "rate_limited", _UNAUTHORIZED: "bad_key", **dict.fromkeys(_BLOCKED, "blocked")}
    return Refusal(kinds.get(status, "down" if status >= _SERVER_ERROR else "bad_request"), said)
