"""Alpaca on the loopback: bars and corporate actions out of a generated market with sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from bcdata.simulate.alpaca.site import AlpacaSite
from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.session_market import SessionMarket
from bcdata.simulate.stock_demo import demo_market


class LoopbackAlpaca(Loopback):
    """Alpaca's endpoints `/v2/stocks/bars` and `/v1/corporate-actions`.

    Args:
        market: What was traded.
        plan: `basic`, which has nothing of the last fifteen minutes, or `algo_trader_plus`.
        keys: The key and the secret that it takes; any if None.
        rate: Requests a minute; None allows all.
        most: Rows of a page; Alpaca's own number if None.
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
        keys: tuple[str, str] | None = None,
        rate: int | None = None,
        most: int | None = None,
        now: datetime | None = None,
        faults: Sequence[Fault] = (),
        port: int = 0,
    ) -> None:
        super().__init__(now=now, faults=faults, port=port)
        self.market = market
        self._keys = keys
        self._site = AlpacaSite(market, keys, rate, is_delayed=plan == "basic", most=most)

    @classmethod
    def demo(cls, *, now: datetime | None = None, port: int = 0) -> Self:
        """The market of the demo on the free plan."""
        return cls(demo_market(), rate=200, now=now, port=port)

    def site(self, faults: FaultPlan) -> AlpacaSite:
        """Alpaca's server."""
        del faults
        return self._site

    def environment(self) -> dict[str, str]:
        """The variables that point bcdata at this server, with keys that it takes."""
        key, other = self._keys or ("loopback", "loopback")
        return {"BCDATA_ALPACA_URL": self.url, "ALPACA_API_KEY": key, "ALPACA_API_SECRET": other}
