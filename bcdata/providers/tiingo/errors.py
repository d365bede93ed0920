"""What Tiingo's replies mean: errors are `{"detail": ...}`. Pure."""

from datetime import datetime
from typing import Any

from bcdata.net.answers import http_date, one_line
from bcdata.net.budgets import Budget, Period
from bcdata.net.policy import Kind, Refusal, Reply
from bcdata.providers.json_body import decoded, text_of

ZONE = "America/New_York"
"""Where Tiingo's days and months begin."""
_OK = 200
_NOT_FOUND = 404
_SERVER_ERROR = 500
_HOUR = 3600.0
_HOURLY, _DAILY, _MONTHLY = "hourly request", "daily request", "for this month"
_KINDS: tuple[tuple[str, Kind], ...] = (
    (_HOURLY, "rate_limited"),
    (_DAILY, "quota_spent"),
    (_MONTHLY, "quota_spent"),
    ("symbol look up", "quota_spent"),
    ("bandwidth", "quota_spent"),
    ("run over", "quota_spent"),
    ("permission", "not_entitled"),
    ("upgrade", "not_entitled"),
    ("invalid token", "bad_key"),
    ("api token", "bad_key"),
    ("credentials", "bad_key"),
    ("ticker", "unknown_symbol"),
    ("invalid", "bad_request"),
    ("must be", "bad_request"),
)
"""By what the detail says, in lower case; the first that fits."""
_STATUSES: dict[int, Kind] = {401: "bad_key", 403: "not_entitled", 429: "rate_limited", 451: "blocked"}


def classify(reply: Reply) -> Refusal | None:
    """Why the reply is not an answer; None where it is one."""
    try:
        value = decoded(reply.body)
    except ValueError as error:
        text = one_line(reply.body)
        known = None if text.startswith("<") else _by_words(reply, text)
        return known or _by_status(reply, text or str(error)) or Refusal("bad_answer", str(error))
    if said := _said(value):
        return _by_words(reply, said) or _by_status(reply, said) or Refusal("bad_answer", said)
    if refusal := _by_status(reply, f"it answered {reply.status}"):
        return refusal
    if isinstance(value, list):
        return None if value else Refusal("no_data", "it has no bars in this time")
    is_symbol = isinstance(value, dict) and "ticker" in value
    return None if is_symbol else Refusal("bad_answer", f"it is no list: {text_of(value)}")


def _said(value: Any) -> str:
    """What an error says; empty where the value is none."""
    detail = value.get("detail") if isinstance(value, dict) else value if isinstance(value, str) else None
    return detail if isinstance(detail, str) else text_of(detail) if detail else ""


def _by_words(reply: Reply, said: str) -> Refusal | None:
    lower = said.lower()
    words, kind = next(((words, kind) for words, kind in _KINDS if words in lower), ("", None))
    if kind is None:
        return None
    if words == "ticker" and "not found" not in lower and reply.status != _NOT_FOUND:
        return None
    at = http_date(reply.headers.get("Date", ""))
    if kind == "rate_limited":
        return Refusal(kind, said, retry_after=(_end("hour", at) - at).total_seconds() if at else _HOUR)
    if kind == "quota_spent" and at:
        return Refusal(kind, said, resets_at=_end("day" if words == _DAILY else "month", at))
    return Refusal(kind, said)


def _end(period: Period, at: datetime) -> datetime:
    return Budget("tiingo", 1, period=period, zone=ZONE).period_at(at)[1]


def _by_status(reply: Reply, said: str) -> Refusal | None:
    if reply.status == _OK:
        return None
    if reply.status == _NOT_FOUND:
        return Refusal("bad_answer", f"there is no such path (404): {said}")
    return Refusal(_STATUSES.get(reply.status, "down" if reply.status >= _SERVER_ERROR else "bad_request"), said)
