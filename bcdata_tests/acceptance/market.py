"""What the exchange of these tests traded, worked out here alone: no code of bcdata, so that no mistake is shared."""

import io
import random
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime

SECONDS = {"5m": 300, "1h": 3600, "1d": 86_400}
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
FOLDERS = {"spot": "data/spot", "um": "data/futures/um", "cm": "data/futures/cm"}


def at(text: str) -> int:
    """Seconds since the epoch of an ISO text, UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def span(key: str) -> tuple[int, int]:
    """First second and first one after, of a month (2025-01) or a day (2025-01-31)."""
    if len(key) == len("2025-01-31"):
        return at(key), at(key) + 86_400
    year, month = (int(part) for part in key.split("-"))
    after = f"{year + month // 12}-{month % 12 + 1:02d}-01"
    return at(f"{key}-01"), at(after)


def days(month: str) -> list[str]:
    """The date keys of a month's days."""
    first, after = span(month)
    return [f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d}" for second in range(first, after, 86_400)]


@dataclass(frozen=True)
class Bar:
    """One bar as sent: `open_at` in seconds, prices and volumes as written."""

    open_at: int
    prices: tuple[str, str, str, str]
    volume: str
    quote: str
    trades: int
    taker: str
    taker_quote: str

    @property
    def values(self) -> tuple[float | int, ...]:
        """The canonical columns after open_time, in a market whose volume is base volume."""
        prices = [float(price) for price in self.prices]
        flows = float(self.volume), float(self.quote), self.trades, float(self.taker), float(self.taker_quote)
        return (*prices, *flows)

    def contracts(self, size: float) -> tuple[float | int, ...]:
        """The canonical columns of a COIN-M bar: `volume` counts contracts, and `quote` is base volume."""
        prices = [float(price) for price in self.prices]
        buys = float(self.taker_quote), float(self.taker) * size
        return (*prices, float(self.quote), float(self.volume) * size, self.trades, *buys)


def bars(symbol: str, interval: str, key: str) -> list[Bar]:
    """All bars of a month or day: the same whenever asked for."""
    first, after = span(key)
    return [_bar(symbol, interval, second) for second in range(first, after, SECONDS[interval])]


def days_of_hours(symbol: str, month: str, since: int) -> list[Bar]:
    """The bars of a month's days, made of the hours from an instant on (seconds since the epoch)."""
    found = []
    for day in days(month):
        hours = [one for one in bars(symbol, "1h", day) if one.open_at >= since]
        if not hours:
            continue
        prices = [one.prices for one in hours]
        high, low = max((one[1] for one in prices), key=float), min((one[2] for one in prices), key=float)
        flows = [
            sum(float(getattr(one, name)) for one in hours) for name in ("volume", "quote", "taker", "taker_quote")
        ]
        volume, quote, taker, taker_quote = (f"{flow:.8f}" for flow in flows)
        trades = sum(one.trades for one in hours)
        ends = (prices[0][0], high, low, prices[-1][3])
        found.append(Bar(at(day), ends, volume, quote, trades, taker, taker_quote))
    return found


def _bar(symbol: str, interval: str, second: int) -> Bar:
    dice = random.Random(f"{symbol} {interval} {second}")
    ticks = sorted(dice.randrange(10_000, 10_400) for _ in range(4))
    low, high = ticks[0], ticks[3]
    first, last = dice.sample(ticks[1:3], 2)
    price = (low + high) / 200
    volume, share = dice.randrange(1, 900), dice.random()
    taker = int(volume * share)
    return Bar(
        second,
        (f"{first / 100:.8f}", f"{high / 100:.8f}", f"{low / 100:.8f}", f"{last / 100:.8f}"),
        f"{volume}",
        f"{volume * price:.8f}",
        dice.randrange(1, 99),
        f"{taker}",
        f"{taker * price:.8f}",
    )


def fields(bar: Bar, interval: str, unit: int) -> list[str]:
    """A row of klines; `unit` is how many of the file's time units make a second."""
    end = (bar.open_at + SECONDS[interval]) * unit - 1
    flows = [bar.quote, str(bar.trades), bar.taker, bar.taker_quote, "0"]
    return [str(bar.open_at * unit), *bar.prices, bar.volume, str(end), *flows]


def csv(rows: list[Bar], interval: str, *, micros: bool, header: bool = False) -> str:
    """The content of an archive object."""
    unit = 1_000_000 if micros else 1000
    lines = [HEADER] * header + [",".join(fields(bar, interval, unit)) for bar in rows]
    return "".join(f"{line}\n" for line in lines)


def zipped(member: str, text: str) -> bytes:
    """An archive object of one member; the same text gives the same bytes."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(zipfile.ZipInfo(member, (2025, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return body.getvalue()
