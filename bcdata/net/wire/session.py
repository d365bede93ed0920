"""One attempt to ask: the pooled session, redirects, and what goes wrong on the way in a few words."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp
from yarl import URL

import bcdata
from bcdata.errors import ProviderError
from bcdata.net.answers import HttpResponse, one_line, shown, with_query
from bcdata.net.keys import Secrets, read
from bcdata.net.plain import exposes_a_secret, is_open, same_host
from bcdata.net.refused import TransientError
from bcdata.net.request import Request
from bcdata.net.settings import HttpSettings
from bcdata.net.skew import SKEWS
from bcdata.net.wire import redirects
from bcdata.net.wire.classify import classified
from bcdata.net.wire.encodings import ACCEPTED
from bcdata.net.wire.proxies import broken_proxy
from bcdata.sqlite_files import too_many_files

_PROXY_REMEDY = "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"

Heard = Callable[[Request, Mapping[str, str]], Awaitable[None]]
"""What is done with the headers of each reply."""


class _NotAgainError(Exception):
    """Carries a connection error past aiohttp, which would send the request once more by itself."""


class Wire:
    """One pooled session, opened at the first request on the loop that asks."""

    def __init__(self, settings: HttpSettings, heard: Heard) -> None:
        self._settings = settings
        self._heard = heard
        self._session: aiohttp.ClientSession | None = None
        self._is_over = False

    async def close(self, *, for_good: bool) -> None:
        """Closes the session; after `for_good`, questions that would open another one are given up."""
        self._is_over = for_good
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def ask(self, question: Request) -> HttpResponse:
        """The answer of one attempt.

        Raises:
            TransientError, SlowDownError, BanError: see `judge`.
            ProviderError: it cannot be asked, or its answer is final and none.
        """
        secrets = read(question.keys, provider=question.provider)
        try:
            return await self._translated(question, secrets)
        except Exception as error:
            if not question.keys:
                raise
            raise secrets.cleaned(error) from None

    async def _translated(self, question: Request, secrets: Secrets) -> HttpResponse:
        """The answer, or what aiohttp says in the words of `judge` and `bcdata.errors`."""
        try:
            return await self._followed(question, secrets)
        except aiohttp.InvalidURL as error:
            raise _unusable(question, "no address of the web") from error
        except _NotAgainError as error:
            cause = error.__cause__
            assert isinstance(cause, aiohttp.ClientConnectionError)  # noqa: S101 # nosec B101 # see _once_only
            raise TransientError(question, _trouble(cause), remedy=_remedy(cause)) from cause
        except TimeoutError as error:
            raise TransientError(question, "no answer in time") from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            raise TransientError(question, _trouble(error), remedy=_remedy(error)) from error
        except aiohttp.ClientHttpProxyError as error:
            words = f"the proxy answered {error.status}"
            raise TransientError(question, words, status=error.status, remedy=_remedy(error)) from error
        except aiohttp.ClientResponseError as error:
            words = one_line(error.message.encode())
            raise TransientError(question, f"not an HTTP answer ({words})") from error
        except UnicodeError as error:
            raise _unusable(question, "a host name that cannot be one") from error
        except aiohttp.ClientError as error:
            raise _unusable(question, f"{type(error).__name__} ({one_line(str(error).encode())})") from error

    async def _followed(self, question: Request, secrets: Secrets) -> HttpResponse:
        """The answer, behind no more redirects than `redirects.MOST`, all of them to places that may be asked."""
        url, hosts, method = with_query(question.url, secrets.params), self._settings.redirect_hosts, question.method
        for _ in range(redirects.MOST + 1):
            at_home = same_host(url, question.url)
            headers = {**question.headers, **secrets.headers} if at_home else {}
            if exposes_a_secret(url, headers) or (question.keys and at_home and is_open(url)):
                raise _unusable(question, "a key or password would travel unencrypted; write https")
            if urlsplit(url).username is not None and any(name.lower() == "authorization" for name in headers):
                remedy = f"take the user and password out of {question.variable}"
                raise _unusable(question, "its key is sent as Authorization, as a user would be", remedy=remedy)
            session = self._opened()
            if session.trust_env and (trouble := broken_proxy(urlsplit(url).hostname or "")):
                raise _unusable(question, trouble, remedy=_PROXY_REMEDY)
            async with session.request(
                method, URL(url, encoded=True), headers=headers, data=question.body, allow_redirects=False
            ) as response:
                SKEWS.observe(question.provider, response.headers, datetime.now(UTC))
                await self._heard(question, response.headers)
                if response.status not in redirects.STATUSES:
                    return await classified(question, response, secrets)
                try:
                    url = redirects.target(url, response.headers.get("Location", ""), hosts)
                    if secrets.mask(url.encode())[1] and not same_host(url, question.url):
                        raise ValueError("it takes a key to another host")  # noqa: TRY301
                except ValueError as error:
                    raise _unusable(question, f"a redirect is not followed: {error}") from None
                if method != "GET":
                    raise _unusable(question, f"a redirect of a {method} is not followed")
        raise _unusable(question, f"more than {redirects.MOST} redirects")

    def _opened(self) -> aiohttp.ClientSession:
        if self._is_over:
            raise asyncio.CancelledError
        if self._session is None:
            settings = self._settings
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    limit_per_host=settings.http_connections,
                    resolver=aiohttp.ThreadedResolver(),  # the system's, also where ccxt has brought another one
                ),
                timeout=aiohttp.ClientTimeout(
                    total=settings.http_total_timeout,
                    sock_connect=settings.http_connect_timeout,
                    sock_read=settings.http_read_timeout,
                ),
                headers={"User-Agent": f"bcdata/{bcdata.__version__}", "Accept-Encoding": ACCEPTED},
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                # It would look for them, and into ~/.netrc, at every request; NO_PROXY alone names none.
                trust_env=bool(getproxies().keys() - {"no"}),
                middlewares=(_once_only,),
            )
        return self._session


def _unusable(question: Request, cause: str, *, remedy: str | None = None) -> ProviderError:
    message = f"{question.about}: {cause}; {remedy or f'check {question.variable}'}"
    return ProviderError(message, provider=question.provider, url=shown(question.url))


async def _once_only(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keeps aiohttp from repeating a request after a reset: it would neither pause for it nor pay its weight."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _NotAgainError from error


def _trouble(error: aiohttp.ClientError) -> str:
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


def _remedy(error: aiohttp.ClientError) -> str | None:
    """What to look at, where it is not the network or the base address."""
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return _PROXY_REMEDY
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
