"""What a generated market is made of: its symbols, their funding schedules and planned outages."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from bcdata.interval import EPOCH
from bcdata.simulate.binance.market.market import Instrument
from bcdata.simulate.binance.market.names import KLINES, MARK_PRICE, METRICS, PREMIUM_INDEX

BASE_DECIMALS = 8
"""Decimals of the base volume that cm files hold in the place of quote volume."""
MILLISECOND = 1000


def to_ms(instant: datetime) -> int:
    """Milliseconds since the epoch, exactly."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * MILLISECOND + since.microseconds // MILLISECOND


def from_ms(ms: int) -> datetime:
    """The UTC instant of so many milliseconds since the epoch."""
    return datetime.fromtimestamp(ms // MILLISECOND, UTC).replace(microsecond=ms % MILLISECOND * MILLISECOND)


@dataclass(frozen=True)
class GeneratedSymbol:
    """A symbol and the make of its market.

    Symbols of one base asset share one path of prices, whatever their venue. `price` holds at 2023-01-01;
    `volume` is the mean of a minute in base units (cm: contracts); `quiet` is the share of minutes without a
    trade. `funding` tells which interval (hours) is in force after which settlement (UTC), beginning with the first.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    listed: datetime
    price: float
    price_decimals: int
    volume: float
    volume_decimals: int
    delisted: datetime | None = None
    quiet: float = 0.0
    contract_size: int | None = None
    funding: tuple[tuple[datetime, int], ...] = ()

    @property
    def quote_decimals(self) -> int:
        """Decimals of the column named quote volume: exact for price x volume, 8 for cm's base volume."""
        return BASE_DECIMALS if self.contract_size else self.price_decimals + self.volume_decimals

    @property
    def pair(self) -> str:
        """The pair, as indices are named after it."""
        return self.base + self.quote

    @cached_property
    def instrument(self) -> Instrument:
        """The symbol as REST shows it."""
        return Instrument(
            self.venue,
            self.symbol,
            self.base,
            self.quote,
            self.listed,
            self.delisted,
            self.contract_size,
            self.funding[-1][1] if self.funding else None,
        )

    def listing_spans(self, start: datetime, end: datetime) -> bool:
        """Whether the symbol is traded at some time of [start, end)."""
        return self.listed < end and (self.delisted is None or start < self.delisted)


@dataclass(frozen=True, slots=True)
class Outage:
    """No rows of a type in any symbol of the venue with opens in [start, end)."""

    venue: str
    start: datetime
    end: datetime
    type: str = KLINES

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether all of [start, end) is out."""
        return self.start <= start and end <= self.end


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


START = _day("2023-01-01")

DEMO_SYMBOLS = (
    GeneratedSymbol("spot", "BTCUSDT", "BTC", "USDT", START, 16_540.0, 2, 80.0, 5),
    GeneratedSymbol("spot", "ETHUSDT", "ETH", "USDT", START, 1_196.0, 2, 300.0, 4),
    GeneratedSymbol("spot", "ARBUSDT", "ARB", "USDT", _day("2023-03-23T17:00"), 1.2, 4, 90_000.0, 1),
    GeneratedSymbol(
        "spot", "SRMUSDT", "SRM", "USDT", START, 0.16, 4, 900.0, 0, delisted=_day("2023-05-10T03:00"), quiet=0.3
    ),
    GeneratedSymbol(
        "spot", "币安人生USDT", "币安人生", "USDT", _day("2023-06-05T09:30"), 0.05, 5, 5_000.0, 0, quiet=0.15
    ),
    GeneratedSymbol(
        "um", "BTCUSDT", "BTC", "USDT", START, 16_541.0, 1, 200.0, 3, funding=((START, 8),)
    ),
    GeneratedSymbol(
        "um", "ARBUSDT", "ARB", "USDT", _day("2023-03-23T14:00"), 1.2, 4, 200_000.0, 1,
        funding=((START, 8), (_day("2023-05-11T08:00"), 4)),
    ),
    GeneratedSymbol(
        "cm", "BTCUSD_PERP", "BTC", "USD", START, 16_538.0, 1, 900.0, 0, contract_size=100, funding=((START, 8),)
    ),
)  # fmt: skip

DEMO_OUTAGES = (
    Outage("spot", _day("2023-03-24T12:40"), _day("2023-03-24T14:00")),
    Outage("um", _day("2023-02-17T06:02"), _day("2023-02-17T06:09")),
    Outage("um", _day("2023-02-18T11:20"), _day("2023-02-18T11:32"), MARK_PRICE),
    Outage("cm", _day("2023-02-19T03:05"), _day("2023-02-19T03:06"), PREMIUM_INDEX),
    Outage("um", _day("2023-02-20T09:35"), _day("2023-02-20T10:10"), METRICS),
)
