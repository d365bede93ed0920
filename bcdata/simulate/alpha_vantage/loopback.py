"""Alpha Vantage on the loopback: time series, splits and dividends out of a generated market with sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from bcdata.simulate.alpha_vantage.site import AlphaVantageSite
from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.session_market import SessionMarket
from bcdata.simulate.stock_demo import demo_market


class LoopbackAlphaVantage(Loopback):
    """Alpha Vantage's one endpoint `/query`.

    Args:
        market: What was traded.
        plan: `free` or `premium`.
        key: The one that it takes; any if None.
        a_day: Requests in a day of New York; None allows all.
        a_second: Requests a second; None allows all.
        now: The provider's present instant, which stands still until `now` is set; the real one if None.
        faults: What goes wrong; more may be added while it runs.
        port: 0 takes a free one.

    Raises:
        UsageError: the port is taken (on entering).
    """

    def __init__(
        self,
        market: SessionMarket,
        *,
        plan: str = "free",
        key: str | None = None,
        a_day: int | None = None,
        a_second: int | None = None,
        now: datetime | None = None,
        faults: Sequence[Fault] = (),
        port: int = 0,
    ) -> None:
        super().__init__(now=now, faults=faults, port=port)
        self.market = market
        self._key = key
        self._site = AlphaVantageSite(market, key, a_day, a_second, is_free=plan == "free")

    @classmethod
    def demo(cls, *, now: datetime | None = None, port: int = 0) -> Self:
        """The market of the demo on the free plan."""
        return cls(demo_market(), a_day=25, a_second=1, now=now, port=port)

    def site(self, faults: FaultPlan) -> AlphaVantageSite:
        """Alpha Vantage's server."""
        del faults
        return self._site

    def environment(self) -> dict[str, str]:
        """The variables that point bcdata at this server, with a key that it takes."""
        return {"BCDATA_ALPHA_VANTAGE_URL": self.url, "ALPHA_VANTAGE_API_KEY": self._key or "loopback"}
