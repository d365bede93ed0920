"""The HTTP client that all providers share: pooled, bounded, patient, and one clear error at the end."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import stamina

from bcdata.errors import ProviderError, QuotaSpentError, StoreError, UnreachableError
from bcdata.net.admission import Admission, held_error, key_place
from bcdata.net.answers import HttpResponse, shown, with_query
from bcdata.net.budgets import Budget
from bcdata.net.keys import Key
from bcdata.net.plain import is_address
from bcdata.net.policy import ResponsePolicy
from bcdata.net.refused import BanError, SlowDownError, TransientError, rate_limited
from bcdata.net.request import Request
from bcdata.net.settings import HttpSettings
from bcdata.net.state.base import Hold, NetState
from bcdata.net.state.breakers import Breaker
from bcdata.net.state.outcomes import RequestCounter
from bcdata.net.wire.session import Wire

_log = logging.getLogger(__name__)


class HttpClient:
    """One pooled session per process, opened at the first request on the loop that asks.

    Proxies come from the usual environment variables. Close it on the same loop.
    """

    def __init__(self, state: NetState, settings: HttpSettings | None = None) -> None:
        self.state = state
        self._settings = settings or HttpSettings()
        self._breaker = Breaker(self._settings.http_breaker_failures, self._settings.http_breaker_seconds)
        self._tally = RequestCounter()
        self._admission = Admission(state, patience=self._settings.http_rate_wait)
        self._wire = Wire(self._settings, self._admission.heard)
        # stamina's own hook would write every retry to standard output where structlog is installed.
        stamina.instrumentation.set_on_retry_hooks([_log_retry])

    async def get(
        self,
        url: str,
        *,
        provider: str,
        max_bytes: int,
        params: Mapping[str, str | int] | None = None,
        budgets: Sequence[tuple[Budget, int]] = (),
        policy: ResponsePolicy | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes | None = None,
        keys: Sequence[Key] = (),
        variable: str = "",
    ) -> HttpResponse:
        """Asks until there is a whole answer of at most `max_bytes`, or it is clear that there will be none.

        Args:
            url: percent-encoded already; it is sent as it stands.
            provider: who is asked, for errors.
            max_bytes: bound of the body after any content encoding is undone.
            params: appended to the URL, percent-encoded.
            budgets: what every attempt is paid from, all of them together, and its weight in the provider's units.
            policy: looks at each reply of any status but a redirect's before the status decides; of an error, at the
                first 64 kB.
            headers: sent to the host of `url` only, and none that holds a key over plain http.
            method: what it asks must only read, as it may be sent again.
            body: what is sent with it.
            keys: read afresh and sent with each attempt, to the host of `url` only and never over plain http; what the
                server repeats of them is masked in the answer and in errors. Budgets are counted for each key.
            variable: the setting of the base address, named in errors; by default `BCDATA_<PROVIDER>_URL`.

        Raises:
            NotFoundError: 404.
            BlockedError: 403 or 451.
            RateLimitedError: 418, or a rate limit that asks for a longer wait than BCDATA_HTTP_RATE_WAIT.
            QuotaSpentError: the policy says so, or said so to anybody before; or a budget that is a quota is spent for
                longer than BCDATA_HTTP_RATE_WAIT. Nothing is asked until then.
            BadKeyError: a key is missing, or is none.
            RefusedError: any other status below 500 than 200.
            OversizeError: the body is larger than `max_bytes`.
            UnreachableError: nothing usable after all attempts, or the host's breaker is open.
            ProviderError: the error of the policy's refusal; a redirect without end, or to a place that may not be
                asked.
        """
        variable = variable or f"BCDATA_{provider.upper()}_URL"
        if not is_address(url):
            raise ProviderError(f"{provider}: no address of the web; check {variable}", provider=provider)
        question = Request(
            url=with_query(url, params or {}),
            provider=provider,
            variable=variable,
            max_bytes=max_bytes,
            budgets=tuple((budget, weight) for budget, weight in budgets if weight),
            policy=policy,
            method=method,
            headers=headers or {},
            body=body,
            keys=tuple(keys),
        )
        if not await self.state.may_ask(question.host, self._breaker):
            raise _spared(question, self._breaker)
        try:
            answer = await self._patiently(question)
        except ProviderError as error:
            # A 404, a refusal or a rate limit is the word of a living server.
            answered = error.status is not None and not isinstance(error, UnreachableError)
            if answered or isinstance(error, UnreachableError):
                await self.state.went(question.host, self._breaker, answered=answered)
            raise
        else:
            await self.state.went(question.host, self._breaker, answered=True)
            return answer
        finally:
            await self._record()

    async def close(self, *, for_good: bool = False) -> None:
        """Closes the session. The client may be used again afterwards, then with a new one, unless it is `for_good`.

        Then a question that nobody waits for any more, and that would open a session after this, is given up.
        """
        await self._wire.close(for_good=for_good)
        await self._record(at_once=True)
        self.state.close()

    async def _patiently(self, question: Request) -> HttpResponse:
        """Asks again after each rate limit, as long as the waits stay within bounds."""
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
                await self.state.hold(question.host, seconds, "slow")
                if waited > self._settings.http_rate_wait:
                    raise rate_limited(question, seconds, error.status, _slowed(question, error)) from None
            except BanError as error:
                await self.state.hold(question.host, error.seconds, "banned")
                raise held_error(question, Hold(error.seconds, "banned")) from None
            except QuotaSpentError as error:
                if error.status is not None:  # the provider's word, and not what was known before
                    left = error.resets_at - datetime.now(UTC)
                    await self.state.hold(key_place(question), left.total_seconds(), "quota")
                raise

    async def _with_retries(self, question: Request) -> HttpResponse:
        settings = self._settings
        # Waiting for the budget is not the server's fault: it does not count towards the time allowed.
        await self._admission.admit(question)
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
                        await self._admission.admit(question)
                    with self._tally.timed(question.provider):
                        return await self._wire.ask(question)
        except TransientError as error:
            raise UnreachableError(
                f"{question.about}: {error} ({settings.http_attempts} attempts);"
                f" {error.remedy or f'check the network and {question.variable}'}, or try again later",
                provider=question.provider,
                url=shown(question.url),
                status=error.status,
            ) from error.__cause__
        raise AssertionError("stamina ends in a result or an error")

    async def _record(self, *, at_once: bool = False) -> None:
        """Writes down how requests went. That is for reports: where it cannot be, nobody is stopped by it."""
        if batch := self._tally.take(at_once=at_once):
            with suppress(StoreError):
                await asyncio.to_thread(self.state.record, batch)

    def _may_retry(self, error: Exception) -> bool | float:
        if not isinstance(error, TransientError):
            return False
        return True if error.wait is None else min(error.wait, self._settings.http_backoff_max)


def _spared(question: Request, breaker: Breaker) -> UnreachableError:
    return UnreachableError(
        f"{question.provider}: {question.host} was not asked: its last {breaker.failures} requests failed,"
        " so it is left alone for a while; try again later",
        provider=question.provider,
        url=shown(question.url),
    )


def _slowed(question: Request, error: SlowDownError) -> str:
    said = f": {error.text}" if error.text else ""
    return f"{question.host} asks us to slow down ({error.status}){said}"


def _log_retry(details: stamina.instrumentation.RetryDetails) -> None:
    error = details.caused_by
    if isinstance(error, TransientError):
        _log.info("%s: %s; asked again in %.1f s", error.question.about, error, details.wait_for)
