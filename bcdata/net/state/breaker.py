"""A circuit breaker per host: one that is down is left alone for a while, not waited for again and again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from bcdata.errors import UnreachableError


class Breakers:
    """Opens after so many requests in a row that ended in UnreachableError; any other end closes it again.

    A 404, a refusal or a rate limit is the word of a living server.
    """

    def __init__(self, *, failures: int, seconds: float) -> None:
        self._failures = failures
        self._factory = AsyncCircuitBreakerFactory(
            default_threshold=failures,
            default_ttl=seconds,
            exclude=[(BaseException, lambda error: not isinstance(error, UnreachableError))],
        )

    @asynccontextmanager
    async def guard(self, host: str, *, provider: str, url: str) -> AsyncIterator[None]:
        """Runs the block if the host's breaker is closed.

        Raises:
            UnreachableError: the breaker is open; nothing was asked.
        """
        breaker = await self._factory.get_breaker(host)
        try:
            async with breaker:
                yield
        except OpenedState:
            raise UnreachableError(
                f"{provider}: {host} was not asked: its last {self._failures} requests failed,"
                " so it is left alone for a while; try again later",
                provider=provider,
                url=url,
            ) from None
