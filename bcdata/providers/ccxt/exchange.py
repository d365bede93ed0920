"""An exchange as ccxt's own client reads it, whose requests go through the client that all providers share."""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bcdata.errors import BadRequestError, BcdataError, ProviderError, UnknownSymbolError
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.net.policy import Refusal, Reply, ResponsePolicy
from bcdata.providers.address import server_of
from bcdata.providers.ccxt import MISSING
from bcdata.providers.ccxt.answers import CcxtPage
from bcdata.providers.ccxt.errors import is_of_ccxt, refusal_of, typed
from bcdata.venues.ccxt import INTERVALS

NAME = "ccxt"
VARIABLE = "BCDATA_CCXT_URL"
_PAGE_BYTES, _MARKETS_BYTES = 8 << 20, 64 << 20
"""Some exchanges' lists of markets have megabytes."""
_SECOND_MS = 1000
_OK, _UNAUTHORIZED = 200, 401
_heard: ContextVar[list[CcxtPage] | None] = ContextVar("heard", default=None)
"""Where the answers to the question of this task are put; several tasks ask one exchange at once."""


@dataclass(frozen=True, slots=True)
class CcxtAnswer:
    """The answer to one question for bars: who was asked for what, the rows as ccxt reads them, and what was sent."""

    about: Mapping[str, str]
    rows: list[Any]
    sent: list[CcxtPage]

    @property
    def url(self) -> str:
        """Path and query of the question."""
        return self.sent[-1].url if self.sent else ""


class Exchange:
    """One exchange, on the event loop on which it was made. ccxt keeps its own rate beside the shared one.

    Args:
        name: ccxt's id of the exchange.
        client: an exchange of `ccxt.async_support`.
        version: of ccxt.
        http: what asks.
        base: the address that is asked in place of the exchange's own ones; empty where those are.
    """

    def __init__(self, name: str, client: Any, version: str, http: HttpClient, base: str) -> None:
        self._name = name
        self._client = client
        self._http = http
        self._base = base
        self._version = version
        self._symbols: dict[str, str] = {}
        client.fetch = self._fetch  # what its requests go through

    @classmethod
    async def open(cls, name: str, http: HttpClient, base: str) -> "Exchange":
        """The exchange with its list of markets, which is asked for.

        Raises:
            ProviderError: ccxt is not installed, or does not know the exchange; the exchange cannot be asked.
        """
        try:
            # Loads all exchanges, which takes a second: not on the loop.
            library = await asyncio.to_thread(import_module, "ccxt.async_support")
        except ImportError as error:
            is_missing = (error.name or "").partition(".")[0] == "ccxt"
            raise ProviderError(f"{NAME}: {MISSING if is_missing else error}", provider=NAME) from error
        make = getattr(library, name, None)
        if make is None:
            words = f"ccxt {library.__version__} has no exchange {name}; another version may have it"
            raise BadRequestError(f"{NAME}: {words}", provider=NAME)
        client = make({"enableRateLimit": True, "asyncio_loop": asyncio.get_running_loop()})
        client.has["fetchCurrencies"] = False  # bars need none, and some exchanges tell them to users alone
        exchange = cls(name, client, library.__version__, http, base)
        await exchange._load()
        return exchange

    def check(self, symbol: str, interval: str) -> None:
        """Whether the exchange has such bars.

        Raises:
            UnknownSymbolError: it has no spot market of this name.
            BadRequestError: it has no bars of this length; the text has those that there are.
        """
        if symbol not in self._symbols:
            words = f"it has no spot market {symbol}; check the symbol, which is written like BTC-USD"
            raise UnknownSymbolError(f"{NAME}: {self._name}: {words}", provider=NAME)
        if interval not in (has := self._client.timeframes or {}):
            words = f"it has no bars of {interval}; it has {' '.join(one for one in INTERVALS if one in has)}"
            raise BadRequestError(f"{NAME}: {self._name}: {words}", provider=NAME)

    def page_rows(self, symbol: str) -> int | None:
        """How many bars one answer may have; None where that is not known."""
        found = self._client.feature_value(self._symbols[symbol], "fetchOHLCV", "limit")
        return found if isinstance(found, int) and found > 0 else None

    async def bars(self, symbol: str, interval: str, since_ms: int) -> CcxtAnswer:
        """The bars of a symbol that was checked, from an open on (ms since the epoch, UTC), as many as fit one answer.

        Raises:
            ProviderError: the exchange cannot be asked, or its answer is not usable.
        """
        sent: list[CcxtPage] = []
        token = _heard.set(sent)
        unified = self._symbols[symbol]
        try:
            rows = [*await self._client.fetch_ohlcv(unified, interval, since_ms, self.page_rows(symbol))]
        except BcdataError:
            raise
        except Exception as error:  # whatever the library trips over
            raise typed(error, f"{NAME}: {self._name}: {symbol}", NAME) from error
        finally:
            _heard.reset(token)
        return CcxtAnswer({"exchange": self._name, "symbol": unified, "ccxt": self._version}, rows, sent)

    async def _load(self) -> None:
        try:
            markets = await self._client.load_markets()
        except BcdataError:
            raise
        except Exception as error:  # whatever the library trips over
            raise typed(error, f"{NAME}: {self._name}: its list of markets", NAME) from error
        spot = (symbol for symbol, market in markets.items() if market.get("spot"))
        self._symbols = {symbol.replace("/", "-"): symbol for symbol in spot}

    async def _fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        """What ccxt calls for each request: the decoded answer."""
        client = self._client
        sends = client.prepare_request_headers(headers)
        asked, heard = self._pointed(url), _heard.get()
        response = await self._http.get(
            asked,
            provider=NAME,
            variable=VARIABLE,
            max_bytes=_MARKETS_BYTES if heard is None else _PAGE_BYTES,
            budgets=((self._budget(asked), 1),),
            policy=self._policy(asked, method, sends, body),
            headers={name: value for name, value in sends.items() if name != "Accept-Encoding"},
            method=method,
            body=body.encode() if body else None,
        )
        text = response.body.decode()
        if heard is not None:
            parts = urlsplit(asked)
            heard.append(CcxtPage(urlunsplit(("", "", parts.path, parts.query, "")), text))
        return client.parse_json(text.strip())

    def _policy(self, url: str, method: str, headers: Mapping[str, str], body: Any) -> ResponsePolicy:
        """Reads replies as ccxt does for this exchange."""

        def judge(reply: Reply) -> Refusal | None:
            text = reply.body.decode("utf-8", "replace").strip()
            answer = self._client.parse_json(text)
            told = (reply.status, "", url, method, dict(reply.headers), text, answer, headers, body)
            try:
                self._client.handle_errors(*told)
            except Exception as error:
                if not is_of_ccxt(error):
                    raise
                return refusal_of(error, reply.status)
            if reply.status == _UNAUTHORIZED:
                return Refusal("bad_key", "it answered 401")
            return Refusal("bad_answer", "it is not JSON") if answer is None and reply.status == _OK else None

        return judge

    def _budget(self, url: str) -> Budget:
        """The rate that ccxt knows of the exchange (`rateLimit`: ms between two requests), shared by all processes."""
        pause = max(float(self._client.rateLimit or 0), 1.0)
        limit, seconds = max(1, int(_SECOND_MS / pause)), max(1.0, pause / _SECOND_MS)
        return Budget(f"ccxt/{self._name}@{server_of(url)}", limit, seconds)

    def _pointed(self, url: str) -> str:
        """The address with scheme and host replaced where they are set."""
        if not self._base:
            return url
        parts = urlsplit(url)
        return self._base + urlunsplit(("", "", parts.path, parts.query, ""))
