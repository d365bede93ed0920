"""Polygon on the loopback: aggregates, splits and dividends out of a generated market with sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.polygon.site import PLANS, PolygonSite
from bcdata.simulate.session_market import SessionMarket
from bcdata.simulate.stock_demo import demo_market


class LoopbackPolygon(Loopback):
    """Polygon's endpoints `/v2/aggs/ticker` and `/v3/reference/{splits,dividends}`.

    Args:
        market: What was traded.
        plan: How far back it reaches, how late bars come, and how often it may be asked.
        key: The one that it takes; any if None.
        is_limited: Whether it counts requests.
        most: Minutes, days or rows that a page is made of; Polygon's own numbers if None.
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
        plan: str = "basic",
        key: str | None = None,
        is_limited: bool = False,
        most: int | None = None,
        now: datetime | None = None,
        faults: Sequence[Fault] = (),
        port: int = 0,
    ) -> None:
        super().__init__(now=now, faults=faults, port=port)
        self.market = market
        self._key = key
        self._site = PolygonSite(market, PLANS[plan], key, is_limited=is_limited, most=most, base=lambda: self.url)

    @classmethod
    def demo(cls, *, now: datetime | None = None, port: int = 0) -> Self:
        """Two stocks on the free plan."""
        return cls(demo_market(), is_limited=True, now=now, port=port)

    def site(self, faults: FaultPlan) -> PolygonSite:
        """Polygon's server."""
        del faults
        return self._site

    def environment(self) -> dict[str, str]:
        """The variables that point bcdata at this server, with a key that it takes."""
        return {"BCDATA_POLYGON_URL": self.url, "POLYGON_API_KEY": self._key or "loopback"}
