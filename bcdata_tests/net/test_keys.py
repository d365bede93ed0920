"""Keys: a random one is found nowhere after every kind of error, and a changed one holds from the next request."""

import asyncio
import json
import logging
import secrets as random_secrets
import string
import traceback
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import BadKeyError, ProviderError, QuotaSpentError
from bcdata.net.answers import HttpResponse
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.net.health import read_health
from bcdata.net.keys import Key, Secrets
from bcdata.net.policy import Refusal
from bcdata.net.policy import Reply as Seen
from bcdata_tests.net.fault_server import FaultServer, Reply, serving
from bcdata_tests.net.helpers import client

TOKEN = Key("SIMULATED_API_KEY", header="Authorization", form="Token {}")
APIKEY = Key("SIMULATED_API_KEY", parameter="apikey")
DAY = Budget("simulated_day", 2, period="day")
_SIGNS = "/+=%&\"\\'<>"


def policy(reply: Seen) -> Refusal | None:
    """A refusal's kind stands before the first colon; whoever says `trip` makes the policy fail over the body."""
    kind, _, text = reply.body.decode("utf-8", "replace").partition(":")
    if kind == "trip":
        int(text)
    return Refusal(kind, text) if kind in ("bad_key", "quota_spent", "down", "rate_limited") else None  # type: ignore[arg-type]


def _replies(key: str, other: str) -> list[Reply]:
    """Whatever can go wrong, with the key in it in whatever way it may be written."""
    written = [key, quote(key, safe=""), quote(key).lower(), json.dumps(key), json.dumps(key).replace("/", "\\/")]
    written.append("".join(f"\\u{ord(char):04X}" for char in key))
    text = " ".join(written)
    raw = f"HTTP/1.1 200 OK\r\nX-{key}\x00: y\r\n\r\n"
    chunks = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{key}\r\n"
    return [
        Reply(text.encode(), headers={"X-Key": key, "ETag": f'"{key}"'}),
        *(Reply(f"{kind}:{text}".encode(), status=status)
          for kind in ("bad_key", "trip", "down", "rate_limited") for status in (200, 403)),
        *(Reply(text.encode(), status=status, headers={"Retry-After": key})
          for status in (400, 401, 403, 404, 418, 429, 500)),
        *(Reply(status=302, headers={"Location": place})
          for place in (f"{other}/{quote(key, safe='')}", f"ftp://{key}/", f"/{key}")),
        *(Reply(raw=one.encode()) for one in (raw, chunks, f"{key}\r\n\r\n")),
        Reply(text.encode(), length=9999),
        Reply(text.encode(), headers={"Content-Encoding": "gzip"}),
        Reply(text.encode(), headers={"Content-Encoding": f"x-{key[:9]}"}),
        Reply(reset=True),
        Reply(text.encode() * 100),
        Reply(f"quota_spent:{text}".encode(), headers={"Retry-After": "0"}),
    ]  # fmt: skip


async def _told(http: HttpClient, url: str, key: Key) -> tuple[str, BaseException | HttpResponse]:
    """All that a caller can see of one request."""
    try:
        answer = await http.get(url, provider="simulated", max_bytes=9000, policy=policy, keys=[key])
    except ProviderError as error:
        seen = (error, vars(error), "".join(traceback.format_exception(error)), error.__context__, error.__cause__)
        return repr(seen) + str(error), error
    return repr((answer, dict(answer.headers))), answer


