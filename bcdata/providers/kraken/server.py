"""Asks Kraken's public endpoints, within the rate that it allows."""

from collections.abc import Mapping
from dataclasses import dataclass

from bcdata.errors import BadAnswerError
from bcdata.net.answers import shown, with_query
from bcdata.net.client import HttpClient
from bcdata.providers.kraken import limits
from bcdata.providers.kraken.answers import Answer, answer
from bcdata.providers.kraken.errors import classify

VARIABLE = "BCDATA_KRAKEN_URL"
_PATH = "/0/public/"
_PAGE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class KrakenPage:
    """A page: path and query without the server's address, the bytes, and what they say."""

    url: str
    body: bytes
    answer: Answer


class KrakenServer:
    """Kraken at a base address, asked in the name of one source."""

    def __init__(self, client: HttpClient, url: str, source: str) -> None:
        self._client = client
        self._base = url.rstrip("/")
        self._source = source
        self._budgets = tuple((one, 1) for one in limits({"rest": self._base}))

    async def ask(self, endpoint: str, params: Mapping[str, str | int]) -> KrakenPage:
        """The answer of `OHLC` or `Trades`.

        Raises:
            UnknownSymbolError: there is no such pair.
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        name = with_query(_PATH + endpoint, params)
        response = await self._client.get(
            self._base + name,
            provider=self._source,
            variable=VARIABLE,
            budgets=self._budgets,
            max_bytes=_PAGE_BYTES,
            policy=classify,
        )
        try:
            return KrakenPage(name, response.body, answer(response.body))
        except ValueError as error:
            raise self.unusable(name, str(error)) from None

    def unusable(self, name: str, cause: str) -> BadAnswerError:
        """The error for an answer that cannot be one; `name` is its path and query."""
        url = shown(self._base + name)
        message = f"{self._source}: {url}: the answer is not usable: {cause}; check {VARIABLE}"
        return BadAnswerError(message, provider=self._source, url=url, status=200)
