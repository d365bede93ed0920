"""FMP on the loopback, out of a generated market with sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.fmp.site import FmpSite
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.session_market import SessionMarket
from bcdata.simulate.stock_demo import demo_market


class LoopbackFmp(Loopback):
    """FMP's endpoints `/stable/historical-price-eod/...`, `historical-chart/...`, `splits`, `dividends` and `profile`.

    Args:
        market: What was traded.
        now: FMP's present instant, which stands still until `now` is set; the real one if None.
        faults: What goes wrong; more may be added while it runs.
        port: 0 takes a free one.
        key: The key that it accepts.
        daily: Requests in any day; None allows all.
        within: Whether the plan has bars within the day.

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
        daily: int | None = None,
        within: bool = True,
    ) -> None:
        super().__init__(now=now, faults=faults, port=port)
        self.market = market
        self._key = key
        self._site = FmpSite(market, key, daily, has_within=within)

    @classmethod
    def demo(cls, *, now: datetime | None = None, port: int = 0) -> Self:
        """Three stocks, and the limits of the free plan."""
        return cls(demo_market(), now=now, port=port, daily=250, within=False)

    def site(self, faults: FaultPlan) -> FmpSite:
        """FMP's server."""
        del faults
        return self._site

    def environment(self) -> dict[str, str]:
        """The variables that point bcdata at this server, its key with them."""
        return {"BCDATA_FMP_URL": self.url, "FMP_API_KEY": self._key}
