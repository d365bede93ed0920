"""Polygon, Alpaca and Alpha Vantage where something goes wrong: servers, answers, keys."""

import logging
import traceback
from typing import Any

import pytest

from bcdata.errors import BadAnswerError, BadKeyError, ProviderError, RateLimitedError, UnreachableError
from bcdata.simulate import Fault
from bcdata_tests.providers.stocks.asking import DAY, NAMES, OCTOBER, SHORT, asked, told
from bcdata_tests.providers.stocks.market import APPLE, COLUMNS, VARIABLES, action_pages, inside, series, server, truth
from bcdata_tests.providers.venues import Scripted, assert_same, read


@pytest.mark.parametrize("source", NAMES)
@pytest.mark.parametrize(
    ("kind", "error"),
    [("html", BadAnswerError), ("truncate_silently", BadAnswerError), ("truncate", UnreachableError)],
)
def test_a_server_that_fails(source: str, kind: Any, error: type[ProviderError]) -> None:
    with (
        server(source, faults=[Fault("AAPL", kind)]) as provider,
        pytest.raises(error, match=rf"^{source}: http://127"),
    ):
        asked(source, provider.url, DAY)


@pytest.mark.parametrize("source", NAMES)
def test_a_server_that_is_down_or_slows_us_down(source: str) -> None:
    with server(source, faults=[Fault("AAPL", "status", status=500)]) as provider, pytest.raises(UnreachableError):
        asked(source, provider.url, DAY)
    busy = Fault("AAPL", "status", status=429, retry_after=100)
    with server(source, faults=[busy]) as provider, pytest.raises(RateLimitedError) as raised:
        asked(source, provider.url, DAY)
    assert raised.value.retry_after >= 50


@pytest.mark.parametrize("source", NAMES)
def test_trouble_on_the_way_is_got_over(source: str) -> None:
    faults = [Fault("AAPL", kind, times=1) for kind in ("stall", "reset", "truncate")]  # type: ignore[arg-type]
    with server(source, faults=faults[:2]) as provider:
        found = asked(source, provider.url, DAY)
    assert_same(inside(told(source, found), DAY), truth(source, APPLE, SHORT, DAY), COLUMNS)


@pytest.mark.parametrize("source", NAMES)
def test_garbage_is_a_typed_error_or_a_row_that_is_told_of(source: str) -> None:
    for seed in range(12):
        with server(source, faults=[Fault("AAPL", "garbage", flips=3, seed=seed)]) as provider:
            try:
                found = asked(source, provider.url, DAY)
                read(source, series(interval=SHORT), [one.body for one in found])
            except ProviderError as error:
                assert str(error).startswith(source)  # noqa: PT017 (any of these errors)


@pytest.mark.parametrize("source", NAMES)
def test_keys_are_needed_and_found_nowhere(
    source: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    values = [f"canary-of-{name.lower()}" for name in VARIABLES[source]]
    own: dict[str, Any] = {"keys": tuple(values)} if source == "alpaca" else {"key": values[0]}
    with server(source, **own) as provider:
        found = [*asked(source, provider.url, DAY), *action_pages(source, provider.url, "AAPL", OCTOBER)]
    other = dict.fromkeys(own, ("other", "other") if source == "alpaca" else "other")
    with server(source, **other) as provider, pytest.raises(BadKeyError) as refused:
        asked(source, provider.url, DAY)
    said = " ".join(["no answer", *values]).encode()
    with Scripted(lambda _: said) as provider, pytest.raises(BadAnswerError) as strange:
        asked(source, provider.url, DAY)
    shown = [repr(found), caplog.text, *("".join(traceback.format_exception(one.value)) for one in (refused, strange))]
    assert not [value for value in values for text in shown if value in text]
    monkeypatch.delenv(VARIABLES[source][-1])
    with server(source) as provider:
        with pytest.raises(BadKeyError, match=f"{VARIABLES[source][-1]} is not set"):
            asked(source, provider.url, DAY)
        assert not provider.requests
