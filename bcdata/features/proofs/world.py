"""A made-up market: a symbol's bars, and all that its features may look at. Immutable; changes give another one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, cached_property

import numpy as np
import polars as pl

from bcdata.features.grid import IntArray, grid_opens
from bcdata.features.proofs.bars import FLOWS, ONE_MINUTE, PRICES, START, complete, hostile, whole_window
from bcdata.features.surroundings import Panel, Surroundings, panel
from bcdata.intervals import Interval
from bcdata.windows import Window

SYMBOL, REFERENCE = "AUSDT", "BTCUSDT"
MEMBERS = (SYMBOL, REFERENCE, "CUSDT", "DUSDT", "EUSDT", "FUSDT")
EXPLAINED = frozenset({"CUSDT", "EUSDT"})
"""Members whose missing bars the ledger explains; the others' have no reason."""

_HOUR = timedelta(hours=1)
_TIME = pl.col("open_time")


@dataclass(frozen=True)
class World:
    """One symbol among others.

    Attributes:
        name: Tells worlds apart: equal names, equal bars.
        members: Bars of the universe by symbol, the symbol's own and the reference's among them.
    """

    name: tuple[object, ...]
    members: Mapping[str, pl.DataFrame]
    funding: pl.DataFrame
    reference_funding: pl.DataFrame
    interval: Interval = ONE_MINUTE

    @property
    def bars(self) -> pl.DataFrame:
        """The symbol's own bars."""
        return self.members[SYMBOL]

    @property
    def reference(self) -> pl.DataFrame:
        """The reference symbol's bars."""
        return self.members[REFERENCE]

    @cached_property
    def around(self) -> Surroundings:
        """What the symbol's features may look at besides its own bars."""
        return Surroundings(
            symbol=SYMBOL,
            reference=self.reference,
            universe=self.panel,
            funding=self.funding,
            reference_funding=self.reference_funding,
        )

    def cut(self, instant: datetime) -> "World":
        """Nothing from the instant on."""
        return self._each(("cut", instant), lambda frame, time: frame.filter(pl.col(time) < instant))

    def since(self, instant: datetime, settlements: datetime | None = None) -> "World":
        """Nothing before the instant; settlements from another one on, if that is given."""

        def kept(frame: pl.DataFrame, time: str) -> pl.DataFrame:
            return frame.filter(pl.col(time) >= (settlements or instant if time == "time" else instant))

        return self._each(("since", instant, settlements), kept)

    def lacking(self, instant: datetime) -> "World":
        """Without the bars that open then; settlements stay."""
        return self._each(
            ("lacking", instant), lambda frame, time: frame if time == "time" else frame.filter(~_TIME.eq(instant))
        )

    def changed(self, instant: datetime) -> "World":
        """All prices, flows and rates from the instant on are others, and members leave the universe."""
        rng = np.random.default_rng(5)

        def moved(frame: pl.DataFrame, time: str) -> pl.DataFrame:
            names = ["funding_rate"] if time == "time" else [*PRICES, *FLOWS]
            later = pl.col(time) >= instant
            factors = {name: pl.Series(rng.uniform(0.5, 2, frame.height)) for name in names}
            return frame.with_columns(
                pl.when(later).then(pl.col(n) * f).otherwise(pl.col(n)) for n, f in factors.items()
            )

        return self._each(("changed", instant), moved)

    def scaled(self, symbols: tuple[str, ...], columns: tuple[str, ...], factor: float) -> "World":
        """The columns of these members times a factor."""
        members = {
            name: frame.with_columns(pl.col(columns) * factor) if name in symbols else frame
            for name, frame in self.members.items()
        }
        return replace(self, name=(*self.name, "scaled", symbols, columns, factor), members=members)

    def moved(self, name: str) -> "World":
        """The same market with one input (`close`, `close@reference`, `funding`) moved a little, and no other."""
        column, _, whose = name.partition("@")
        around, members = self.around, dict(self.members)
        if name == "funding":
            around = replace(around, funding=_jittered("funding_rate", self.funding))
        elif column == "funding":
            around = replace(around, reference_funding=_jittered("funding_rate", self.reference_funding))
        elif whose == "reference":
            around = replace(around, reference=_jittered(column, self.reference))
        elif whose == "universe":
            strangers = {one: _jittered(column, members[one]) for one in MEMBERS if one not in {SYMBOL, REFERENCE}}
            around = replace(around, universe=replace(self, members={**members, **strangers}).panel)
        else:
            members[SYMBOL] = _jittered(column, members[SYMBOL])
        other = replace(self, members=members, name=(*self.name, "moved", name))
        other.__dict__["around"] = around
        return other

    def without(self, symbol: str) -> "World":
        """The same market, whose universe has one member less."""
        members = {name: frame for name, frame in self.members.items() if name != symbol}
        return replace(self, name=(*self.name, "without", symbol), members=members)

    def shuffled(self) -> "World":
        """The same market, with its members in another order."""
        return replace(self, name=(*self.name, "shuffled"), members=dict(reversed(list(self.members.items()))))

    def _each(self, what: tuple[object, ...], change: Callable[[pl.DataFrame, str], pl.DataFrame]) -> "World":
        return replace(
            self,
            name=(*self.name, *what),
            members={name: change(frame, "open_time") for name, frame in self.members.items()},
            funding=change(self.funding, "time"),
            reference_funding=change(self.reference_funding, "time"),
        )

    @cached_property
    def panel(self) -> Panel:
        """The closes of all members, and where the lack of one is explained."""
        opens = self._opens()
        closes = {}
        for name, frame in self.members.items():
            closes[name] = np.full(opens.size, np.nan)
            times = frame["open_time"].to_physical().to_numpy()
            closes[name][np.searchsorted(opens, times)] = frame["close"].to_numpy()
        reasons = np.ones(opens.size, dtype=np.bool_)
        return panel(closes, opens, {name: reasons for name in closes if name in EXPLAINED})

    def _opens(self) -> IntArray:
        """The grid over all members' days; which bars a member lacks there is for the panel to say."""
        found = [whole_window(frame) for frame in self.members.values() if frame.height]
        if not found:
            return np.empty(0, dtype=np.int64)
        window = Window(min(one.start for one in found), max(one.end for one in found))
        return grid_opens(window, self.interval)


