"""Histories of stocks and funds as a provider sends them, sound and with damage of each kind planted at random."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from bcdata.quality.damage.found import damage

Floats = npt.NDArray[np.float64]
Random = np.random.Generator
PRICES = ("open", "high", "low", "close")

HABITS = ((63, 0.002, 0.015), (126, 0.01, 0.03), (21, 0.002, 0.006), (250, 0.015, 0.08))
"""Sessions between payments, and the least and largest share of the price that they are."""


@dataclass
class Stock:
    """Prices adjusted for splits, and what the adjusted close takes off before each bar, `taken`."""

    days: npt.NDArray[np.datetime64]
    prices: dict[str, Floats]
    volume: Floats
    cash: Floats
    gains: Floats
    taken: Floats
    splits: list[tuple[int, float]] = field(default_factory=list)

    def copy(self) -> "Stock":
        prices = {name: one.copy() for name, one in self.prices.items()}
        return replace(
            self, prices=prices, volume=self.volume.copy(), cash=self.cash.copy(), gains=self.gains.copy(),
            taken=self.taken.copy(), splits=[*self.splits],
        )  # fmt: skip

    @property
    def share(self) -> Floats:
        """Payments as shares of the price before."""
        before = np.concatenate([[np.inf], self.prices["close"][:-1]])
        return (self.cash + self.gains) / before

    @property
    def paid(self) -> list[int]:
        return [int(row) for row in np.flatnonzero(self.cash + self.gains)]

    def bars(self, *, adjusted: bool = True) -> pl.DataFrame:
        factor = np.concatenate([np.cumprod((1 - self.taken)[::-1])[::-1][1:], [1.0]])
        columns = {name: one.astype(np.float32).astype(np.float64) for name, one in self.prices.items()}
        columns["volume"] = self.volume
        if adjusted:
            columns["adjusted_close"] = (columns["close"] * factor).astype(np.float32).astype(np.float64)
        days = pl.Series("day", self.days).cast(pl.Date)
        return pl.DataFrame({"at": days, "day": days, **columns})

    def actions(self) -> pl.DataFrame:
        rows = [("cash", self.days[row].item(), None, self.cash[row]) for row in np.flatnonzero(self.cash)]
        rows += [("capital_gain", self.days[row].item(), None, self.gains[row]) for row in np.flatnonzero(self.gains)]
        rows += [("split", self.days[row].item(), ratio, None) for row, ratio in self.splits]
        schema = {"kind": pl.String, "ex_session": pl.Date, "ratio": pl.Float64, "amount": pl.Float64}
        return pl.DataFrame(rows, schema, orient="row")

    def damage(self, *, adjusted: bool = True) -> pl.DataFrame:
        return damage(self.bars(adjusted=adjusted), self.actions())

    def rules(self, *, adjusted: bool = True) -> set[str]:
        return {*self.damage(adjusted=adjusted)["rule"]}


def stock(random: Random, *, bars: int = 500, is_fund: bool = False) -> Stock:
    """A sound history: moves with fat tails, regular payments that the price follows, now and then a split."""
    spread = random.uniform(0.007, 0.012) if is_fund else random.uniform(0.008, 0.03)
    day = np.datetime64("2020-01-02") + random.integers(0, 700)
    days = np.array([day + one for one in range(bars * 2) if np.is_busday(day + one)])[:bars]
    every, least, most = HABITS[random.integers(len(HABITS))]
    share = random.uniform(least, most)
    paid = np.zeros(bars)
    paid[np.arange(random.integers(5, min(every, bars - 5)), bars, every)] = share
    if random.random() < 0.3:
        paid[random.integers(5, bars - 5)] = random.uniform(0.04, 0.3)  # a special one
    moves = random.standard_t(4, bars) * spread / np.sqrt(2)
    gaps = random.standard_t(4, bars) * spread / 2.5 / np.sqrt(2)
    close, first = np.empty(bars), 10 ** random.uniform(0.3, 2.7)
    opened, cash, before = np.empty(bars), np.zeros(bars), first
    for row in range(bars):
        if row:
            cash[row] = _regular(paid[row] * before, cash[:row], special=paid[row] != share)
        opened[row] = (before - cash[row]) * np.exp(gaps[row])
        before = close[row] = opened[row] * np.exp(moves[row])
    beyond = np.abs(random.standard_t(4, (2, bars))) * spread / 3
    high, low = np.maximum(opened, close) * np.exp(beyond[0]), np.minimum(opened, close) * np.exp(-beyond[1])
    prices = {"open": opened, "high": high, "low": low, "close": close}
    volume = np.round(np.exp(random.normal(12, 0.6, bars)))
    if is_fund:
        prices, volume = dict.fromkeys(PRICES, close), np.zeros(bars)
        prices = {name: one.copy() for name, one in prices.items()}
        taken = cash / np.concatenate([[np.inf], close[:-1]])
        return Stock(days, prices, volume, cash, np.zeros(bars), taken)
    whole = Stock(days, prices, volume, cash, np.zeros(bars), cash / np.concatenate([[np.inf], close[:-1]]))
    for _ in range(random.integers(0, 3)):
        ratio = float(random.choice([2, 3, 4, 5, 7, 10, 20, 1.5, 0.1, 0.05, 0.2, 0.5]))
        whole.splits.append((int(random.integers(20, bars - 20)), ratio))
    return whole


def _regular(amount: float, before: Floats, *, special: bool) -> float:
    """The payment before, raised a little, as companies do."""
    known = before[before > 0]
    if special or not known.size or not amount:
        return amount
    return float(np.clip(amount, known[-1], known[-1] * 1.1)) if known[-1] < 3 * amount < 9 * known[-1] else amount


def unit_stretch(random: Random, sound: Stock) -> Stock:
    """A stretch in another unit, at either end or between."""
    found, bars = sound.copy(), sound.days.size
    first = int(random.integers(0, bars - 1))
    last = [bars, int(random.integers(first + 1, bars))][random.integers(2)]
    first = first or int(random.integers(1, bars - 1)) if last == bars else first
    factor = float(random.choice([100, 0.01, 1000, 0.001]))
    for name in PRICES:
        found.prices[name][first:last] *= factor
    if random.random() < 0.5:
        inside = slice(first + 1, last)
        found.cash[inside] *= factor
    return found


def unit_row(random: Random, sound: Stock) -> Stock:
    """A bar, or prices of one, in another unit."""
    found, row = sound.copy(), int(random.integers(1, sound.days.size))
    factor = float(random.choice([100, 0.01]))
    for name in [PRICES, ("close", "low"), ("open",), ("high",), ("close",)][random.integers(5)]:
        found.prices[name][row] *= factor
    return found


def unit_of_many(random: Random, sound: Stock) -> Stock:
    """Bars in another unit here and there."""
    found = sound.copy()
    rows = random.random(sound.days.size) < random.uniform(0.02, 0.3)
    for name in PRICES:
        found.prices[name][rows] *= 100
    return found


def unit_back(random: Random, sound: Stock) -> Stock:
    """A few bars that are off by another factor, which is not that of a split."""
    found, row = sound.copy(), int(random.integers(1, sound.days.size - 10))
    factor, last = float(random.choice([12, 0.08, 25])), row + int(random.integers(1, 9))
    for name in PRICES:
        found.prices[name][row:last] *= factor
    found.splits = []
    return found


def missing_split(random: Random, sound: Stock) -> Stock:
    """A split that some prices before it, or all, have not, or have twice; volumes alike."""
    found, bars = sound.copy(), sound.days.size
    ex = int(random.integers(30, bars - 10))
    ratio = float(random.choice([2, 3, 4, 5, 8, 15, 0.1, 0.25, 1.5, 0.5, 50]))
    found.splits = [(ex, ratio)]
    last = ex - int(random.choice([0, 0, 0, 1, 2, 5]))
    first = int(random.choice([0, 0, 0, last - 1, random.integers(0, last - 1)]))
    times = ratio if random.random() < 0.8 else 1 / ratio
    for name in PRICES:
        found.prices[name][first:last] *= times
    found.volume[first:last] /= times
    return found


def _some(random: Random, sound: Stock) -> int | None:
    rows = [row for row in sound.paid if row > 3]
    return int(random.choice(rows)) if rows else None


def told_size(factor: float) -> Callable[[Random, Stock], Stock]:
    """A payment that is told of in another unit, while the adjusted close has the right one."""

    def planted(random: Random, sound: Stock) -> Stock:
        found = sound.copy()
        if (row := _some(random, sound)) is not None:
            found.cash[row] *= factor
        return found

    return planted


def taken_size(factor: float) -> Callable[[Random, Stock], Stock]:
    """An adjusted close that takes off something else than what was paid."""

    def planted(random: Random, sound: Stock) -> Stock:
        found = sound.copy()
        if (row := _some(random, sound)) is not None:
            found.taken[row] = 1 - (1 - found.taken[row]) ** 2 if factor == 2 else found.taken[row] * factor
        return found

    return planted


def both_sizes(factor: float) -> Callable[[Random, Stock], Stock]:
    """All payments in another unit, in the adjusted close, too."""

    def planted(random: Random, sound: Stock) -> Stock:
        del random
        found = sound.copy()
        found.cash *= factor
        found.taken *= factor
        return found

    return planted


def phantom(random: Random, sound: Stock) -> Stock:
    """A payment that is told of again some days later."""
    found = sound.copy()
    row = _some(random, sound)
    if row is not None:
        again = row + int(random.integers(1, 9))
        if again < sound.days.size:
            found.cash[again] = found.cash[row] * float(random.choice([1, 1.03, 100]))
            found.taken[again] = found.taken[row]
    return found


def gains(random: Random, sound: Stock, *, twice: bool) -> Stock:
    """Payments of a fund that hold capital gains; taken off once, or twice."""
    found = sound.copy()
    for row in found.paid:
        if row and found.cash[row] / found.prices["close"][row - 1] > 0.03:
            found.gains[row] = found.cash[row] * random.uniform(0.7, 1)
            found.taken[row] = (found.cash[row] + found.gains[row] * twice) / found.prices["close"][row - 1]
    return found


def taken_for_nothing(random: Random, sound: Stock) -> Stock:
    """An adjusted close that takes something off where nothing was paid."""
    found = sound.copy()
    rows = [row for row in range(5, sound.days.size) if not sound.cash[row]]
    found.taken[int(random.choice(rows))] = random.uniform(0.003, 0.3)
    return found
