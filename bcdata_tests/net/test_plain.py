"""Keys and passwords go over TLS, or stay on this machine."""

import asyncio
from pathlib import Path

import pytest

from bcdata.errors import ProviderError
from bcdata.net.plain import exposes_a_secret, same_host
from bcdata_tests.net.fault_server import Reply, serving
from bcdata_tests.net.helpers import client


@pytest.mark.parametrize(
    ("url", "is_exposed"),
    [
        ("http://user:word@a.example/x", True),
        ("http://user@a.example/x", True),
        ("http://a.example/x?symbol=A&api_key=1", True),
        ("http://a.example/x?apikey=1", True),
        ("http://a.example/x?signature=", False),
        ("http://a.example/x?symbol=KEYUSDT", False),
        ("http://a.example/x", False),
        ("https://user:word@a.example/x?token=1", False),
        ("http://user:word@127.0.0.1:80/x?token=1", False),
        ("http://user:word@localhost/x", False),
        ("http://user:word@[::1]/x", False),
        ("http://user:word@127.0.0.1.example/x", True),
    ],
)
def test_what_others_could_read(url: str, is_exposed: bool) -> None:
    assert exposes_a_secret(url) is is_exposed


@pytest.mark.parametrize(
    ("link", "is_same"),
    [
        ("https://api.example/next?cursor=1", True),
        ("https://api.example:443/next", True),
        ("HTTPS://API.EXAMPLE/next", True),
        ("http://api.example/next", False),
        ("https://api.example:8443/next", False),
        ("https://api.example.evil.example/next", False),
        ("https://api.example@evil.example/next", False),
        ("https://evil.example/?https://api.example", False),
        ("//evil.example/next", False),
        ("/next", False),
        ("javascript:1", False),
        ("https://[::1", False),
        ("https://api.example:x/", False),
        ("", False),
    ],
)
def test_a_next_link_leads_to_the_same_host_or_is_refused(link: str, is_same: bool) -> None:
    assert same_host(link, "https://api.example/v2") is is_same


def test_the_client_sends_none_of_it(tmp_path: Path) -> None:
    """Whatever the settings let pass: the name of a host that is not this machine, though it leads here."""

    async def run() -> int:
        async with serving(lambda _: Reply(b"x")) as server, client(tmp_path) as http:
            url = server.url.replace("127.0.0.1", "127.0.0.1.nip.example")
            with pytest.raises(ProviderError, match="would travel unencrypted; write https; check BCDATA_P_URL") as bad:
                await http.get(url, provider="p", max_bytes=10, params={"apikey": "hush"})
            assert "hush" not in str(bad.value)
            return server.count

    assert asyncio.run(run()) == 0
