"""What FMP's replies mean: errors are `{"Error Message": ...}` or a text. Pure."""

from typing import Any

from bcdata.net.answers import one_line
from bcdata.net.policy import Kind, Refusal, Reply
from bcdata.providers.json_body import decoded, text_of

_OK = 200
_FORBIDDEN = 403
_NOT_FOUND = 404
_SERVER_ERROR = 500
_KINDS: tuple[tuple[str, Kind], ...] = (
    ("limit reach", "quota_spent"),
    ("legacy endpoint", "bad_request"),
    ("invalid api key", "bad_key"),
    ("premium", "not_entitled"),
    ("special endpoint", "not_entitled"),
    ("exclusive endpoint", "not_entitled"),
    ("restricted endpoint", "not_entitled"),
    ("your current subscription", "not_entitled"),
    ("upgrade your plan", "not_entitled"),
    ("api key", "bad_key"),
    ("invalid", "bad_request"),
)
"""By what the message says, in lower case; the first that fits."""
_STATUSES: dict[int, Kind] = {
    401: "bad_key",
    402: "not_entitled",
    403: "not_entitled",
    429: "rate_limited",
    451: "blocked",
}


def classify(reply: Reply) -> Refusal | None:
    """Why the reply is not an answer; None where it is one."""
    try:
        value = decoded(reply.body)
    except ValueError as error:
        text = one_line(reply.body)
        if text.startswith("<"):  # a page for people, of the servers in front
            refusal = Refusal("blocked", text) if reply.status == _FORBIDDEN else _by_status(reply.status, text)
            return refusal or Refusal("bad_answer", str(error))
        return _by_words(text) or _by_status(reply.status, text or str(error)) or Refusal("bad_answer", str(error))
    if said := _said(value):
        return _by_words(said) or _by_status(reply.status, said) or Refusal("bad_answer", said)
    if refusal := _by_status(reply.status, f"it answered {reply.status}"):
        return refusal
    if not isinstance(value, list):
        return Refusal("bad_answer", f"it is no list: {text_of(value)}")
    return None if value else Refusal("no_data", "it has nothing")


def _said(value: Any) -> str:
    """What an error says; empty where the value is none."""
    if isinstance(value, str):
        return value
    names = ("Error Message", "error", "message")
    found = [value[name] for name in names if value.get(name)] if isinstance(value, dict) else []
    return ": ".join(one if isinstance(one, str) else text_of(one) for one in found)


def _by_words(said: str) -> Refusal | None:
    lower = " ".join(said.lower().split())
    kind = next((kind for words, kind in _KINDS if words in lower), None)
    return Refusal(kind, said) if kind else None


def _by_status(status: int, said: str) -> Refusal | None:
    if status == _OK:
        return None
    if status == _NOT_FOUND:
        return Refusal("bad_answer", f"there is no such path (404): {said}")
    return Refusal(_STATUSES.get(status, "down" if status >= _SERVER_ERROR else "bad_request"), said)
