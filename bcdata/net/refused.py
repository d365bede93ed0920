"""From what a provider says to the error that is raised, with the fix in its text."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bcdata.clock import in_utc
from bcdata.errors import (
    BadAnswerError,
    BadKeyError,
    BadRequestError,
    BlockedError,
    NoDataError,
    NotEntitledError,
    OutOfDepthError,
    ProviderError,
    QuotaSpentError,
    RateLimitedError,
    UnknownSymbolError,
)
from bcdata.net.answers import one_line, retry_after, shown
from bcdata.net.policy import Kind, Refusal
from bcdata.net.request import Request

_AT_ONCE: dict[Kind, tuple[type[ProviderError], str]] = {
    "not_entitled": (NotEntitledError, "use another source, or a plan that includes it"),
    "bad_key": (BadKeyError, "check the key"),
    "unknown_symbol": (UnknownSymbolError, "check the symbol"),
    "no_data": (NoDataError, "ask for another time, or another source"),
    "blocked": (BlockedError, "use another source, or set {variable} to a server that answers"),
    "out_of_depth": (OutOfDepthError, "ask for a later time, or another source"),
    "bad_request": (BadRequestError, "this is a defect of bcdata, or the provider has changed"),
    "bad_answer": (BadAnswerError, "check {variable}, or try again later"),
}
"""The errors that nothing but the provider's word decides, and what to do about them."""
_SOONEST = timedelta(seconds=60)
_LATEST = timedelta(days=32)
"""A quota is spent for no longer than a month."""
_QUOTA_UNKNOWN = timedelta(hours=1)


class TransientError(Exception):
    """Worth another attempt: connection trouble, a stall, a truncated body or a 5xx."""

    def __init__(
        self,
        question: Request,
        cause: str,
        *,
        status: int | None = None,
        wait: float | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(cause)
        self.question = question
        self.remedy = remedy
        self.status = status
        self.wait = wait


class SlowDownError(Exception):
    """A rate limit: not a failure, but a wait for everybody."""

    def __init__(self, seconds: float | None, status: int, text: str = "") -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.status = status
        self.text = text


class BanError(Exception):
    """A 418: the host must not be asked for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def refused(question: Request, refusal: Refusal, status: int, headers: Mapping[str, str]) -> Exception:
    """The error that a policy's refusal means: one of `bcdata.errors`, or one that has the client wait or ask again."""
    now = datetime.now(UTC)
    wait = refusal.retry_after
    if wait is None or not math.isfinite(wait):
        wait = retry_after(headers, now)
    text = one_line(refusal.text.encode("utf-8", "replace"))
    if refusal.kind == "down":
        return TransientError(question, f"the provider is down: {text}", status=status, wait=wait)
    if refusal.kind == "rate_limited":
        return SlowDownError(wait, status, text)
    if refusal.kind == "quota_spent":
        known = in_utc(refusal.resets_at or _end_of_quota(question, now))
        return quota_spent(question, min(max(known, now + _SOONEST), now + _LATEST), text, status=status)
    kind, fix = _AT_ONCE[refusal.kind]
    message = f"{question.about}: {text}; {fix.format(variable=question.variable)}"
    return kind(message, provider=question.provider, url=shown(question.url), status=status)


def _end_of_quota(question: Request, now: datetime) -> datetime:
    """When a quota is likely to be there again of which the provider does not say so."""
    ends = [budget.period_at(now)[1] for budget, _ in question.budgets if budget.period]
    return min(ends, default=now + _QUOTA_UNKNOWN)


def quota_spent(question: Request, resets_at: datetime, text: str, *, status: int | None = None) -> QuotaSpentError:
    """The error for a quota that is spent until an instant (UTC)."""
    return QuotaSpentError(
        f"{question.about}: {text}; the quota is spent: come again at {resets_at:%Y-%m-%dT%H:%M:%SZ}",
        provider=question.provider,
        url=shown(question.url),
        status=status,
        resets_at=resets_at,
    )


def rate_limited(question: Request, seconds: float, status: int | None, text: str) -> RateLimitedError:
    """The error for a host that must not be asked for so many seconds."""
    return RateLimitedError(
        f"{question.about}: {text}; try again in {seconds:.0f} s",
        provider=question.provider,
        url=shown(question.url),
        status=status,
        retry_after=seconds,
    )
