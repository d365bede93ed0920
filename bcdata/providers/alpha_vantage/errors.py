"""What Alpha Vantage's replies mean: all have status 200, and errors say why under a name of their own. Pure.

One text may speak of several limits: the first words that fit decide.
"""

from typing import Any

from bcdata.net.policy import Kind, Refusal, Reply
from bcdata.providers.json_body import decoded, text_of

_OK = 200
_NOT_FOUND = 404
_TOO_MANY = 429
_SERVER_ERROR = 500
_SAYS = ("Error Message", "Information", "Note", "message")
"""The names under which errors are said."""
_SECOND, _MINUTE = 1.0, 60.0
_WORDS: tuple[tuple[str, Kind, float | None], ...] = (
    ("sparingly", "rate_limited", _SECOND),
    ("request per second", "rate_limited", _SECOND),
    ("requests per second", "rate_limited", _SECOND),
    ("calls per minute", "rate_limited", _MINUTE),
    ("requests per minute", "rate_limited", _MINUTE),
    ("for demo purposes", "bad_key", None),
    ("apikey is invalid", "bad_key", None),
    ("invalid or missing", "bad_key", None),
    ("is a premium", "not_entitled", None),
    ("premium feature", "not_entitled", None),
    ("requests per day", "quota_spent", None),
    ("calls per day", "quota_spent", None),
    ("does not exist", "bad_request", None),
    ("invalid api call", "unknown_symbol", None),
    ("higher api call", "rate_limited", _MINUTE),
)
"""By what is said, in lower case; when a day's quota is there again follows from its budget."""


def classify(reply: Reply) -> Refusal | None:
    """Why the reply is not an answer; None where it is one that has rows."""
    try:
        value = decoded(reply.body)
    except ValueError as error:
        return _by_status(reply.status) or Refusal("bad_answer", str(error))
    if not isinstance(value, dict):
        return _by_status(reply.status) or Refusal("bad_answer", f"it is no object: {text_of(value)}")
    said = next((text for name in _SAYS if isinstance(text := value.get(name), str)), None)
    if said is not None:
        return _by_words(said) or _by_status(reply.status) or Refusal("bad_answer", said)
    return _by_status(reply.status) or _without_rows(value)


def _by_words(said: str) -> Refusal | None:
    for words, kind, wait in _WORDS:
        if words in said.lower():
            return Refusal(kind, said, wait)
    return None


def _without_rows(value: dict[str, Any]) -> Refusal | None:
    """Series stand under `Time Series (...)`, splits and dividends under `data`."""
    held = [rows for name, rows in value.items() if name.startswith("Time Series") or name == "data"]
    if value and not (held and isinstance(held[0], dict | list)):
        return Refusal("bad_answer", f"it has no series: {text_of(value)}")
    return None if held and held[0] else Refusal("no_data", "it has no rows")


def _by_status(status: int) -> Refusal | None:
    if status == _OK:
        return None
    said = f"it answered {status}"
    if status == _TOO_MANY:
        return Refusal("rate_limited", said, _MINUTE)
    if status == _NOT_FOUND:
        return Refusal("bad_answer", "there is no such path (404)")
    kinds: dict[int, Kind] = {401: "bad_key", 403: "blocked", 451: "blocked"}
    return Refusal(kinds.get(status, "down" if status >= _SERVER_ERROR else "bad_request"), said)
