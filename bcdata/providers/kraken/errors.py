"""What Kraken's replies mean: errors stand in the body, most of them under status 200. Pure."""

from typing import Any

from bcdata.net.policy import Kind, Refusal, Reply
from bcdata.providers.json_body import decoded, text_of

_OK = 200
_NOT_FOUND = 404
_TOO_MANY = 429
_SERVER_ERROR = 500
_BLOCKED = frozenset({403, 451})
_LOCKOUT_SECONDS = 900.0
_KINDS: dict[str, Kind] = {
    "EAPI:Rate limit exceeded": "rate_limited",
    "EGeneral:Too many requests": "rate_limited",
    "EGeneral:Temporary lockout": "rate_limited",
    "EService:Throttled": "rate_limited",
    "EQuery:Unknown asset pair": "unknown_symbol",
    "EService:Unavailable": "down",
    "EService:Busy": "down",
    "EService:Timeout": "down",
    "EGeneral:Internal error": "down",
    "EGeneral:Invalid arguments": "bad_request",
    "EGeneral:Unknown method": "bad_request",
    "EGeneral:Permission denied": "blocked",
}
"""By the beginning of the text: details may follow it."""


def classify(reply: Reply) -> Refusal | None:
    """Why the reply is not an answer; None where it is one.

    The body decides where it is Kraken's own; a page of its front servers has a status alone.
    """
    try:
        value = decoded(reply.body)
    except ValueError as error:
        return _by_status(reply.status) or Refusal("bad_answer", str(error))
    if error_texts := errors_of(value):
        return _named(error_texts)
    if refusal := _by_status(reply.status):
        return refusal
    is_answer = isinstance(value, dict) and isinstance(value.get("result"), dict)
    return None if is_answer else Refusal("bad_answer", f"it has no result: {text_of(value)}")


def errors_of(value: Any) -> list[str]:
    """The errors in a decoded body. Texts that begin with W are warnings."""
    listed = value.get("error") if isinstance(value, dict) else None
    if not listed:
        return []
    texts = [
        one if isinstance(one, str) else text_of(one) for one in (listed if isinstance(listed, list) else [listed])
    ]
    return [text for text in texts if not text.startswith("W")]


def _named(texts: list[str]) -> Refusal:
    said = ", ".join(texts)
    for text in texts:
        for beginning, kind in _KINDS.items():
            if text.startswith(beginning):
                is_lockout = beginning == "EGeneral:Temporary lockout"
                wait = (_LOCKOUT_SECONDS if is_lockout else 1.0) if kind == "rate_limited" else None
                return Refusal(kind, said, wait)
    return Refusal("bad_answer", said)


def _by_status(status: int) -> Refusal | None:
    if status == _OK:
        return None
    said = f"it answered {status}"
    if status == _TOO_MANY:
        return Refusal("rate_limited", said)
    if status in _BLOCKED:
        return Refusal("blocked", said)
    if status == _NOT_FOUND:
        return Refusal("bad_answer", "there is no such path (404)")
    return Refusal("down" if status >= _SERVER_ERROR else "bad_request", said)
