"""Asks Yahoo's server, and shows the cookie and the crumb where it asks for them."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from bcdata.errors import BadKeyError, BlockedError, NotFoundError
from bcdata.net.answers import HttpResponse, one_line
from bcdata.net.client import HttpClient
from bcdata.net.policy import Refusal, Reply
from bcdata.providers.yahoo import limits
from bcdata.providers.yahoo.errors import classify

NAME = "yahoo"
VARIABLE = "BCDATA_YAHOO_URL"
_OWN_HOST, _COOKIES = "finance.yahoo.com", "https://fc.yahoo.com/"
_CRUMB = "/v1/test/getcrumb"
_IS_CRUMB = re.compile(rb"[A-Za-z0-9._/+=~-]{4,64}")
_OK = 200
_PAGE_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class _Pass:
    """What lets one in: shown nowhere."""

    cookie: str
    crumb: str

    def __repr__(self) -> str:
        return "_Pass()"


class YahooServer:
    """One server; a pass is fetched when it is first demanded, and once more when it is not accepted any longer."""

    def __init__(self, client: HttpClient, url: str) -> None:
        self._client = client
        self._base = url.rstrip("/")
        self._budgets = tuple((one, 1) for one in limits({"rest": self._base}))
        self._pass: _Pass | None = None
        self._renewing = asyncio.Lock()

    async def ask(self, name: str) -> bytes:
        """The answer to a path with its query.

        Raises:
            BlockedError: the pass that it has just given is not accepted.
            ProviderError: it cannot be asked, or says no.
        """
        used = self._pass
        try:
            return (await self._get(self._base + name, used)).body
        except BadKeyError:
            pass
        try:
            async with self._renewing:
                if self._pass is used:  # nobody else has renewed it meanwhile
                    self._pass = await self._renewed()
            return (await self._get(self._base + name, self._pass)).body
        except BadKeyError as error:
            words = "it asks for a cookie and crumb, and does not accept those that it gives; use another source"
            message = f"{NAME}: {words}, or try again later"
            raise BlockedError(message, provider=NAME, url=error.url, status=error.status) from None

    async def _get(self, url: str, known: _Pass | None) -> HttpResponse:
        return await self._client.get(
            url,
            provider=NAME,
            variable=VARIABLE,
            params={"crumb": known.crumb} if known else None,
            headers={"Cookie": known.cookie} if known else None,
            budgets=self._budgets,
            max_bytes=_PAGE_BYTES,
            policy=classify,
        )

    async def _renewed(self) -> _Pass:
        cookie = await self._cookie()
        answer = await self._client.get(
            self._base + _CRUMB,
            provider=NAME,
            variable=VARIABLE,
            headers={"Cookie": cookie} if cookie else None,
            budgets=self._budgets,
            max_bytes=_PAGE_BYTES,
            policy=_no_crumb,
        )
        return _Pass(cookie, answer.body.decode("ascii"))

    async def _cookie(self) -> str:
        """The cookie, which comes with whatever status; empty where there comes none."""
        heard: list[str] = []

        def listen(reply: Reply) -> Refusal | None:
            heard.append(reply.headers.get("Set-Cookie", "").partition(";")[0].strip())
            return None

        is_own = (urlsplit(self._base).hostname or "").endswith(_OWN_HOST)
        with suppress(NotFoundError):  # that is how it answers
            await self._client.get(
                _COOKIES if is_own else f"{self._base}/",
                provider=NAME,
                variable=VARIABLE,
                budgets=self._budgets,
                max_bytes=_PAGE_BYTES,
                policy=listen,
            )
        return heard[-1] if heard else ""


def _no_crumb(reply: Reply) -> Refusal | None:
    """Why the reply is no crumb: a crumb is one short word."""
    if reply.status == _OK and _IS_CRUMB.fullmatch(reply.body):
        return None
    refusal = classify(reply)
    if refusal is None or refusal.kind == "bad_answer":
        return Refusal("bad_key", f"no crumb was sent: {one_line(reply.body) or 'nothing'}")
    return refusal
