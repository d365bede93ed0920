"""A made-up market: a symbol's bars, and all that its features may look at. Immutable; changes give another one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, cached_property

import numpy as np
import polars as pl

from bcdata.features.proofs.bars import FLOWS, ONE_MINUTE, PRICES, START, complete, hostile, whole_window
from bcdata.features.proofs.late import in_force, irregular, settlements, tardy
from bcdata.features.table.context import FeatureContext, Panel, panel
from bcdata.features.table.grid import IntArray
from bcdata.features.table.known import end_of, late_bars, latest
from bcdata.interval import SETTLEMENT_MINUTE, Interval
from bcdata.windows import Window

SYMBOL, REFERENCE = "AUSDT", "BTCUSDT"
MEMBERS = (SYMBOL, REFERENCE, "CUSDT", "DUSDT", "EUSDT", "FUSDT")
EXPLAINED = frozenset({"CUSDT", "EUSDT"})
"""Members whose missing bars the ledger explains; the others' have no reason."""

_STAYS = 0.7
_SETTLED = pl.col("time") + SETTLEMENT_MINUTE
_TIME = pl.col("open_time")


@dataclass(frozen=True)
class World:
    """One symbol among others.

    Attributes:
        name: Tells worlds apart: equal names, equal bars.
        members: Bars of the universe by symbol, the symbol's own and the reference's among them.
        sent: Settlements of the symbol as an exchange sends them: `time`, `funding_rate`. Their intervals follow.
        reference_sent: Those of the reference symbol.
        settled_from: Settlements before it are not there, though the intervals of later ones follow from them.
    """

    name: tuple[object, ...]
    members: Mapping[str, pl.DataFrame]
    sent: pl.DataFrame
    reference_sent: pl.DataFrame
    interval: Interval = ONE_MINUTE
    settled_from: datetime | None = None

    @property
    def bars(self) -> pl.DataFrame:
        """The symbol's own bars."""
        return self.members[SYMBOL]

    @property
    def reference(self) -> pl.DataFrame:
        """The reference symbol's bars."""
        return self.members[REFERENCE]

    @cached_property
    def funding(self) -> pl.DataFrame:
        """The symbol's settlements with the interval that was in force at each."""
        return in_force(self.sent, self.settled_from)

    @cached_property
    def reference_funding(self) -> pl.DataFrame:
        """The reference symbol's settlements with the interval that was in force at each."""
        return in_force(self.reference_sent, self.settled_from)

    @cached_property
    def around(self) -> FeatureContext:
        """What the symbol's features may look at besides its own bars."""
        return FeatureContext(
            symbol=SYMBOL,
            reference=self.reference,
            universe=self.panel,
            funding=self.funding,
            reference_funding=self.reference_funding,
        )

    def cut(self, instant: datetime) -> "World":
        """Nothing from the instant on."""
        return self._each(("cut", instant), lambda frame, time: frame.filter(pl.col(time) < instant))

    def known_by(self, instant: datetime) -> "World":
        """Nothing that was not known at the instant: what an exchange could have answered then."""

        def known(frame: pl.DataFrame, time: str) -> pl.DataFrame:
            return frame.filter((_SETTLED if time == "time" else self._known(frame)) <= instant)

        return self._each(("known by", instant), known)

    def since(self, instant: datetime, settlements: datetime | None = None) -> "World":
        """Nothing before the instant; settlements from another one on, if that is given."""
        own = self._each(
            ("since", instant, settlements),
            lambda frame, time: frame if time == "time" else frame.filter(pl.col(time) >= instant),
        )
        return replace(own, settled_from=settlements or instant)

    def lacking(self, instant: datetime) -> "World":
        """Without the bars that open then; settlements stay."""
        return self._each(
            ("lacking", instant), lambda frame, time: frame if time == "time" else frame.filter(~_TIME.eq(instant))
        )

    def changed(self, instant: datetime) -> "World":
        """All prices, flows and rates from the instant on are others, and some settlements are left out."""
        rng = np.random.default_rng(5)

        def moved(frame: pl.DataFrame, time: str) -> pl.DataFrame:
            names = ["funding_rate"] if time == "time" else [*PRICES, *FLOWS]
            later = pl.col(time) >= instant
            if time == "time":
                frame = frame.filter(~later | pl.Series(rng.random(frame.height) < _STAYS))
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

    def null_in(self, columns: frozenset[str]) -> "World":
        """The same market at a venue that does not have these columns: null on all bars of everybody."""

        def emptied(frame: pl.DataFrame, time: str) -> pl.DataFrame:
            names = () if time == "time" else sorted(columns & set(frame.columns))
            return frame.with_columns(pl.lit(None, dtype=frame[name].dtype).alias(name) for name in names)

        return self._each(("null in", columns), emptied)

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
            sent=change(self.sent, "time"),
            reference_sent=change(self.reference_sent, "time"),
        )

    def _known(self, frame: pl.DataFrame) -> pl.Expr:
        """When bars are known: as they say, or at their end."""
        return pl.col("known_at") if "known_at" in frame.columns else end_of(self.interval)

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
        late = [found for frame in self.members.values() if (found := late_bars(frame, self.interval))]
        explained = {name: reasons for name in closes if name in EXPLAINED}
        return panel(closes, opens, explained, latest(opens, late))

    def _opens(self) -> IntArray:
        """The grid over all members' days; which bars a member lacks there is for the panel to say."""
        found = [whole_window(frame) for frame in self.members.values() if frame.height]
        if not found:
            return np.empty(0, dtype=np.int64)
        window = Window(min(one.start for one in found), max(one.end for one in found))
        return self.interval.opens(window)


def _jittered(column: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The column times 1 to 1.001, and null now and then: that it is there may be all that counts."""
    noise = np.random.default_rng(3).uniform(1, 1.001, frame.height)
    kept = pl.int_range(pl.len()) % 1201 != 1200  # noqa: PLR2004
    return frame.with_columns(pl.when(kept).then(pl.col(column) * noise)) if column in frame.columns else frame


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
    """Flat runs, spikes, holes and outages of everybody, bars that end late; one member is listed late.

    Settlements are missing, and some come out of turn.
    """
    members = {name: hostile(days, seed=100 * seed + number) for number, name in enumerate(MEMBERS)}
    members["EUSDT"] = members["EUSDT"].filter(_TIME.ge(START + timedelta(hours=30, minutes=17)))
    members = {name: tardy(frame, ONE_MINUTE, seed + len(name)) for name, frame in members.items()}
    world = _around(("wild", days, seed), members, START, days, ONE_MINUTE)
    return replace(world, sent=irregular(world.sent, seed), reference_sent=irregular(world.reference_sent, seed + 1))


def _around(
    name: tuple[object, ...], members: Mapping[str, pl.DataFrame], start: datetime, days: int, interval: Interval
) -> World:
    # Off the hour, so that what looks at the end of an hour looks ahead.
    bounds = start - timedelta(days=40, minutes=-20), start + timedelta(days=days)
    return World(name, members, settlements(*bounds, 1), settlements(*bounds, 2), interval)
