"""What comes in wrong, from the environment or the server, ends in a typed error of one line, and soon."""

import asyncio
import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bcdata.errors import BadAnswerError, BadKeyError, ProviderError, UnreachableError
from bcdata.net.answers import OversizeError
from bcdata.net.keys import Key
from bcdata.net.plain import same_host
from bcdata.net.policy import Refusal
from bcdata.net.policy import Reply as Seen
from bcdata_tests.net.fault_server import Reply, serving
from bcdata_tests.net.helpers import client

KEY = Key("SIMULATED_API_KEY", header="X-Simulated")
BLANKS = b" " * (50 << 20)
BLANK = gzip.compress(BLANKS)
ENCODED = {"Content-Encoding": "gzip"}


def policy(reply: Seen) -> Refusal | None:
    """Reads what a provider would: JSON, whose next page is on the same server."""
    link = json.loads(reply.body).get("next", "")
    return None if same_host(link, "https://api.example") else Refusal("bad_answer", f"its next page is at {link}")


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


BAD_ADDRESSES: dict[str, tuple[str, str]] = {
    "no scheme": ("127.0.0.1:{port}", "check BCDATA_P_URL"),
    "no scheme, a name": ("localhost:{port}/v1", "check BCDATA_P_URL"),
    "no host": ("http:///v1", "check BCDATA_P_URL"),
    "another scheme": ("ftp://127.0.0.1:{port}", "check BCDATA_P_URL"),
    "a broken address": ("http://[::1:{port}", "check BCDATA_P_URL"),
    "no port": ("http://127.0.0.1:port", "check BCDATA_P_URL"),
    "nothing": ("", "check BCDATA_P_URL"),
    "plain http with a key": ("http://127.0.0.1.nip.example:{port}", "write https"),
}
BAD_ANSWERS: dict[str, tuple[Reply, type[ProviderError]]] = {
    "50 MB of blanks": (Reply(BLANKS), OversizeError),
    "50 MB of blanks in 50 kB": (Reply(BLANK, headers=ENCODED), OversizeError),
    "blanks": (Reply(b" " * 999), BadAnswerError),
    "gzip that is none": (Reply(b'{"next": ""}', headers=ENCODED), UnreachableError),
    "gzip that is none, of an error": (Reply(b'{"next": ""}', 403, headers=ENCODED), BadAnswerError),
    "gzip that ends early": (Reply(gzip.compress(b"{}")[:-3], headers=ENCODED), UnreachableError),
    "a next link to another host": (Reply(b'{"next": "https://api.example.evil/"}'), BadAnswerError),
    "JSON of another form": (Reply(b"[1]"), BadAnswerError),
    "JSON too deep": (Reply(b"[" * 99_999), BadAnswerError),
    "a number too long": (Reply(b"1" * 9_999), BadAnswerError),
    "an encoding that is none": (Reply(b'{"next": "\xff"}'), BadAnswerError),
}


def _error(state: Path, address: str, reply: Reply, **more: Any) -> tuple[ProviderError, int]:
    async def run() -> tuple[ProviderError, int]:
        async with serving(lambda _: reply) as server, client(state, http_read_timeout=5) as http:
            url = address.format(url=server.url, port=server.url.rpartition(":")[2])
            with pytest.raises(ProviderError) as caught:
                await http.get(url, provider="p", max_bytes=100_000, policy=policy, **more)
            return caught.value, server.count

    error, count = asyncio.run(run())
    assert "\n" not in str(error)
    assert len(str(error)) < 600
    return error, count


@pytest.mark.parametrize(("address", "words"), BAD_ADDRESSES.values(), ids=BAD_ADDRESSES)
def test_a_bad_address_is_not_asked(address: str, words: str, tmp_path: Path) -> None:
    with _environment({KEY.variable: "canary-canary"}):
        error, count = _error(tmp_path, address, Reply(b"{}"), keys=[KEY])
    assert words in str(error)
    assert count == 0


@pytest.mark.parametrize(("reply", "kind"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_is_a_typed_error(reply: Reply, kind: type[ProviderError], tmp_path: Path) -> None:
    error, count = _error(tmp_path, "{url}", reply)
    assert type(error) is kind
    assert count == (3 if kind is UnreachableError else 1)


def test_a_key_with_a_line_break_is_not_sent(tmp_path: Path) -> None:
    with _environment({KEY.variable: "canary\r\nX-Injected: 1"}):
        error, count = _error(tmp_path, "{url}", Reply(b"{}"), keys=[KEY])
    assert type(error) is BadKeyError
    assert KEY.variable in str(error)
    assert (count, "canary" in str(error)) == (0, False)
