"""Generated metrics: open interest and ratios of long to short every five minutes, drawn for each day alone.

`truth` is what there is; `csv` is a day's file of it, with the ways of the archive: labels of um are ends before an
instant and starts from it on, rows of some days are not in order, some are there twice, and values are blank. Files of
um have what ends at midnight first, as a genuine one of 2024, and from a day on last, as issue 491 describes those of
2026: when that changed is not known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from bcdata.simulate.binance.market.symbols import GeneratedSymbol, from_ms, to_ms
from bcdata.simulate.binance.market.walk import DAY_MS, stream
from bcdata.windows import Window

HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n"
)
LENGTH = timedelta(minutes=5)
STARTS_FROM = datetime(2026, 6, 25, tzinfo=UTC)
"""From here on labels of um are starts; before they are ends. Those of cm always are starts."""
MIDNIGHT_LAST_FROM = datetime(2026, 1, 1, tzinfo=UTC)
"""From here on files of um end with what ends at midnight; of what ended at this instant the file before has it."""
_ROWS = 288
_STEP_MS = DAY_MS // _ROWS
_EIGHT, _TEN = 8, 10
_UNSORTED_EACH, _REPEATED_EACH, _BLANK_EACH = 7, 5, 3
"""On each so manieth day rows are not in order, some are there twice, or values are blank."""


@dataclass(frozen=True, slots=True)
class GeneratedMetrics:
    """The metrics of the five minutes from `time` (ms) on: six values as files hold them; None where one is blank."""

    time: int
    values: tuple[str | None, ...]

    def line(self, symbol: str, label: int) -> str:
        """The row with a label (ms)."""
        return ",".join([f"{from_ms(label):%Y-%m-%d %H:%M:%S}", symbol, *(value or "" for value in self.values)])


def truth(
    seed: int, symbol: GeneratedSymbol, window: Window, outages: Sequence[tuple[int, int]] = ()
) -> Iterator[GeneratedMetrics]:
    """The metrics whose time begins in the window while the symbol is listed, ascending.

    Args:
        seed: of the market.
        symbol: whose they are.
        window: of UTC time.
        outages: times (ms, half-open) of which there are none.
    """
    first = max(to_ms(window.start), to_ms(symbol.listed))
    last = min(to_ms(window.end), to_ms(symbol.delisted)) if symbol.delisted else to_ms(window.end)
    for day in range(first // DAY_MS, -(-last // DAY_MS)):
        for one in _day(seed, symbol, day):
            is_out = any(start <= one.time < end for start, end in outages)
            if first <= one.time < last and not is_out:
                yield one


def csv(seed: int, symbol: GeneratedSymbol, named: Window, outages: Sequence[tuple[int, int]] = ()) -> bytes:
    """The file of a day."""
    rows = truth(seed, symbol, _held(symbol, named), outages)
    lines = [one.line(symbol.symbol, _label(symbol, one.time)) for one in rows]
    day = to_ms(named.start) // DAY_MS
    if day % _REPEATED_EACH == 1:
        lines[20:20] = lines[18:20]
    if day % _UNSORTED_EACH == 2:  # noqa: PLR2004 (one of the days)
        order = stream(seed, "order", symbol.venue, symbol.symbol, day=day).permutation(len(lines))
        lines = [lines[at] for at in order]
    return (HEADER + "".join(f"{line}\n" for line in lines)).encode()


def _held(symbol: GeneratedSymbol, named: Window) -> Window:
    """The time of the rows of the file that names a day."""
    if symbol.contract_size or named.start >= MIDNIGHT_LAST_FROM:
        return named
    return Window(named.start - LENGTH, named.end if named.end == MIDNIGHT_LAST_FROM else named.end - LENGTH)


def _label(symbol: GeneratedSymbol, time: int) -> int:
    is_end = not symbol.contract_size and time < to_ms(STARTS_FROM)
    return time + _STEP_MS if is_end else time


def _day(seed: int, symbol: GeneratedSymbol, day: int) -> Iterator[GeneratedMetrics]:
    random = stream(seed, "metrics", symbol.venue, symbol.symbol, day=day)
    interest = symbol.volume * 1000 * np.exp(np.cumsum(random.standard_normal(_ROWS)) * 0.002)
    ratios = np.exp(random.standard_normal((4, _ROWS)) * 0.2)
    size = symbol.contract_size or symbol.price
    blank = random.integers(0, _ROWS, 3) if day % _BLANK_EACH == 0 else ()
    for at in range(_ROWS):
        values = [
            f"{interest[at]:.{_EIGHT}f}",
            f"{interest[at] * size:.{_TEN}f}",
            *(f"{ratio:.{_EIGHT}f}" for ratio in ratios[:, at]),
        ]
        given = (None if at in blank and number == 2 + at % 4 else value for number, value in enumerate(values))
        yield GeneratedMetrics(day * DAY_MS + at * _STEP_MS, tuple(given))
