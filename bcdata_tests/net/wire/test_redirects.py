"""Redirects lead to the host that was asked, or to one that the settings name, and never out of TLS."""

import asyncio
from pathlib import Path

import pytest

from bcdata.errors import ProviderError
from bcdata.net.wire.redirects import target
from bcdata_tests.net.fault_server import Reply, serving
from bcdata_tests.net.helpers import client

HOSTS = {"mirror.example", "other.example:8443"}


@pytest.mark.parametrize(
    ("url", "location", "found"),
    [
        ("https://a.example/x", "/y", "https://a.example/y"),
        ("https://a.example/x/z?q=1", "y", "https://a.example/x/y"),
        ("https://a.example/x", "https://A.example:443/y", "https://A.example:443/y"),
        ("http://a.example/x", "https://a.example/x", "https://a.example/x"),
        ("https://a.example/x", "//mirror.example/y", "https://mirror.example/y"),
        ("https://a.example/x", "https://other.example:8443/y", "https://other.example:8443/y"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000/y", "http://127.0.0.1:8000/y"),
    ],
)
def test_a_redirect_is_followed(url: str, location: str, found: str) -> None:
    assert target(url, location, HOSTS) == found


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://a.example/x", "http://a.example/x"),
        ("https://a.example/x", "http://mirror.example/x"),
        ("https://a.example/x", "https://evil.example/x"),
        ("https://a.example/x", "//evil.example/x"),
        ("https://a.example/x", "https://a.example:444/x"),
        ("https://a.example/x", "https://a.example@evil.example/x"),
        ("https://a.example/x", "https://mirror.example.evil.example/x"),
        ("https://a.example/x", "https://other.example/x"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8001/y"),
        ("https://a.example/x", "ftp://a.example/x"),
        ("https://a.example/x", "file:///etc/passwd"),
        ("https://a.example/x", "javascript:alert(1)"),
        ("https://a.example/x", "https://[::1/x"),
        ("https://a.example/x", "https://a.example:99999/x"),
        ("https://a.example/x", ""),
        ("https://a.example/x", "/a\x7fb"),
        ("https://a.example/x", "/a\u2028b"),
        ("https://a.example/x", "https://a.example/\x00"),
    ],
)
def test_a_redirect_is_refused_with_a_reason(url: str, location: str) -> None:
    with pytest.raises(ValueError, match="leads"):
        target(url, location, HOSTS)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_other_host_is_not_asked(status: int, tmp_path: Path) -> None:
    async def run() -> tuple[str, int]:
        async with serving(lambda _: Reply(b"other")) as other:
            elsewhere = Reply(status=status, headers={"Location": f"{other.url}/x"})
            async with serving(lambda _: elsewhere) as server, client(tmp_path) as http:
                with pytest.raises(ProviderError) as raised:
                    await http.get(f"{server.url}/a", provider="binance_rest", max_bytes=100)
            return str(raised.value), len(other.requests)

    words, asked = asyncio.run(run())
    assert "another host" in words
    assert "BCDATA_HTTP_REDIRECT_HOSTS" in words
    assert asked == 0


def test_a_host_that_the_settings_name_is_asked(tmp_path: Path) -> None:
    async def run() -> bytes:
        async with serving(lambda _: Reply(b"other")) as other:
            elsewhere = Reply(status=302, headers={"Location": f"{other.url}/x"})
            hosts = {"http_redirect_hosts": other.url.removeprefix("http://")}
            async with serving(lambda _: elsewhere) as server, client(tmp_path, **hosts) as http:
                return (await http.get(f"{server.url}/a", provider="binance_rest", max_bytes=100)).body

    assert asyncio.run(run()) == b"other"
