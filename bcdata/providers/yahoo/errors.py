"""What the replies of Yahoo's charts mean: errors are `{"chart": {"error": {...}}}`, or text. Pure."""

from typing import Any

from bcdata.net.answers import one_line
from bcdata.net.policy import Kind, Refusal, Reply
from bcdata.providers.json_body import decoded, text_of

_OK = 200
_NOT_FOUND = 404
_SERVER_ERROR = 500
_KINDS: tuple[tuple[str, Kind], ...] = (
    ("too many requests", "rate_limited"),
    ("invalid crumb", "bad_key"),
    ("invalid cookie", "bad_key"),
    ("will be right back", "down"),
    ("internal server error", "down"),
    ("must be within the last", "out_of_depth"),
    ("worth of", "bad_request"),
    ("data doesn't exist for startdate", "no_data"),
    ("no data found", "no_data"),
    ("may be delisted", "no_data"),
    ("unauthorized", "bad_key"),
    ("not found", "no_data"),
    ("unprocessable", "bad_request"),
    ("bad request", "bad_request"),
    ("invalid", "bad_request"),
)
"""By what code and description say, in lower case; the first that fits. A client that is slowed down is told "Not
Found" of symbols that there are: that is never an unknown symbol."""
_STATUSES: dict[int, Kind] = {
    400: "bad_request",
    401: "bad_key",
    403: "blocked",
    422: "bad_request",
    429: "rate_limited",
    451: "blocked",
}


def classify(reply: Reply) -> Refusal | None:
    """Why the reply is not an answer; None where it is one."""
    try:
        value = decoded(reply.body)
    except ValueError as error:
        text = one_line(reply.body)
        known = _by_words(text)
        return known or _by_status(reply.status, text or str(error)) or Refusal("bad_answer", str(error))
    if said := _said(value):
        return _by_words(said) or _by_status(reply.status, said) or Refusal("bad_answer", said)
    if refusal := _by_status(reply.status, f"it answered {reply.status}"):
        return refusal
    chart = value.get("chart") if isinstance(value, dict) else None
    results = chart.get("result") if isinstance(chart, dict) else None
    if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], dict):
        return Refusal("bad_answer", f"it is no chart: {text_of(value)}")
    return Refusal("no_data", "it has no bars in this time") if _is_empty(results[0]) else None


def _is_empty(result: dict[str, Any]) -> bool:
    """Whether there are neither times nor values nor events: what has values without times is no empty chart."""
    if result.get("timestamp") or result.get("events"):
        return False
    indicators = result.get("indicators")
    quotes = indicators.get("quote") if isinstance(indicators, dict) else None
    return isinstance(quotes, list) and all(isinstance(one, dict) and not any(one.values()) for one in quotes)


def _said(value: Any) -> str:
    """Code and description of an error; empty where there is none."""
    for name in ("chart", "finance"):
        part = value.get(name) if isinstance(value, dict) else None
        error = part.get("error") if isinstance(part, dict) else None
        if isinstance(error, dict):
            return ": ".join(str(error[key]) for key in ("code", "description") if error.get(key)) or "an error"
        if error:
            return text_of(error)
    return ""


def _by_words(said: str) -> Refusal | None:
    lower = said.lower().replace("\u2019", "'")
    kind = next((kind for words, kind in _KINDS if words in lower), None)
    return Refusal(kind, said) if kind else None


def _by_status(status: int, said: str) -> Refusal | None:
    if status == _OK:
        return None
    if status == _NOT_FOUND:
        return Refusal("bad_answer", f"there is no such path (404): {said}")
    return Refusal(_STATUSES.get(status, "down" if status >= _SERVER_ERROR else "bad_request"), said)
