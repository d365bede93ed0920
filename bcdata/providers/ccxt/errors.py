"""What the errors of the ccxt library mean: their classes are the same for all exchanges. Pure, and without ccxt."""

from bcdata.errors import (
    BadAnswerError,
    BadKeyError,
    BadRequestError,
    BlockedError,
    NotEntitledError,
    ProviderError,
    RateLimitedError,
    UnknownSymbolError,
    UnreachableError,
)
from bcdata.net.answers import one_line
from bcdata.net.policy import Kind, Refusal

_KINDS: dict[str, Kind] = {
    "BadSymbol": "unknown_symbol",
    "BadRequest": "bad_request",
    "ArgumentsRequired": "bad_request",
    "NotSupported": "bad_request",
    "RestrictedLocation": "blocked",
    "PermissionDenied": "not_entitled",
    "AuthenticationError": "bad_key",
    "DDoSProtection": "rate_limited",
    "RateLimitExceeded": "rate_limited",
    "NetworkError": "down",
}
"""By the name of the class, or of the nearest class that it is made from; all else is an answer that is none."""
_TYPES: dict[Kind, type[ProviderError]] = {
    "unknown_symbol": UnknownSymbolError,
    "bad_request": BadRequestError,
    "blocked": BlockedError,
    "not_entitled": NotEntitledError,
    "bad_key": BadKeyError,
    "down": UnreachableError,
    "bad_answer": BadAnswerError,
}
_BY_STATUS = frozenset({403, 404, 418, 429, 451})
"""What these statuses mean is known, where an exchange's own words are not."""
_SERVER_ERROR = 500
_WAIT_SECONDS = 60.0


def is_of_ccxt(error: Exception) -> bool:
    """Whether the library raised it on purpose."""
    return any(one.__name__ == "BaseError" for one in type(error).__mro__)


def kind_of(error: Exception) -> Kind:
    """The kind of an error that the library raised."""
    return next((_KINDS[one.__name__] for one in type(error).__mro__ if one.__name__ in _KINDS), "bad_answer")


def refusal_of(error: Exception, status: int) -> Refusal | None:
    """Why a reply is not the answer, by the error that the library reads from it; None where its status says more."""
    kind = kind_of(error)
    if kind == "bad_answer" and (status in _BY_STATUS or status >= _SERVER_ERROR):
        return None
    return Refusal(kind, str(error))


def typed(error: Exception, about: str, provider: str) -> ProviderError:
    """The error of bcdata for one that the library raised without a reply; `about` is how its text begins."""
    if not is_of_ccxt(error):
        words = f"the answer cannot be understood: {type(error).__name__}: {_said(error)}"
        return BadAnswerError(f"{about}: {words}; the exchange or ccxt may have changed", provider=provider)
    kind = kind_of(error)
    message = f"{about}: {_said(error)}"
    if kind == "rate_limited":
        return RateLimitedError(message, provider=provider, retry_after=_WAIT_SECONDS)
    return _TYPES[kind](message, provider=provider)


def _said(error: Exception) -> str:
    return one_line(str(error).encode("utf-8", "replace"))
