"""The loopback exchange: Binance's archive, listing and REST servers on one port of 127.0.0.1."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from bcdata.simulate.binance.limits import RateLimits
from bcdata.simulate.binance.market.folder import FolderMarket
from bcdata.simulate.binance.market.generated import GeneratedMarket
from bcdata.simulate.binance.market.market import Market
from bcdata.simulate.binance.site import BinanceSite
from bcdata.simulate.faults import Fault, FaultPlan
from bcdata.simulate.loopback import Loopback

_PATHS = {
    "BCDATA_BINANCE_ARCHIVE_URL": "/archive",
    "BCDATA_BINANCE_LISTING_URL": "/listing",
    "BCDATA_BINANCE_SPOT_URL": "/spot",
    "BCDATA_BINANCE_UM_URL": "/um",
    "BCDATA_BINANCE_CM_URL": "/cm",
}


class LoopbackExchange(Loopback):
    """Binance on the loopback; `/archive`, `/listing`, `/spot`, `/um` and `/cm` are below its address.

    Args:
        market: What it serves.
        now: The exchange's present instant, which stands still until `now` is set; the real one if None.
        faults: What goes wrong; more may be added while it runs.
        port: 0 takes a free one.
        weight_limits: Weight a minute by venue (`spot`, `um`, `cm`), or ready-made limits.

    Raises:
        UsageError: the port is taken (on entering).
    """

    def __init__(
        self,
        market: Market,
        *,
        now: datetime | None = None,
        faults: Sequence[Fault] = (),
        port: int = 0,
        weight_limits: Mapping[str, int] | RateLimits | None = None,
    ) -> None:
        super().__init__(now=now, faults=faults, port=port)
        self.market = market
        self.limits = weight_limits if isinstance(weight_limits, RateLimits) else RateLimits(weight_limits or {})

    @classmethod
    def demo(cls, *, now: datetime | None = None, port: int = 0) -> Self:
        """The generated market of the demo."""
        return cls(GeneratedMarket.demo(), now=now, port=port)

    @classmethod
    def of_folder(cls, folder: Path, *, now: datetime | None = None, port: int = 0) -> Self:
        """A tree laid out as the archive, with `data/` in it.

        Raises:
            UsageError: there is no such tree.
        """
        return cls(FolderMarket(folder), now=now, port=port)

    def site(self, faults: FaultPlan) -> BinanceSite:
        """Binance's servers."""
        return BinanceSite(self.market, faults, self.limits)

    def environment(self) -> dict[str, str]:
        """The variables that point bcdata at this exchange."""
        return {name: self.url + path for name, path in _PATHS.items()}
