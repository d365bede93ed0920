"""Asks a provider that wants a key, within what its plan allows."""

from collections.abc import Sequence
from dataclasses import dataclass

from bcdata.errors import BadAnswerError
from bcdata.net.answers import shown
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.net.keys import Key
from bcdata.net.policy import Refusal, Reply, ResponsePolicy

_OK = 200


@dataclass(frozen=True, slots=True)
class KeyedServer:
    """A provider's server at a base address without a slash at its end.

    Attributes:
        classify: what its replies mean. An answer that is whole and has no rows is let through: it may prove something.
    """

    client: HttpClient
    base: str
    provider: str
    keys: Sequence[Key]
    budgets: Sequence[Budget]
    classify: ResponsePolicy
    page_bytes: int

    async def ask(self, name: str) -> bytes:
        """The answer to a path and query.

        Raises:
            ProviderError: it cannot be asked, or says why it does not answer.
        """
        response = await self.client.get(
            self.base + name,
            provider=self.provider,
            variable=self._variable,
            keys=self.keys,
            budgets=[(one, 1) for one in self.budgets],
            max_bytes=self.page_bytes,
            policy=self._refusal,
        )
        return response.body

    def unusable(self, name: str, cause: str) -> BadAnswerError:
        """The error for an answer that cannot be one; `name` is its path and query."""
        url = shown(self.base + name)
        message = f"{self.provider}: {url}: the answer is not usable: {cause}; check {self._variable}"
        return BadAnswerError(message, provider=self.provider, url=url, status=_OK)

    @property
    def _variable(self) -> str:
        return f"BCDATA_{self.provider.upper()}_URL"

    def _refusal(self, reply: Reply) -> Refusal | None:
        found = self.classify(reply)
        return None if found and found.kind == "no_data" and reply.status == _OK else found
