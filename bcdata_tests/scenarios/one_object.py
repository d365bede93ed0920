"""A world in which one object of a month is broken: which, how, how it is run, and what must come of it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl

from bcdata.frames.schema import LEDGER, merged_bar
from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Rows, csv_of, day_key, zipped
from bcdata_tests.run import Lake, tree, utc
from bcdata_tests.scenarios.breakage import LIES, SMALL_LIES, WAYS, Cost, Way
from bcdata_tests.scenarios.month import (
    CATALOG,
    DAYS,
    INTERVAL,
    MONTH,
    MONTH_NAME,
    SYMBOL,
    D,
    all_rows,
    bars_of,
    missing,
    put_controls,
    walk,
    wrong,
)
from bcdata_tests.world import World

LATER = utc("2025-03-01")
MONTH_KEY = f"data/spot/monthly/klines/{SYMBOL}/{INTERVAL}/{MONTH_NAME}.zip"
CONTROLS = "controls"
BY_DAY = CATALOG.replace("grain: month", "grain: day").replace(f"start: {MONTH}", f"start: {MONTH}-01")
MONTHS_FIRST = CATALOG.rstrip() + "\n    monthly_replaces_daily: true\n"
WEEK = DAYS[8:15]
"""The days that are run where partitions are days: a partition of a month costs no more than one of them."""


@dataclass
class Scenario:
    """One world: the true rows, which object is broken and how, and which objects the archive lists in the end."""

    world: World
    way: Way
    target: str
    """The day whose object is broken, or the month."""
    has_month: bool = True
    monthly_controls: bool = True
    absent: frozenset[str] = frozenset()
    catalog: str = CATALOG
    refill: bool = False
    is_healed: bool = False
    """Whether the broken object was published again, whole."""
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    days: dict[str, list[list[str]]] = field(default_factory=lambda: walk(1))

    @classmethod
    def of(cls, world: World, seed: int) -> "Scenario":
        """Any one object, broken in any way, among any others."""
        dice = random.Random(seed)
        catalog = dice.choice([CATALOG, CATALOG, CATALOG, BY_DAY, MONTHS_FIRST])
        absent = frozenset(dice.sample(DAYS, dice.choice([0, 0, 0, 1, 4])))
        has_month = dice.choice([True, True, False])
        days = [day for day in (WEEK if catalog is BY_DAY else DAYS) if day not in absent]
        target = MONTH if has_month and dice.choice([True, False]) else dice.choice(days)
        # A small lie of the month shows only beside all of its days.
        small = SMALL_LIES if target == MONTH and not absent and catalog is CATALOG else ()
        return cls(
            world,
            dice.choice([*WAYS, *small, *small, *small]),
            target,
            has_month,
            dice.choice([True, False]),
            absent,
            catalog,
            dice.choice([True, False]),
            dice=dice,
            days=walk(seed, price=10 ** dice.uniform(0.5, 4)),
        )

    @property
    def dates(self) -> list[str]:
        """The partitions that are run."""
        return WEEK if self.catalog is BY_DAY else [MONTH]

    @property
    def objects(self) -> list[str]:
        """All that the archive lists in the end, in the order of time."""
        return [CONTROLS, *(day for day in DAYS if day not in self.absent), *([MONTH] if self.has_month else [])]

    def know(self) -> None:
        """Tells REST the truth."""
        for day, rows in self.days.items():
            self.world.truth.put_day(SYMBOL, day, rows, interval=INTERVAL)
        put_controls(self.world.truth, self.days, monthly=False)

    def put(self, *which: str) -> None:
        """Publishes objects of days or of the month, or the control bars."""
        for one in which:
            if one == CONTROLS:
                put_controls(self.world.mirror, self.days, monthly=self.monthly_controls)
            elif one == MONTH:
                self._put(MONTH_KEY, MONTH_NAME, all_rows(self.days), is_target=self.target == MONTH)
            else:
                key, name = day_key(SYMBOL, one, interval=INTERVAL), f"{SYMBOL}-{INTERVAL}-{one}"
                self._put(key, name, self.days[one], is_target=self.target == one)

    def _put(self, key: str, name: str, rows: Rows, *, is_target: bool) -> None:
        if not is_target or self.is_healed:
            self.world.mirror.put(key, zipped(f"{name}.csv", csv_of(rows)))
            return
        broken = self.way.build(name, rows, self.dice)
        self.world.mirror.put(key, broken.body, checksum=broken.checksum or None, with_checksum=broken.checksum != "")

    def heal(self) -> None:
        """Publishes the broken object again, whole."""
        self.is_healed = True
        self.put(self.target)

    def lake(self, name: str) -> Lake:
        """A lake of this world at an instant when all is due."""
        return self.world.lake(self.catalog, now=LATER, name=name)

    @property
    def held_back(self) -> frozenset[str]:
        """The day that is a partition of its own and of which nothing sound is left: what stood there before stays."""
        is_lost = self.way.cost is Cost.OBJECT and not self.is_healed and not self.refill and not self.has_month
        return frozenset({self.target}) if self.catalog is BY_DAY and is_lost else frozenset()

    def run(self, lake: Lake, now: datetime = LATER) -> None:
        """All partitions through to merged; each that has begun is published, but for a day that nobody has sound."""
        dates = [date for date in self.dates if lake.catalog[D].grain.window(date).start < now]
        if dates:
            at = replace(lake, now=now)
            ran = at.materialize(D, SYMBOL, dates[0], dates[-1], refill=self.refill, until=Zone.MERGED)
            # By day a broken month that came before its days leaves none of them anything sound.
            which = "" if self.target == MONTH else f"{self.target}: "
            may_be_held = self.catalog is BY_DAY
            held = [one for one in ran.troubles if which in one and "held back: " in one] if may_be_held else []
            assert [one for one in ran.troubles if one not in held] == [], self

    def schedule(self) -> Iterator[tuple[list[str], datetime]]:
        """The objects in groups, with the instant of the run after each: as they are published, or in any order."""
        order, in_time = self.objects, self.dice.choice([True, True, False])
        if not in_time:
            self.dice.shuffle(order)
        cuts = sorted(self.dice.sample(range(1, len(order)), self.dice.randrange(1, 5)))
        for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
            group = order[start:end]
            yield group, _published_by(group) if in_time else LATER

    def frame(self, lake: Lake, zone: str = "merged") -> pl.DataFrame:
        """What a zone has of all partitions; an empty frame before the first of them is run."""
        frames = [lake.bars(D, SYMBOL, date, zone) for date in self.dates if date not in self.held_back]
        return pl.concat([_NOTHING[zone], *(frame for frame in frames if frame is not None)])

    @property
    def truth(self) -> dict[datetime, object]:
        """The true bars of the partitions that are run, by their open (UTC)."""
        inside = set(DAYS if self.catalog is not BY_DAY else WEEK) - self.held_back
        return dict(bars_of(all_rows({day: rows for day, rows in self.days.items() if day in inside})))

    @property
    def sound_days(self) -> set[str]:
        """Days that an object has which is whole, and which the policy reads whatever the others hold."""
        is_sound = self.is_healed or self.way.cost is Cost.NOTHING
        days = {day for day in DAYS if day not in self.absent and (day != self.target or is_sound)}
        if self.has_month and (self.target != MONTH or is_sound):
            return set(DAYS)
        # Months first reads only those days of which the month's object lacks bars: not those that it has wrong.
        return set() if self.has_month and self.catalog is MONTHS_FIRST and self.way in LIES else days

    def check(self, lake: Lake) -> None:
        """What is published is true, sound days are whole, and the ledger has the rest with a reason that is true."""
        truth, frame = self.truth, self.frame(lake)
        assert wrong(frame, truth) == [], self
        gone = list(missing(frame, truth))
        assert not (self.refill and gone), self
        assert [at for at in gone if str(at.date()) in self.sound_days] == [], self
        ledger = self.ledger(lake)
        assert int(ledger["bars"].sum()) == len(gone), self
        assert set(ledger["status"]) <= {"open", "quarantined"}, self

    def ledger(self, lake: Lake) -> pl.DataFrame:
        """What the ledger says of bars that are missing now."""
        return self.frame(lake, "gaps").filter(pl.col("status") != "refilled")

    def assert_same(self, one: Lake, other: Lake) -> None:
        """Equal lakes: bars and what is missing now; without answers and other versions, every byte of the zones.

        Raw may hold more where the policy leaves objects out: what was read before they came.
        """
        assert self.frame(one).equals(self.frame(other)), self
        assert self.ledger(one).equals(self.ledger(other)), self
        if not self.refill and not self.is_healed:
            most = () if self.catalog is CATALOG else ("raw",)
            assert self._zones(one, most) == self._zones(other, most), self

    def _zones(self, lake: Lake, but: tuple[str, ...]) -> dict[str, str]:
        """The digest of every file of the lake but those of quarantine, which is no zone, and of some zones."""
        held = tuple(f"/date={day}/" for day in self.held_back)
        return {
            name: digest
            for name, digest in tree(lake.root).items()
            if not name.startswith(("quarantine", *but)) and not any(one in name for one in held)
        }

    def __repr__(self) -> str:
        policy = {CATALOG: "by month", BY_DAY: "by day", MONTHS_FIRST: "months first"}[self.catalog]
        refill = "with REST" if self.refill else "without REST"
        month = "with the month" if self.has_month else "without the month"
        return f"<{self.way.name} in {self.target}; {policy}, {refill}, {month}, absent: {sorted(self.absent)}>"


def _published_by(group: list[str]) -> datetime:
    """Noon after the last day of a group; after the month's object, when all is due."""
    days = [one for one in group if one not in {MONTH, CONTROLS}]
    return LATER if MONTH in group else utc(max(days, default=DAYS[0])) + timedelta(hours=36 if days else 12)


_NOTHING = {"merged": pl.DataFrame(schema=merged_bar(funding=False)), "gaps": pl.DataFrame(schema=LEDGER)}
