"""What a provider's answers mean: a provider may say "no" with status 200, and 403 need not be a block."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal[
    "rate_limited",
    "quota_spent",
    "not_entitled",
    "bad_key",
    "unknown_symbol",
    "no_data",
    "blocked",
    "out_of_depth",
    "bad_request",
    "bad_answer",
    "down",
]
"""The errors of providers; `bcdata.errors` has a type for each."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of any status. `headers` are looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a reply is not the answer.

    Attributes:
        kind: the kind of error.
        text: what the provider says, one line; keys that it repeats are masked by the client.
        retry_after: seconds after which it may be asked again (`rate_limited`), if it says so.
        resets_at: when there is more (`quota_spent`), UTC, if it is known; else the request's calendar budgets say.
    """

    kind: Kind
    text: str
    retry_after: float | None = None
    resets_at: datetime | None = None


ResponsePolicy = Callable[[Reply], Refusal | None]
"""A provider's reading of a reply, pure; None leaves it to the status: 200 is then the answer."""
