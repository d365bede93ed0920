"""Generated funding: settlements on the hour grid with jitter, drawn for each day alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bcdata.simulate.binance.market.symbols import GeneratedSymbol, to_ms
from bcdata.simulate.binance.market.walk import DAY_MS, stream

HEADER = "calc_time,funding_interval_hours,last_funding_rate\n"
_HOUR_MS = 3_600_000
_PLACES = 8
_SIGMA = 0.00012
_TINY_SHARE = 0.05
_TINY = 0.005
"""One rate in twenty is so small that Java would write it with an exponent."""
_EXPONENT_BELOW = 100
_JITTER_MS = (-3, 0, 0, 0, 0, 1, 2, 5, 8, 11)


@dataclass(frozen=True, slots=True)
class GeneratedSettlement:
    """`due` is the nominal instant, `time` the one with jitter (both ms); `rate` counts units of 1e-8."""

    due: int
    time: int
    hours: int
    rate: int

    @property
    def plain(self) -> str:
        """The rate with eight decimals, as REST sends it."""
        sign = "-" if self.rate < 0 else ""
        return f"{sign}0.{abs(self.rate):0{_PLACES}d}"

    @property
    def scientific(self) -> str:
        """The rate as files hold it: below 1e-6 with an exponent (`-2.5E-7`)."""
        if self.rate == 0 or abs(self.rate) >= _EXPONENT_BELOW:
            return self.plain
        digits = str(abs(self.rate))
        mantissa = f"{digits[0]}.{digits[1:]}" if digits[1:].strip("0") else digits[0]
        return f"{'-' if self.rate < 0 else ''}{mantissa}E-{_PLACES + 1 - len(digits)}"


def settlements(seed: int, symbol: GeneratedSymbol, start: datetime, end: datetime) -> Iterator[GeneratedSettlement]:
    """The settlements due in [start, end) while the symbol is listed, ascending.

    Jitter is some ms either side, but never before midnight: a settlement stays in the month where it is due.
    """
    first = max(to_ms(start), to_ms(symbol.listed))
    last = min(to_ms(end), to_ms(symbol.delisted)) if symbol.delisted else to_ms(end)
    for day in range(first // DAY_MS, -(-last // DAY_MS)):
        random = stream(seed, "funding", symbol.venue, symbol.symbol, day=day)
        scale = random.choice((1.0, _TINY), 24, p=(1 - _TINY_SHARE, _TINY_SHARE))  # nosec B311 # a made market, not a secret
        rates = random.normal(0.00008, _SIGMA, 24) * scale
        jitters = random.choice(_JITTER_MS, 24)  # nosec B311 # a made market, not a secret
        for hour in range(24):
            due = day * DAY_MS + hour * _HOUR_MS
            hours = _hours(symbol, due)
            if hours and hour % hours == 0 and first <= due < last:
                jitter = max(int(jitters[hour]), 0) if hour == 0 else int(jitters[hour])
                yield GeneratedSettlement(due, due + jitter, hours, round(rates[hour] * 10**_PLACES))


def _hours(symbol: GeneratedSymbol, due: int) -> int | None:
    """The hours that end with this settlement; a new interval begins with the settlement at its `since`."""
    if not symbol.funding:
        return None
    in_force = symbol.funding[0][1]
    for since, hours in symbol.funding[1:]:
        if to_ms(since) < due:
            in_force = hours
    return in_force


def csv(rows: Iterator[GeneratedSettlement]) -> bytes:
    """The rows as a fundingRate file."""
    return (HEADER + "".join(f"{row.time},{row.hours},{row.scientific}\n" for row in rows)).encode()
