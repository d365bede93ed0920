"""A provider's word decides before the status does, and its refusals become typed errors."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from bcdata import errors
from bcdata.errors import BadAnswerError, ProviderError, QuotaSpentError, RateLimitedError, UnreachableError
from bcdata.net.answers import HttpResponse
from bcdata.net.policy import Kind, Refusal
from bcdata.net.policy import Reply as Seen
from bcdata_tests.net.fault_server import FaultServer, Handler, Reply, in_turn, serving
from bcdata_tests.net.helpers import client

GOOD = Reply(b"good")
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
AT_ONCE = {
    "quota_spent": errors.QuotaSpentError,
    "not_entitled": errors.NotEntitledError,
    "bad_key": errors.BadKeyError,
    "unknown_symbol": errors.UnknownSymbolError,
    "no_data": errors.NoDataError,
    "blocked": errors.BlockedError,
    "out_of_depth": errors.OutOfDepthError,
    "bad_request": errors.BadRequestError,
    "bad_answer": errors.BadAnswerError,
}


def policy(reply: Seen) -> Refusal | None:
    """Bodies are `kind` or `kind seconds`; quotas last until `LATER`."""
    kind, _, seconds = reply.body.decode().partition(" ")
    if kind not in get_args(Kind):
        return None
    wait = float(seconds) if seconds else None
    return Refusal(kind, f"the\nserver says {kind}", wait, LATER if kind == "quota_spent" else None)  # type: ignore[arg-type]


def ask(state: Path, handler: Handler, **settings: object) -> tuple[HttpResponse | ProviderError, FaultServer]:
    async def run() -> tuple[HttpResponse | ProviderError, FaultServer]:
        async with serving(handler) as server, client(state, **settings) as http:
            try:
                return await http.get(f"{server.url}/a", provider="p", max_bytes=1000, policy=policy), server
            except ProviderError as error:
                return error, server

    return asyncio.run(run())


@pytest.mark.parametrize("status", [200, 403, 404, 418, 429, 500])
@pytest.mark.parametrize("kind", AT_ONCE)
def test_a_refusal_is_its_typed_error_at_once_whatever_the_status(tmp_path: Path, kind: str, status: int) -> None:
    error, server = ask(tmp_path, lambda _: Reply(kind.encode(), status=status))
    assert type(error) is AT_ONCE[kind]
    assert (error.status, server.count) == (status, 1)
    assert f"the server says {kind}; " in str(error)


def test_each_kind_has_its_error() -> None:
    assert set(AT_ONCE) | {"rate_limited", "down"} == set(get_args(Kind))


def test_what_the_policy_does_not_know_the_status_decides(tmp_path: Path) -> None:
    answer, _ = ask(tmp_path, lambda _: GOOD)
    assert isinstance(answer, HttpResponse)
    error, _ = ask(tmp_path, lambda _: Reply(b"nothing known", status=451))
    assert type(error) is errors.BlockedError


def test_a_rate_limit_is_waited_out_within_bounds(tmp_path: Path) -> None:
    answer, server = ask(tmp_path, in_turn(Reply(b"rate_limited 0.1"), Reply(b"rate_limited nan", status=403), GOOD))
    assert (getattr(answer, "body", answer), server.count) == (b"good", 3)
    error, server = ask(tmp_path, lambda _: Reply(b"rate_limited 600"))
    assert isinstance(error, RateLimitedError)
    assert (error.retry_after, error.status, server.count) == (600, 200, 1)
    assert "the server says rate_limited; try again in 600 s" in str(error)


def test_down_is_asked_again(tmp_path: Path) -> None:
    answer, server = ask(tmp_path, in_turn(Reply(b"down"), GOOD))
    assert (getattr(answer, "body", answer), server.count) == (b"good", 2)
    error, server = ask(tmp_path, lambda _: Reply(b"down"))
    assert isinstance(error, UnreachableError)
    assert server.count == 3


def test_a_spent_quota_is_remembered_for_everybody(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            serving(lambda _: Reply(b"quota_spent", status=429)) as server,
            client(tmp_path) as first,
            client(tmp_path) as second,
        ):
            for http in (first, second, first):
                with pytest.raises(QuotaSpentError) as caught:
                    await http.get(server.url, provider="p", max_bytes=99, policy=policy)
                assert abs(caught.value.resets_at - LATER) < timedelta(seconds=2)
            assert server.count == 1

    asyncio.run(run())


def test_a_policy_that_trips_is_a_bad_answer(tmp_path: Path) -> None:
    error, server = ask(tmp_path, lambda _: Reply(b"\xff"))
    assert isinstance(error, BadAnswerError)
    assert "cannot be understood: UnicodeDecodeError; check BCDATA_P_URL" in str(error)
    assert server.count == 1


def test_a_policy_of_a_failure_whose_body_does_not_come_is_asked_again(tmp_path: Path) -> None:
    answer, _ = ask(tmp_path, in_turn(Reply(b"do", status=503, length=9), GOOD))
    assert getattr(answer, "body", answer) == b"good"


def test_method_headers_and_body_are_sent_and_headers_go_to_no_other_host(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(lambda _: GOOD) as other, serving(lambda _: GOOD) as server:
            async with client(tmp_path, http_redirect_hosts="127.0.0.1") as http:
                sent = {"X-Api-Key": "hush", "Content-Type": "application/json"}
                await http.get(server.url, provider="p", max_bytes=9, method="POST", headers=sent, body=b"{}")
                server.handler = lambda _: Reply(status=302, headers={"Location": f"{other.url}/b"})
                await http.get(server.url, provider="p", max_bytes=9, headers=sent)
                with pytest.raises(ProviderError, match="a redirect of a POST is not followed"):
                    await http.get(server.url, provider="p", max_bytes=9, method="POST", body=b"{}")
                url = server.url.replace("127.0.0.1", "127.0.0.1.nip.example")
                with pytest.raises(ProviderError, match="would travel unencrypted") as caught:
                    await http.get(url, provider="p", max_bytes=9, headers=sent)
            asked = server.requests[0]
            assert (asked.method, asked.body, asked.headers["x-api-key"]) == ("POST", b"{}", "hush")
            assert asked.headers["content-type"] == "application/json"
            assert "x-api-key" not in other.requests[0].headers
            assert "hush" not in str(caught.value)
            assert server.count == 3

    asyncio.run(run())