def _jittered(column: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The column times 1 to 1.001, and null now and then: that it is there may be all that counts."""
    noise = np.random.default_rng(3).uniform(1, 1.001, frame.height)
    kept = pl.int_range(pl.len()) % 1201 != 1200  # noqa: PLR2004
    return frame.with_columns(pl.when(kept).then(pl.col(column) * noise)) if column in frame.columns else frame


def settlements(start: datetime, end: datetime, seed: int) -> pl.DataFrame:
    """Settlements every eight hours, and for the last two days every four."""
    times, hours, rng = [], [], np.random.default_rng(seed)
    while start < end:
        times.append(start)
        hours.append(4 if end - start <= timedelta(days=2) else 8)
        start += hours[-1] * _HOUR
    return pl.DataFrame(
        {
            "time": pl.Series(times, dtype=pl.Datetime("us", "UTC")),
            "funding_rate": rng.normal(1e-4, 1e-4, len(times)),
            "interval_hours": pl.Series(hours, dtype=pl.Int64),
        }
    )


@cache
def calm(days: int = 5, seed: int = 0, *, interval: str = "1m", start: datetime = START) -> World:
    """Complete bars of everybody."""
    members = {
        name: complete(days, start=start, seed=100 * seed + number, interval=interval)
        for number, name in enumerate(MEMBERS)
    }
    return _around(("calm", days, seed, interval, start), members, start, days, Interval.parse(interval))


@cache
def wild(days: int = 6, seed: int = 0) -> World:
    """Flat runs, spikes, holes and outages of everybody; one member is listed late."""
    members = {name: hostile(days, seed=100 * seed + number) for number, name in enumerate(MEMBERS)}
    members["EUSDT"] = members["EUSDT"].filter(_TIME.ge(START + timedelta(hours=30, minutes=17)))
    return _around(("wild", days, seed), members, START, days, ONE_MINUTE)


def _around(
    name: tuple[object, ...], members: Mapping[str, pl.DataFrame], start: datetime, days: int, interval: Interval
) -> World:
    # Off the hour, so that what looks at the end of an hour looks ahead.
    bounds = start - timedelta(days=40, minutes=-20), start + timedelta(days=days)
    return World(name, members, settlements(*bounds, 1), settlements(*bounds, 2), interval)
