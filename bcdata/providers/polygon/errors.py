"""What Polygon's replies mean: `status` says how it went, `error` or `message` why. Pure."""

from typing import Any

from bcdata.net.policy import Kind, Refusal, Reply
from bcdata.providers.json_body import decoded, text_of

_OK = 200
_NOT_FOUND = 404
_TOO_MANY = 429
_SERVER_ERROR = 500
GOOD = ("OK", "DELAYED")
"""Data that is fifteen minutes old is good data."""
_MINUTE = 60.0
_WORDS: tuple[tuple[str, Kind], ...] = (
    ("exceeded the maximum requests", "rate_limited"),
    ("too many requests", "rate_limited"),
    ("data timeframe", "not_entitled"),
    ("not entitled", "not_entitled"),
    ("your plan", "not_entitled"),
    ("api key", "bad_key"),
    ("apikey", "bad_key"),
    ("not authorized", "not_entitled"),
    ("ticker not found", "unknown_symbol"),
    ("could not parse", "bad_request"),
    ("invalid", "bad_request"),
    ("must be", "bad_request"),
)
"""By what is said, in lower case; the first that fits."""
_STATUSES: dict[str, Kind] = {"NOT_AUTHORIZED": "not_entitled", "NOT_FOUND": "unknown_symbol"}


def classify(reply: Reply) -> Refusal | None:
    """Why the reply is not an answer; None where it is one that has rows."""
    try:
        value = decoded(reply.body)
    except ValueError as error:
        return _by_status(reply.status) or Refusal("bad_answer", str(error))
    if not isinstance(value, dict):
        return _by_status(reply.status) or Refusal("bad_answer", f"it is no object: {text_of(value)}")
    said = next((text for name in ("error", "message") if isinstance(text := value.get(name), str)), "")
    if kind := _by_words(value.get("status"), said):
        return Refusal(kind, said or text_of(value), _MINUTE if kind == "rate_limited" else None)
    if refusal := _by_status(reply.status):
        return Refusal(refusal.kind, said or refusal.text, refusal.retry_after)
    if value.get("status") not in GOOD:
        return Refusal("bad_answer", said or f"its status is {text_of(value.get('status'))}")
    return _without_rows(value)


def _by_words(status: object, said: str) -> Kind | None:
    if status in GOOD:
        return None
    found = next((kind for words, kind in _WORDS if words in said.lower()), None)
    return found or _STATUSES.get(status if isinstance(status, str) else "")


def _without_rows(value: dict[str, Any]) -> Refusal | None:
    results = value.get("results")
    if results is None and value.get("resultsCount", 0) == 0:
        results = []
    if not isinstance(results, list):
        return Refusal("bad_answer", f"it has no list of results: {text_of(value)}")
    return None if results else Refusal("no_data", "it has no results")


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
