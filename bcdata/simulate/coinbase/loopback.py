"""Coinbase's Exchange API on the loopback: candles out of a generated market of trades."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from bcdata.simulate.coinbase.site import CoinbaseSite
from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.trade_market import TradedSymbol, TradeMarket

_LISTED = datetime(2023, 1, 1, 9, 30, tzinfo=UTC)


class LoopbackCoinbase(Loopback):
    """Coinbase's endpoint `/products/{id}/candles`.

    Args:
        market: What was traded.
        now: The venue's present instant, which stands still until `now` is set; the real one if None.
        faults: What goes wrong; more may be added while it runs.
        port: 0 takes a free one.
        rate: Requests a second; None allows all.

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
    ) -> None:
        super().__init__(now=now, faults=faults, port=port)
        self.market = market
        self._site = CoinbaseSite(market, RequestRate(rate))

    @classmethod
    def demo(cls, *, now: datetime | None = None, port: int = 0) -> Self:
        """Two products, and Coinbase's own rate."""
        products = [TradedSymbol("BTC-USD", _LISTED, 30_000.0), TradedSymbol("SOL-USD", _LISTED, 100.0)]
        return cls(TradeMarket(products), now=now, port=port, rate=10)

    def site(self, faults: FaultPlan) -> CoinbaseSite:
        """Coinbase's server."""
        del faults
        return self._site

    def environment(self) -> dict[str, str]:
        """The variable that points bcdata at this server."""
        return {"BCDATA_COINBASE_URL": self.url}
