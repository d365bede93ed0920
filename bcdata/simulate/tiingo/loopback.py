"""Tiingo on the loopback, out of a generated market with sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.session_market import SessionMarket
from bcdata.simulate.stock_demo import demo_market
from bcdata.simulate.tiingo.site import TiingoSite

_FREE = (50, 500)


class LoopbackTiingo(Loopback):
    """Tiingo's endpoints `/tiingo/daily/{ticker}`, `/tiingo/daily/{ticker}/prices` and `/iex/{ticker}/prices`.

    Args:
        market: What was traded.
        now: Tiingo's present instant, which stands still until `now` is set; the real one if None.
        faults: What goes wrong; more may be added while it runs.
        port: 0 takes a free one.
        key: The key that it accepts.
        hourly: Requests in any hour; None allows all.
        symbols: Different symbols; None allows any number.

    Raises:
        UsageError: the port is taken (on entering).
    """

    def __init__(
        self,
        market: SessionMarket,
        *,
        now: datetime | None = None,
        faults: Sequence[Fault] = (),
        port: int = 0,
        key: str = "demo",
        hourly: int | None = None,
        symbols: int | None = None,
    ) -> None:
        super().__init__(now=now, faults=faults, port=port)
        self.market = market
        self._key = key
        self._site = TiingoSite(market, key, hourly, symbols)

    @classmethod
    def demo(cls, *, now: datetime | None = None, port: int = 0) -> Self:
        """Three stocks, and the limits of the free plan."""
        return cls(demo_market(), now=now, port=port, hourly=_FREE[0], symbols=_FREE[1])

    def site(self, faults: FaultPlan) -> TiingoSite:
        """Tiingo's server."""
        del faults
        return self._site

    def environment(self) -> dict[str, str]:
        """The variables that point bcdata at this server, its key with them."""
        return {"BCDATA_TIINGO_URL": self.url, "TIINGO_API_KEY": self._key}
