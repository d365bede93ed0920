"""Bitstamp on the loopback: markets and candles out of a generated market of trades."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from bcdata.simulate.bitstamp.site import BitstampSite
from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.request_rate import RequestRate
from bcdata.simulate.trade_market import TradedSymbol, TradeMarket

_LISTED = datetime(2023, 1, 1, 9, 30, tzinfo=UTC)


class LoopbackBitstamp(Loopback):
    """Bitstamp's endpoints `/api/v2/markets/` and `/api/v2/ohlc/{market}/`.

    Args:
        market: What was traded; symbols are written `BTC/USD`.
        now: The venue's present instant, which stands still until `now` is set; the real one if None.
        faults: What goes wrong; more may be added while it runs.
        port: 0 takes a free one.
        rate: Requests a second; None allows all.
        sends_empty: Whether it sends candles of time without a trade, with the close before them and no volume.

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
        sends_empty: bool = False,
    ) -> None:
        super().__init__(now=now, faults=faults, port=port)
        self.market = market
        self._site = BitstampSite(market, RequestRate(rate), sends_empty=sends_empty)

    @classmethod
    def demo(cls, *, now: datetime | None = None, port: int = 0) -> Self:
        """Two markets, and the rate of 400 requests a second."""
        symbols = [TradedSymbol("BTC/USD", _LISTED, 30_000.0), TradedSymbol("SOL/USD", _LISTED, 100.0)]
        return cls(TradeMarket(symbols), now=now, port=port, rate=400)

    def site(self, faults: FaultPlan) -> BitstampSite:
        """Bitstamp's server."""
        del faults
        return self._site

    def environment(self) -> dict[str, str]:
        """The variable that points bcdata at this server."""
        return {"BCDATA_CCXT_URL": self.url}
