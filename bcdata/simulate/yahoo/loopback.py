"""Yahoo's charts on the loopback, out of a generated market with sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.session_market import SessionMarket
from bcdata.simulate.stock_demo import demo_market
from bcdata.simulate.yahoo.site import YahooSite
from bcdata.simulate.yahoo.written import WrittenDays


class LoopbackYahoo(Loopback):
    """Yahoo's endpoints `/v8/finance/chart/{symbol}`, `/v1/test/getcrumb`, and `/`, which sets a cookie.

    Args:
        market: What was traded.
        now: Yahoo's present instant, which stands still until `now` is set; the real one if None.
        faults: What goes wrong; more may be added while it runs.
        port: 0 takes a free one.
        rate: Requests a second; None allows all.
        crumb: What it demands, with its cookie; empty where it demands none.

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
        rate: int | None = None,
        crumb: str = "",
    ) -> None:
        super().__init__(now=now, faults=faults, port=port)
        self.market = market
        self._site = YahooSite(market, rate, crumb)

    @classmethod
    def demo(cls, *, now: datetime | None = None, port: int = 0) -> Self:
        """Three stocks, one of them split."""
        return cls(demo_market(), now=now, port=port)

    def demand(self, crumb: str) -> None:
        """Demands another crumb from now on."""
        self._site.crumb = crumb

    def serve(self, symbol: str, days: WrittenDays) -> None:
        """Serves these bars of days and actions of a symbol from now on, in place of the generated ones."""
        self._site.written[symbol] = days

    def site(self, faults: FaultPlan) -> YahooSite:
        """Yahoo's server."""
        del faults
        return self._site

    def environment(self) -> dict[str, str]:
        """The variable that points bcdata at this server."""
        return {"BCDATA_YAHOO_URL": self.url}
