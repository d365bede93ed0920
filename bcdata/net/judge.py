"""What an answer means: a whole body, another attempt, a wait for everybody, or an error with its mend."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp

from bcdata.errors import BlockedError, NotFoundError, RateLimitedError
from bcdata.net.answers import HttpResponse, OversizeError, RefusedError, one_line, retry_after, shown
from bcdata.net.budgets import Budget
from bcdata.net.encodings import decoder
from bcdata.sqlite_files import too_many_files

BANNED = 418
PROXY_REMEDY = "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
_OK = 200
_NOT_FOUND = 404
_TOO_MANY = 429
_BLOCKED = (403, 451)
_SERVER_ERROR = 500
_ERROR_BYTES = 65_536
_BAN_SECONDS = 300.0
"""For a ban that does not say how long it lasts."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request, and what errors about it have to say."""

    url: str
    provider: str
    variable: str
    budget: Budget | None
    weight: int
    max_bytes: int

    @property
    def host(self) -> str:
        """Host and port: what holds, breakers and bans are about."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def about(self) -> str:
        """How messages begin."""
        return f"{self.provider}: {shown(self.url)}"


class TransientError(Exception):
    """Worth another attempt: connection trouble, a stall, a truncated body or a 5xx."""

    def __init__(
        self,
        question: Question,
        cause: str,
        *,
        status: int | None = None,
        wait: float | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(cause)
        self.question = question
        self.remedy = remedy
        self.status = status
        self.wait = wait


class SlowDownError(Exception):
    """A 429: not a failure, but a wait for everybody."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds)
        self.seconds = seconds


async def judged(question: Question, response: aiohttp.ClientResponse) -> HttpResponse:
    """The whole answer, if it is a success.

    Raises:
        TransientError: 5xx.
        SlowDownError: 429.
        ProviderError: what `HttpClient.get` says of the other ones.
    """
    status = response.status
    if status == _OK:
        return HttpResponse(status, response.headers, await _whole(question, response))
    wait = retry_after(response.headers, datetime.now(UTC))
    if status >= _SERVER_ERROR:
        raise TransientError(question, f"the server failed with {status}", status=status, wait=wait)
    if status == _TOO_MANY:
        raise SlowDownError(wait)
    # Read, so that the connection can be used again.
    body = await _beginning(response)
    provider, url = question.provider, shown(question.url)
    if status == _NOT_FOUND:
        message = f"{question.about}: there is no such object (404): not published, or not yet"
        raise NotFoundError(message, provider=provider, url=url, status=status)
    if status in _BLOCKED:
        message = (
            f"{question.about}: refused for this place or caller ({status});"
            f" use another provider, or set {question.variable} to a server that answers"
        )
        raise BlockedError(message, provider=provider, url=url, status=status)
    message = f"{question.about}: answered {status}: {one_line(body) or 'without a word'}"
    raise RefusedError(message, provider=provider, url=url, status=status, body=body)


def ban_seconds(response: aiohttp.ClientResponse) -> float:
    """How long a 418 shuts us out."""
    wait = retry_after(response.headers, datetime.now(UTC))
    return _BAN_SECONDS if wait is None else wait


def rate_limited(question: Question, seconds: float, *, banned: bool) -> RateLimitedError:
    """The error for a host that must not be asked for so many seconds."""
    cause = "has banned us (418)" if banned else "asks us to slow down (429)"
    return RateLimitedError(
        f"{question.about}: {question.host} {cause}; try again in {seconds:.0f} s",
        provider=question.provider,
        url=shown(question.url),
        status=BANNED if banned else _TOO_MANY,
        retry_after=seconds,
    )


def connection_trouble(error: aiohttp.ClientError) -> str:
    """What went wrong with a connection, in a few words."""
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer was cut off"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its TLS certificate is not valid ({one_line(_tls(error.certificate_error).encode())})"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"no TLS connection ({one_line(_tls(error.os_error).encode())})"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"no connection to the proxy {error.host}:{error.port} ({_system(error)})"
    return f"no connection ({_system(error)})"


def remedy(error: aiohttp.ClientError) -> str | None:
    """What to look at, where it is not the network or the base address."""
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return PROXY_REMEDY
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "check the machine's clock, its certificates (SSL_CERT_FILE) and the address"
    if isinstance(error, OSError) and too_many_files(error):
        return "raise `ulimit -n`"
    return None


def _tls(error: BaseException) -> str:
    """OpenSSL's own words: the number of such an error is none of the system's."""
    words = getattr(error, "verify_message", "") or getattr(error, "reason", None) or str(error)
    return str(words).replace("_", " ").lower()


def _system(error: aiohttp.ClientError) -> str:
    reason = str(error) or type(error).__name__
    if isinstance(error, OSError):
        # Names such as "Connection refused" where there is a number; resolvers have words of their own.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror or reason
    return one_line(reason.encode())


async def _whole(question: Question, response: aiohttp.ClientResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        decode = decoder(response.headers.get("Content-Encoding", ""))
        async for chunk in response.content.iter_any():
            for piece in decode.feed(chunk):
                size += len(piece)
                if size > question.max_bytes:
                    raise _oversize(question, response.status)
                pieces.append(piece)
        decode.end()
    except ValueError as error:
        raise TransientError(question, f"the answer is not whole: {error}") from error
    return b"".join(pieces)


def _oversize(question: Question, status: int) -> OversizeError:
    words = f"the answer is larger than {question.max_bytes} bytes, which nothing asked for can be"
    url = shown(question.url)
    return OversizeError(f"{question.about}: {words}", provider=question.provider, url=url, status=status)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """What an error says, as far as it can be read: it is for people, and for codes in a short text."""
    body = b""
    with suppress(ValueError):
        decode = decoder(response.headers.get("Content-Encoding", ""))
        while len(body) < _ERROR_BYTES and (chunk := await response.content.readany()):
            for piece in decode.feed(chunk):
                body += piece
                if len(body) >= _ERROR_BYTES:
                    break
    return body[:_ERROR_BYTES]
