"""ccxt: bars of exchanges that have no provider of their own, read through the library of that name, if it is there."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bcdata.providers.capabilities import Capabilities, Provider, Role, Source
from bcdata.providers.ccxt.settings import CcxtSettings
from bcdata.venues.ccxt import MARKETS

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.ccxt.bars import CcxtBars

MISSING = "the ccxt library is not installed; install it with: pip install 'bcdata[ccxt]'"

_CAN = Capabilities(
    markets=tuple(one.name for one in MARKETS),
    columns=frozenset({"open", "high", "low", "close", "volume"}),
    omits_empty=True,
)


def _urls() -> dict[str, str]:
    """The one address that stands for all exchanges, where it is set: their own are known to the library alone."""
    url = CcxtSettings().ccxt_url
    return {"rest": url} if url else {}


def _open(http: "HttpClient", urls: Mapping[str, str]) -> "CcxtBars":
    from bcdata.providers.ccxt.bars import CcxtBars

    return CcxtBars(http, urls.get("rest", ""))


def _hindrance() -> str | None:
    return None if find_spec("ccxt") else MISSING


_SOURCE = Source("ccxt", Role.WINDOW, _CAN, _urls, _open, hindrance=_hindrance)

PROVIDER = Provider("ccxt", (_SOURCE,), MARKETS, CcxtSettings, gives_way=True)
