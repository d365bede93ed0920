"""The HTTP client that all providers share: pooled, bounded, patient, and one clear error at the end."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp
import stamina
from yarl import URL

import bcdata
from bcdata.errors import ProviderError, UnreachableError
from bcdata.net import redirects
from bcdata.net.answers import HttpResponse, count, one_line, shown, with_query
from bcdata.net.breaker import Breakers
from bcdata.net.budgets import Budget, Budgets
from bcdata.net.encodings import ACCEPTED
from bcdata.net.judge import (
    BANNED,
    PROXY_REMEDY,
    Question,
    SlowDownError,
    TransientError,
    ban_seconds,
    connection_trouble,
    judged,
    rate_limited,
    remedy,
)
from bcdata.net.plain import exposes_a_secret
from bcdata.net.proxies import broken_proxy
from bcdata.net.settings import HttpSettings
from bcdata.net.skew import SKEWS

_log = logging.getLogger(__name__)


class _NotAgainError(Exception):
    """Carries a connection error past aiohttp, which would send the request once more by itself."""


class HttpClient:
    """One pooled session per process, opened at the first request on the loop that asks.

    Proxies come from the usual environment variables. Close it on the same loop.
    """

    def __init__(self, budgets: Budgets, settings: HttpSettings | None = None) -> None:
        self.budgets = budgets
        self._settings = settings or HttpSettings()
        self._breakers = Breakers(
            failures=self._settings.http_breaker_failures, seconds=self._settings.http_breaker_seconds
        )
        self._session: aiohttp.ClientSession | None = None
        self._is_over = False
        # stamina's own hook would write every retry to standard output where structlog is installed.
        stamina.instrumentation.set_on_retry_hooks([_log_retry])

    async def get(
        self,
        url: str,
        *,
        provider: str,
        max_bytes: int,
        params: Mapping[str, str | int] | None = None,
        budget: Budget | None = None,
        weight: int = 0,
        variable: str = "",
    ) -> HttpResponse:
        """Asks until there is a whole answer of at most `max_bytes`, or it is clear that there will be none.

        Args:
            url: percent-encoded already; it is sent as it stands.
            provider: who is asked, for errors.
            max_bytes: bound of the body after any content encoding is undone.
            params: appended to the URL, percent-encoded.
            budget: what the request's `weight` is taken from, on every attempt.
            weight: in the provider's own units.
            variable: the setting of the base address, named in errors; by default `BCDATA_<PROVIDER>_URL`.

        Raises:
            NotFoundError: 404.
            BlockedError: 403 or 451.
            RateLimitedError: 418, or a 429 that asks for a longer wait than BCDATA_HTTP_RATE_WAIT.
            RefusedError: any other status below 500 than 200.
            OversizeError: the body is larger than `max_bytes`.
            UnreachableError: nothing usable after all attempts, or the host's breaker is open.
            ProviderError: a redirect without end, or to a place that may not be asked.
        """
        question = Question(
            url=with_query(url, params or {}),
            provider=provider,
            variable=variable or f"BCDATA_{provider.upper()}_URL",
            budget=budget,
            weight=weight,
            max_bytes=max_bytes,
        )
        async with self._breakers.guard(question.host, provider=provider, url=shown(url)):
            return await self._patiently(question)

    async def close(self, *, for_good: bool = False) -> None:
        """Closes the session. The client may be used again afterwards, then with a new one, unless it is `for_good`.

        Then a question that nobody waits for any more, and that would open a session after this, is given up.
        """
        self._is_over = for_good
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        self.budgets.close()

    async def _patiently(self, question: Question) -> HttpResponse:
        """Asks again after each 429, as long as the waits stay within bounds."""
        waited = 0.0
        shortest = max(self._settings.http_backoff, 0.01)
        while True:
            try:
                return await self._with_retries(question)
            except SlowDownError as error:
                # At least a doubling pause: a server that says "0 seconds" for ever must not be hammered.
                seconds = max(error.seconds or 0.0, shortest)
                shortest *= 2
                waited += seconds
                await self.budgets.hold(question.host, seconds, banned=False)
                if waited > self._settings.http_rate_wait:
                    raise rate_limited(question, seconds, banned=False) from None

    async def _with_retries(self, question: Question) -> HttpResponse:
        settings = self._settings
        # Waiting for the budget is not the server's fault: it does not count towards the time allowed.
        await self._admit(question)
        try:
            async for attempt in stamina.retry_context(
                on=self._may_retry,
                attempts=settings.http_attempts,
                timeout=settings.http_total_timeout,
                wait_initial=settings.http_backoff,
                wait_max=settings.http_backoff_max,
                wait_jitter=settings.http_backoff,
            ):
                with attempt:
                    if attempt.num > 1:
                        await self._admit(question)
                    return await self._once(question)
        except TransientError as error:
            raise UnreachableError(
                f"{question.about}: {error} ({settings.http_attempts} attempts);"
                f" {error.remedy or f'check the network and {question.variable}'}, or try again later",
                provider=question.provider,
                url=shown(question.url),
                status=error.status,
            ) from error.__cause__
        raise AssertionError("stamina ends in a result or an error")

    def _may_retry(self, error: Exception) -> bool | float:
        if not isinstance(error, TransientError):
            return False
        return True if error.wait is None else min(error.wait, self._settings.http_backoff_max)

    async def _admit(self, question: Question) -> None:
        """Waits for the host to be free to ask and for the budget, both shared with all other callers."""
        while True:
            await self._out_of_hold(question)
            if question.budget is None or question.weight == 0:
                return
            await self.budgets.acquire(question.budget, question.weight)
            if self.budgets.held(question.host) is None:
                return

    async def _out_of_hold(self, question: Question) -> None:
        while hold := self.budgets.held(question.host):
            if hold.banned or hold.seconds > self._settings.http_rate_wait:
                raise rate_limited(question, hold.seconds, banned=hold.banned)
            await asyncio.sleep(hold.seconds)

    async def _once(self, question: Question) -> HttpResponse:
        try:
            return await self._followed(question)
        except aiohttp.InvalidURL as error:
            raise _unusable(question, "no address of the web") from error
        except _NotAgainError as error:
            cause = error.__cause__
            assert isinstance(cause, aiohttp.ClientConnectionError)  # noqa: S101 # nosec B101 # see _once_only
            raise TransientError(question, connection_trouble(cause), remedy=remedy(cause)) from cause
        except TimeoutError as error:
            raise TransientError(question, "no answer in time") from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            raise TransientError(question, connection_trouble(error), remedy=remedy(error)) from error
        except aiohttp.ClientHttpProxyError as error:
            words = f"the proxy answered {error.status}"
            raise TransientError(question, words, status=error.status, remedy=remedy(error)) from error
        except aiohttp.ClientResponseError as error:
            words = one_line(error.message.encode())
            raise TransientError(question, f"not an HTTP answer ({words})") from error
        except UnicodeError as error:
            raise _unusable(question, "a host name that cannot be one") from error
        except aiohttp.ClientError as error:
            raise _unusable(question, f"{type(error).__name__} ({one_line(str(error).encode())})") from error

    async def _followed(self, question: Question) -> HttpResponse:
        """The answer, behind no more redirects than `redirects.MOST`, all of them to places that may be asked."""
        url, hosts = question.url, self._settings.redirect_hosts
        for _ in range(redirects.MOST + 1):
            if exposes_a_secret(url):
                raise _unusable(question, "a key or password would travel unencrypted; write https")
            if trouble := broken_proxy(urlsplit(url).hostname or ""):
                raise _unusable(question, trouble, remedy=PROXY_REMEDY)
            async with self._opened().get(URL(url, encoded=True), allow_redirects=False) as response:
                SKEWS.observe(question.provider, response.headers, datetime.now(UTC))
                await self._observe(question, response.headers)
                if response.status == BANNED:
                    seconds = ban_seconds(response)
                    await self.budgets.hold(question.host, seconds, banned=True)
                    raise rate_limited(question, seconds, banned=True)
                if response.status not in redirects.STATUSES:
                    return await judged(question, response)
                try:
                    url = redirects.target(url, response.headers.get("Location", ""), hosts)
                except ValueError as error:
                    raise _unusable(question, f"a redirect is not followed: {error}") from None
        raise _unusable(question, f"more than {redirects.MOST} redirects")

    async def _observe(self, question: Question, headers: Mapping[str, str]) -> None:
        if question.budget is None:
            return
        used = count(headers.get(question.budget.used_header, ""))
        if used is not None:
            await self.budgets.observe(question.budget, used)

    def _opened(self) -> aiohttp.ClientSession:
        if self._is_over:
            raise asyncio.CancelledError
        if self._session is None:
            settings = self._settings
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=settings.http_connections),
                timeout=aiohttp.ClientTimeout(
                    total=settings.http_total_timeout,
                    sock_connect=settings.http_connect_timeout,
                    sock_read=settings.http_read_timeout,
                ),
                headers={"User-Agent": f"bcdata/{bcdata.__version__}", "Accept-Encoding": ACCEPTED},
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=True,
                middlewares=(_once_only,),
            )
        return self._session


def _unusable(question: Question, cause: str, *, remedy: str | None = None) -> ProviderError:
    message = f"{question.about}: {cause}; {remedy or f'check {question.variable}'}"
    return ProviderError(message, provider=question.provider, url=shown(question.url))


async def _once_only(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keeps aiohttp from repeating a request after a reset: it would neither pause for it nor pay its weight."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _NotAgainError from error


def _log_retry(details: stamina.instrumentation.RetryDetails) -> None:
    error = details.caused_by
    if isinstance(error, TransientError):
        _log.info("%s: %s; asked again in %.1f s", error.question.about, error, details.wait_for)
