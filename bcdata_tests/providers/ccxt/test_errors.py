"""ccxt's classes of errors become ours; where its word is a general one the status says more."""

import pytest

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
from bcdata.providers.ccxt.errors import kind_of, refusal_of, typed
from bcdata_tests.providers.venues import needs_ccxt

EXPECTED: dict[str, tuple[str, type[ProviderError]]] = {
    "BadSymbol": ("unknown_symbol", UnknownSymbolError),
    "BadRequest": ("bad_request", BadRequestError),
    "NotSupported": ("bad_request", BadRequestError),
    "ArgumentsRequired": ("bad_request", BadRequestError),
    "RestrictedLocation": ("blocked", BlockedError),
    "AuthenticationError": ("bad_key", BadKeyError),
    "AccountSuspended": ("bad_key", BadKeyError),
    "PermissionDenied": ("not_entitled", NotEntitledError),
    "AccountNotEnabled": ("not_entitled", NotEntitledError),
    "RateLimitExceeded": ("rate_limited", RateLimitedError),
    "DDoSProtection": ("rate_limited", RateLimitedError),
    "ExchangeNotAvailable": ("down", UnreachableError),
    "OnMaintenance": ("down", UnreachableError),
    "RequestTimeout": ("down", UnreachableError),
    "NetworkError": ("down", UnreachableError),
    "NullResponse": ("bad_answer", BadAnswerError),
    "ExchangeError": ("bad_answer", BadAnswerError),
}


@needs_ccxt
@pytest.mark.parametrize("name", EXPECTED)
def test_kinds(name: str) -> None:
    from ccxt.base import errors

    error = getattr(errors, name)("bitstamp said so\nin two lines")
    kind, ours = EXPECTED[name]
    assert kind_of(error) == kind
    raised = typed(error, "ccxt: bitstamp", "ccxt")
    assert type(raised) is ours
    assert str(raised) == "ccxt: bitstamp: bitstamp said so in two lines"
    refusal = refusal_of(error, 200)
    assert refusal is not None
    assert refusal.kind == kind
    for status in (403, 404, 429, 500):
        assert (refusal_of(error, status) is None) == (kind == "bad_answer")


def test_what_the_library_trips_over() -> None:
    raised = typed(KeyError("open"), "ccxt: bitstamp", "ccxt")
    assert type(raised) is BadAnswerError
    assert "KeyError: 'open'" in str(raised)
