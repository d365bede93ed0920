"""What is said of connections that cannot be made: TLS, proxies, waits beyond belief; and what is never said."""

import asyncio
import errno
import os
import ssl
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from bcdata.errors import ProviderError, UsageError
from bcdata.net.answers import LONGEST_WAIT, retry_after
from bcdata.net.state.sqlite import SqliteState
from bcdata.providers.binance.api.limits import funding_budget, weight_budget
from bcdata.providers.binance.settings import BinanceSettings
from bcdata.reporting.providers import report
from bcdata_tests.net.fault_server import Reply, serving
from bcdata_tests.net.helpers import client


async def _words(url: str, state: Path) -> str:
    async with client(state, http_attempts=1) as http:
        with pytest.raises(ProviderError) as raised:
            await http.get(url, provider="binance_rest", max_bytes=100)
    return str(raised.value)


def test_an_untrusted_certificate_is_named(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)

    async def run() -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await _words(f"https://127.0.0.1:{port}/a", tmp_path)

    words = asyncio.run(run())
    assert "TLS certificate is not valid (self" in words
    assert "not permitted" not in words
    assert "clock" in words


def test_a_server_without_tls_is_named(tmp_path: Path) -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run() -> str:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        async with server:
            return await _words(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/a", tmp_path)

    words = asyncio.run(run())
    assert "no TLS connection (" in words
    assert "not permitted" not in words


@pytest.mark.parametrize("answers", [True, False])
def test_a_proxy_is_blamed_and_not_the_base_address(
    answers: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> str:
        async with serving(lambda _: Reply(status=407)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url if answers else "http://127.0.0.1:1")
            return await _words("https://api.example/a", tmp_path)

    words = asyncio.run(run())
    assert "the proxy" in words
    assert "check HTTPS_PROXY" in words
    assert "_URL" not in words


@pytest.mark.parametrize(
    "value",
    ["http://u:hunter2@127.0.0.1:notaport", "http://u:hunter2@[::1", "u:hunter2@127.0.0.1:1", "127.0.0.1:3128",
     "socks5://u:hunter2@127.0.0.1:1", "http://u:hunter2@127.0.0.1:" + "9" * 5000, "http://", "http://u:hunter2@:80"],
)  # fmt: skip
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "HTTP_PROXY"])
def test_a_proxy_variable_that_is_none_is_named_without_its_password(
    variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    words = asyncio.run(_words("https://api.example/a", tmp_path))
    assert f"{variable} cannot be read as http://user:password@host:port; check HTTPS_PROXY" in words
    assert "_URL" not in words
    assert "hunter2" not in words


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_process_that_may_open_no_more_files_is_told_so(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", full)
    words = asyncio.run(_words("http://127.0.0.1:1/a", tmp_path))
    assert os.strerror(number) in words
    assert "raise `ulimit -n`" in words
    assert "_URL" not in words


def test_a_broken_proxy_variable_harms_no_host_that_is_asked_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://[::1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    async def run() -> bytes:
        async with serving(lambda _: Reply(b"good")) as server, client(tmp_path) as http:
            return (await http.get(f"{server.url}/a", provider="binance_rest", max_bytes=10)).body

    assert asyncio.run(run()) == b"good"


@pytest.mark.parametrize(("variables", "looks"), [("", False), ("NO_PROXY", False), ("HTTPS_PROXY NO_PROXY", True)])
def test_proxies_are_looked_for_where_one_is_named_and_hosts_as_the_system_does(
    variables: str, looks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in variables.split():
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def run() -> None:
        async with client(tmp_path) as http:
            session = http._wire._opened()
            assert session.trust_env is looks
            assert isinstance(session.connector, aiohttp.TCPConnector)
            assert isinstance(session.connector._resolver, aiohttp.ThreadedResolver), "also beside ccxt's"

    asyncio.run(run())


@pytest.mark.parametrize("text", ["1000000000", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_wait_beyond_belief_is_three_days(text: str) -> None:
    assert retry_after({"Retry-After": text}, datetime(2025, 3, 1, tzinfo=UTC)) == LONGEST_WAIT


@contextmanager
def _with_password(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    secret = "hunter2-and-more"  # noqa: S105 - no secret at all
    for name in ("ARCHIVE", "LISTING", "SPOT", "UM", "CM"):
        monkeypatch.setenv(f"BCDATA_BINANCE_{name}_URL", f"https://someuser:{secret}@mirror.example/{name.lower()}")
    yield secret


def test_passwords_of_base_addresses_are_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with _with_password(monkeypatch) as secret:
        settings = BinanceSettings()
        shown = [*settings.explain(), *report(datetime.now(UTC))]
        makers = (weight_budget, funding_budget)
        names = [make(market, settings.rest_urls[market]) for make in makers for market in ("um", "cm")]
    assert secret not in repr(shown)
    assert "someuser" not in repr(shown)
    assert "mirror.example/spot" in repr(shown)
    assert secret not in repr(names)


def test_a_password_never_travels_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_BINANCE_SPOT_URL", "http://user:hunter2@mirror.example")
    with pytest.raises(UsageError, match=r"^BCDATA_BINANCE_SPOT_URL: [^\n]*unencrypted") as raised:
        BinanceSettings()
    assert "hunter2" not in str(raised.value)
    monkeypatch.setenv("BCDATA_BINANCE_SPOT_URL", "http://user:hunter2@127.0.0.1:8080")
    assert BinanceSettings().rest_urls["spot"].endswith("@127.0.0.1:8080")


def test_rates_are_nobody_elses_business(tmp_path: Path) -> None:
    path = tmp_path / "state" / "budgets.sqlite"
    budgets = SqliteState(path)
    budgets.held("host")
    budgets.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
