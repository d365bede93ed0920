"""What Alpaca's replies mean: errors are `{"message": ...}`. Pure."""

from collections.abc import Mapping
from typing import Any

from bcdata.net.answers import count, http_date
from bcdata.net.policy import Kind, Refusal, Reply
from bcdata.providers.json_body import decoded, text_of

_OK = 200
_NOT_FOUND = 404
_TOO_MANY = 429
_SERVER_ERROR = 500
_LONGEST_WAIT = 3600.0
_WORDS: tuple[tuple[str, Kind], ...] = (
    ("subscription", "not_entitled"),
    ("too many requests", "rate_limited"),
    ("rate limit", "rate_limited"),
    ("invalid symbol", "unknown_symbol"),
    ("symbol not found", "unknown_symbol"),
    ("unauthorized", "bad_key"),
    ("not authorized", "bad_key"),
    ("forbidden", "bad_key"),
    ("adjustment", "bad_request"),
    ("invalid", "bad_request"),
    ("internal server error", "down"),
    ("unavailable", "down"),
)
"""By what the message says, in lower case; the first that fits."""
HOLDS = ("bars", "corporate_actions")
"""What an answer has its rows under."""


def classify(reply: Reply) -> Refusal | None:
    """Why the reply is not an answer; None where it is one that has rows."""
    try:
        value = decoded(reply.body)
    except ValueError as error:
        return _by_status(reply) or Refusal("bad_answer", str(error))
    message = value.get("message") if isinstance(value, dict) else None
    if isinstance(message, str):
        kind = next((kind for words, kind in _WORDS if words in message.lower()), None)
        refusal = _by_status(reply)
        kind = kind or (refusal.kind if refusal else "bad_answer")
        return Refusal(kind, message, _until_reset(reply.headers) if kind == "rate_limited" else None)
    return _by_status(reply) or _without_rows(value)


def _without_rows(value: Any) -> Refusal | None:
    held = next((name for name in HOLDS if name in value), None) if isinstance(value, dict) else None
    if held is None or not (value[held] is None or isinstance(value[held], dict)):
        return Refusal("bad_answer", f"it has neither {' nor '.join(HOLDS)}: {text_of(value)}")
    leads_on = value.get("next_page_token") is not None
    return None if leads_on or any((value[held] or {}).values()) else Refusal("no_data", f"it has no {held}")


def _by_status(reply: Reply) -> Refusal | None:
    if reply.status == _OK:
        return None
    said = f"it answered {reply.status}"
    if reply.status == _TOO_MANY:
        return Refusal("rate_limited", said, _until_reset(reply.headers))
    if reply.status == _NOT_FOUND:
        return Refusal("bad_answer", "there is no such path (404)")
    kinds: dict[int, Kind] = {401: "bad_key", 403: "blocked", 451: "blocked"}
    return Refusal(kinds.get(reply.status, "down" if reply.status >= _SERVER_ERROR else "bad_request"), said)


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """The seconds from the reply's own date to the reset that it tells of; None where it tells neither."""
    reset, at = count(headers.get("X-Ratelimit-Reset", "")), http_date(headers.get("Date", ""))
    if reset is None or at is None:
        return None
    return min(max(0.0, reset - at.timestamp()), _LONGEST_WAIT)
