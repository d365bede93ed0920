"""What the pipeline asks of sources that publish files, and of those that repair what files lack."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bcdata.providers.base import BulkObject, FetchedObject, ObjectListing, Page, Series
from bcdata.windows import Window


@dataclass(frozen=True, slots=True)
class SymbolInfo:
    """One symbol as the exchange describes it now. Contract fields are None in spot.

    `contract_size` is quote currency per contract (COIN-M). `onboard_date` (UTC) is when trading began,
    `delivery_date` when a contract is or was settled; perpetuals have one in the far future until they are delisted.
    """

    symbol: str
    status: str
    base: str
    quote: str
    contract_type: str | None
    contract_size: float | None
    onboard_date: datetime | None
    delivery_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExchangeInfo:
    """All symbols of a market, and the request weight allowed a minute, if it says so."""

    symbols: tuple[SymbolInfo, ...]
    weight_a_minute: int | None


class BulkSource(Protocol):
    """Published files of days and months, listed and fetched whole. All methods raise ProviderError."""

    @property
    def listing_requests(self) -> int:
        """How many pages of listings were asked for so far."""

    async def symbols(self, market: str, kind: str, period: str) -> list[str]:
        """All symbols that have files, sorted, the delisted ones included."""

    async def intervals(self, market: str, kind: str, symbol: str, period: str) -> list[str]:
        """The intervals of a symbol's bars, shortest first."""

    async def objects(
        self, series: Series, period: str, *, first: str | None = None, last: str | None = None
    ) -> list[BulkObject]:
        """The objects from date key `first` to `last` (both included, both optional), in order of date."""

    async def listed(
        self, series: Series, period: str, *, first: str | None = None, last: str | None = None, due: str = ""
    ) -> ObjectListing:
        """The objects of these dates, and keys not understood; `due` is the key before which all should be there."""

    def is_about(self, key: str, series: Series, period: str, window: Window, *, lacks: bool) -> bool:
        """Whether a key that `listed` did not understand may be about the window, and is shown by every range with it.

        `lacks` says whether the window lacks an object that is due: then a key without a date may be it, too.
        """

    async def first(self, series: Series, period: str) -> BulkObject | None:
        """The series' first object of a period; None where it has none."""

    async def fetch(self, one: BulkObject, *, with_checksum: bool = True) -> FetchedObject:
        """The object and its checksum."""


class RepairSource(Protocol):
    """Answers about what files lack. All methods raise ProviderError, NotFoundError where the symbol is unknown."""

    async def klines(self, series: Series, window: Window, *, now: datetime) -> list[Page]:
        """The pages that hold the bars that open in the window and are closed at `now`."""

    async def funding(self, series: Series, window: Window) -> list[Page]:
        """The pages that hold the settlements in the window."""

    async def first_open(self, series: Series) -> datetime | None:
        """The open (UTC) of the first bar of the series; None where there is none."""

    async def exchange_info(self, market: str) -> ExchangeInfo:
        """The market's symbols as they are now."""

    def rows_per_call(self, market: str) -> int:
        """The number of bars that one call at the best price brings."""
