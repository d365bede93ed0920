"""Kraken on the loopback: bars of the latest 720, and all trades, out of one generated market."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.kraken.site import KrakenSite
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.trade_market import TradedSymbol, TradeMarket

_LISTED = datetime(2023, 1, 1, 9, 30, tzinfo=UTC)


class LoopbackKraken(Loopback):
    """Kraken's public endpoints OHLC and Trades.

    Args:
        market: What was traded.
        now: The venue's present instant, which stands still until `now` is set; the real one if None.
        faults: What goes wrong; more may be added while it runs.
        port: 0 takes a free one.
        rate: Requests a second; None allows all.
        page_rows: The most trades of one page.
        with_ids: Whether trades have ids; those of old answers have none.

    Raises:
        UsageError: the port is taken (on entering).
    """

    def __init__(
        self,
        market: TradeMarket,
        *,
        now: datetime | None = None,
        faults: Sequence[Fault] = (),
        port: int = 0,
        rate: int | None = None,
        page_rows: int = 1000,
        with_ids: bool = True,
    ) -> None:
        super().__init__(now=now, faults=faults, port=port)
        self.market = market
        self._site = KrakenSite(market, RequestRate(rate), page_rows, with_ids=with_ids)

    @classmethod
    def demo(cls, *, now: datetime | None = None, port: int = 0) -> Self:
        """Two pairs, one of them answered under another name, and Kraken's own rate."""
        bitcoin = TradedSymbol("XBTUSD", _LISTED, 30_000.0, "XXBTZUSD")
        return cls(TradeMarket([bitcoin, TradedSymbol("SOLUSD", _LISTED, 100.0)]), now=now, port=port, rate=1)

    def site(self, faults: FaultPlan) -> KrakenSite:
        """Kraken's public server."""
        del faults
        return self._site

    def environment(self) -> dict[str, str]:
        """The variable that points bcdata at this server."""
        return {"BCDATA_KRAKEN_URL": self.url}