@pytest.mark.one_in(2)
@pytest.mark.parametrize("way", [TOKEN, APIKEY], ids=["header", "parameter"])
@pytest.mark.parametrize("signs", ["", _SIGNS], ids=["letters", "signs"])
def test_a_canary_is_found_nowhere(
    way: Key, signs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key = random_secrets.token_hex(8) + signs + random_secrets.token_hex(8)
    monkeypatch.setenv(way.variable, key)
    caplog.set_level(logging.DEBUG)

    async def run() -> str:
        told = ""
        async with serving(lambda _: Reply(b"good")) as other, serving(lambda _: Reply(b"good")) as server:
            for at, reply in enumerate(_replies(key, other.url)):
                server.handler = lambda _, reply=reply: reply
                # A state for each: a ban would spare the server the questions after it.
                async with client(tmp_path / str(at), http_attempts=2, http_rate_wait=0.05) as http:
                    words, found = await _told(http, server.url, way)
                told += words
                assert not isinstance(found, HttpResponse) or found.masked
                assert server.count > 0
                sent = server.requests[0]
                assert key in (sent.headers.get("authorization", "") if way.header else sent.query["apikey"])
                server.requests.clear()
            assert other.count == 0
        return told

    told = asyncio.run(run())
    kept = "".join(path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file())
    logged = caplog.text + repr([vars(record) for record in caplog.records])
    for name, text in {"told": told, "state": kept, "log": logged}.items():
        for part in (key, quote(key, safe=""), json.dumps(key)[1:-1], key[:16] if signs else key):
            assert part not in text, f"{name} has the key"
    assert f"the key in {way.variable} is used" in logged


@given(
    key=st.text(string.ascii_letters + string.digits + string.punctuation, min_size=8, max_size=40),
    ways=st.lists(st.integers(0, 5), min_size=40, max_size=40),
)
def test_each_character_may_be_written_in_its_own_way(key: str, ways: list[int]) -> None:
    written = ""
    for char, way in zip(key, ways, strict=False):
        code = ord(char)
        written += (char, f"%{code:02X}", f"%{code:02x}", f"\\u{code:04x}", f"&#{code};", f"&#x{code:X};")[way]
    masked, found = Secrets({TOKEN: key}).mask(f'{{"a": "{written}"}}'.encode())
    assert found
    assert masked == b'{"a": "***"}'


def test_what_has_no_key_is_left_as_it_is() -> None:
    data = b'{"open": "125.25", "path": "a%2Fb\\u0041&amp;"}'
    for key in ("25", "5", "12345678", "random-key"):
        assert Secrets({TOKEN: key}).mask(data) == (data, False)
    assert Secrets({}).mask(data) == (data, False)


@pytest.mark.parametrize(
    "value", ["", " ", "abc\ndef", "abc\r\n", "a b", "a\tb", "\x01a", "caf\u00e9", "a\u2028b", "a\x7f"]
)
def test_a_key_that_is_none_names_its_variable_and_asks_nobody(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN.variable, value)

    async def run() -> int:
        async with serving(lambda _: Reply(b"good")) as server, client(tmp_path) as http:
            with pytest.raises(BadKeyError, match=f"simulated: {TOKEN.variable} is ") as caught:
                await http.get(server.url, provider="simulated", max_bytes=9, keys=[TOKEN])
            assert not value.strip() or value not in str(caught.value)
            assert "\n" not in str(caught.value)
            return server.count

    assert asyncio.run(run()) == 0


def test_another_key_holds_from_the_next_request_with_quotas_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bcdata.net")

    async def ask(http: HttpClient, server: FaultServer) -> bytes:
        answer = await http.get(server.url, provider="simulated", max_bytes=9, keys=[TOKEN], budgets=[(DAY, 1)])
        return answer.body

    async def run() -> None:
        async with serving(lambda _: Reply(b"good")) as server, client(tmp_path) as http:
            for key in ("first-key-of-all", "second-key-of-all"):
                monkeypatch.setenv(TOKEN.variable, f" {key} ")
                assert [await ask(http, server) for _ in range(2)] == [b"good"] * 2
                assert server.requests[-1].headers["authorization"] == f"Token {key}"
                with pytest.raises(QuotaSpentError, match="it was not asked"):
                    await ask(http, server)
            health = read_health(tmp_path / "budgets.sqlite", datetime.now(UTC))
            assert (health.budget(DAY, [TOKEN.variable]).remaining, health.budget(DAY).remaining) == (0, 2)

    asyncio.run(run())
    said = [record.getMessage() for record in caplog.records if "the key in" in record.getMessage()]
    assert said == [
        f"simulated: the key in {TOKEN.variable} is used",
        f"simulated: the key in {TOKEN.variable} is another from now on",
    ]


def test_a_key_goes_to_no_other_host_and_is_never_sent_in_the_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN.variable, "canary-canary")
    plain = Key(TOKEN.variable, header="X-Simulated")

    async def run() -> None:
        async with serving(lambda _: Reply(b"good")) as other, serving(lambda _: Reply(b"good")) as server:
            server.handler = lambda _: Reply(status=302, headers={"Location": f"{other.url}/b"})
            async with client(tmp_path, http_redirect_hosts="127.0.0.1") as http:
                for key in (TOKEN, APIKEY):
                    await http.get(server.url, provider="simulated", max_bytes=9, keys=[key])
                url = server.url.replace("127.0.0.1", "127.0.0.1.nip.example")
                for key in (plain, APIKEY):
                    with pytest.raises(ProviderError, match="would travel unencrypted"):
                        await http.get(url, provider="simulated", max_bytes=9, keys=[key])
                server.handler = lambda _: Reply(status=302, headers={"Location": f"{other.url}/canary-canary"})
                with pytest.raises(ProviderError, match="takes a key to another host"):
                    await http.get(server.url, provider="simulated", max_bytes=9, keys=[TOKEN])
            assert other.count == 2
            assert "canary" not in repr(other.requests)

    asyncio.run(run())
