"""By day and by month the same bars are published, over the same objects, however these are broken."""

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl
import pytest

from bcdata.healing.republished import look
from bcdata.pipeline.records.manifests import read_manifest
from bcdata.pipeline.zones import Zone
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import Rows, coarse, csv_of, day_key, made_day, zipped
from bcdata_tests.run import ARCHIVE, Lake
from bcdata_tests.scenarios.breakage import WAYS
from bcdata_tests.scenarios.month import CATALOG, DAYS, INTERVAL, MONTH, SYMBOL, D, all_rows, walk
from bcdata_tests.scenarios.one_object import BY_DAY, CONTROLS, LATER, MONTH_KEY, MONTH_NAME, WEEK, Scenario
from bcdata_tests.world import BY_DAY as MINUTES_BY_DAY
from bcdata_tests.world import BY_MONTH as MINUTES_BY_MONTH
from bcdata_tests.world import D as MINUTES
from bcdata_tests.world import World

SEEDS = range(int(os.environ.get("BCDATA_CAMPAIGN_SEEDS", "8")))
DAY = "2025-01-11"
Change = Callable[[list[list[str]]], Sequence[Sequence[str]]]


def bars(lake: Lake, dataset: str, dates: Sequence[str]) -> pl.DataFrame:
    frames = [lake.bars(dataset, SYMBOL, date) for date in dates]
    there = pl.concat(frame for frame in frames if frame is not None)
    return there.filter(pl.col("open_time").dt.date().cast(pl.String).is_in([*WEEK, DAY])).sort("open_time")


def break_some(scenario: Scenario) -> str:
    """Breaks several days of the week, and the month's object or some of its days; says which."""
    dice, said = scenario.dice, []
    for day in dice.sample(WEEK, 4):
        way = dice.choice(WAYS)
        name = f"{SYMBOL}-{INTERVAL}-{day}"
        broken = way.build(name, [list(one) for one in scenario.days[day]], dice)
        scenario.world.mirror.put(day_key(SYMBOL, day, interval=INTERVAL), broken.body, checksum=broken.checksum)
        said.append(f"{way.name} in {day}")
    rows = [list(one) for one in all_rows(scenario.days)]
    broken = dice.choice(WAYS).build(MONTH_NAME, rows, dice) if dice.random() < 0.3 else None
    if broken is None:
        bad = set(dice.sample(range(len(rows)), dice.choice([0, 0, 100, 500])))
        rows = [[one[0], f"-{one[1]}", *one[2:]] if at in bad else one for at, one in enumerate(rows)]
        said.append(f"{len(bad)} bad rows in the month")
    body = broken.body if broken else zipped(f"{MONTH_NAME}.csv", csv_of(rows))
    scenario.world.mirror.put(MONTH_KEY, body)
    return "; ".join(said)


@pytest.mark.one_in(8)
@pytest.mark.parametrize("seed", SEEDS)
def test_any_broken_objects_give_the_same_bars(world: World, seed: int) -> None:
    scenario = Scenario(world, WAYS[0], "none", dice=random.Random(seed), days=walk(seed))
    scenario.put(CONTROLS, *DAYS, MONTH)
    said = break_some(scenario)
    by_day = world.lake(BY_DAY, now=LATER, name="by-day")
    by_day.materialize(D, SYMBOL, WEEK[0], WEEK[-1], refill=False, until=Zone.MERGED)
    by_month = world.lake(CATALOG, now=LATER, name="by-month")
    by_month.materialize(D, SYMBOL, MONTH, refill=False, until=Zone.MERGED)
    month = bars(by_month, D, [MONTH]).filter(pl.col("open_time").dt.date().cast(pl.String).is_in(WEEK))
    assert bars(by_day, D, WEEK).equals(month), said


def times_ten(rows: list[list[str]]) -> Sequence[Sequence[str]]:
    """An hour of another market, consistent in itself."""
    scale = [1, 2, 3, 4, 7, 10]
    wrong = [[f"{float(cell) * 10:.8f}" if at in scale else cell for at, cell in enumerate(one)] for one in rows]
    return [*rows[:60], *wrong[60:120], *rows[120:]]


def bad_row(rows: list[list[str]]) -> Sequence[Sequence[str]]:
    return [*rows[:7], [rows[7][0], f"-{rows[7][1]}", *rows[7][2:]], *rows[8:]]


def out_of_range(rows: list[list[str]]) -> Sequence[Sequence[str]]:
    """A row with the stamp of another day: as many rows as a day has."""
    at = str(int(rows[7][0]) + 5 * 86_400_000_000)
    return [*rows[:7], [at, *rows[7][1:]], *rows[8:]]


def joined(rows: list[list[str]]) -> Sequence[Sequence[str]]:
    """Two rows in one line, and a row of the next day's first minute in their place."""
    return [*rows[:7], [*rows[7][:11], rows[7][11] + rows[8][0], *rows[8][1:]], *rows[9:]]


def put_minutes(world: World, change: Change, month: Rows | None = None) -> Rows:
    rows = made_day(DAY)
    whole = month or [row for day in DAYS for row in made_day(day, minutes=1440 if day == DAY else 5)]
    world.mirror.put_day(SYMBOL, DAY, change(rows))
    world.mirror.put_month(SYMBOL, MONTH, whole)
    world.mirror.put_day(SYMBOL, DAY, coarse(rows), interval="1h")
    world.mirror.put_day(SYMBOL, DAY, coarse(rows, 1440), interval="1d")
    return rows


def minutes(lake: Lake, date: str) -> pl.DataFrame:
    lake.materialize(MINUTES, SYMBOL, date, refill=False, until=Zone.MERGED)
    return bars(lake, MINUTES, [date]).filter(pl.col("open_time").dt.date().cast(pl.String) == DAY)


def news_for(lake: Lake) -> set[str]:
    """The dates that the sensor for republished objects would ask for."""
    found = look(Store(lake.root), lake.catalog[MINUTES], [SYMBOL], lake.now, seconds=30)
    assert found.errors == []
    return {date for _, date in found.cells}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("change", [times_ten, bad_row, out_of_range, joined, lambda rows: rows[:-1]])
def test_minutes_that_are_set_aside_by_day_come_from_the_month(world: World, change: Change) -> None:
    put_minutes(world, change)
    by_day = minutes(world.lake(MINUTES_BY_DAY, name="by-day"), DAY)
    assert by_day.height == 1440
    assert by_day.equals(minutes(world.lake(MINUTES_BY_MONTH, name="by-month"), MONTH))


def test_a_month_of_which_most_is_bad_is_not_believed_by_day_either(world: World) -> None:
    others = [row for day in DAYS if day != DAY for row in made_day(day, minutes=200)]
    bad = [[one[0], f"-{one[1]}", *one[2:]] for one in others]
    put_minutes(world, lambda rows: rows[:-1], [*bad, *made_day(DAY)])
    by_day = minutes(world.lake(MINUTES_BY_DAY, name="by-day"), DAY)
    assert by_day.height == 1439
    assert by_day.equals(minutes(world.lake(MINUTES_BY_MONTH, name="by-month"), MONTH))


def test_a_sound_day_is_judged_once_and_read_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put_minutes(world, lambda rows: rows)
    lake = world.lake(MINUTES_BY_DAY)
    minutes(lake, DAY)
    store, raw = Store(lake.root), Partition("raw", MINUTES, SYMBOL, DAY, ARCHIVE)
    manifest = read_manifest(store, raw) or {}
    assert [one["date"] for one in manifest["objects"]] == [DAY]
    assert manifest["days_alone"]["is_whole"] is True
    monkeypatch.setattr("bcdata.pipeline.choosing.days_alone.audit_objects", None)
    assert lake.materialize(MINUTES, SYMBOL, DAY, refill=False, until=Zone.MERGED).ok
    assert news_for(lake) == set()


def test_without_a_month_nothing_is_judged_and_when_it_comes_it_is_as_in_a_fresh_lake(world: World) -> None:
    put_minutes(world, bad_row)
    key = f"data/spot/monthly/klines/{SYMBOL}/1m/{SYMBOL}-1m-{MONTH}.zip"
    body = (world.mirror.root / key).read_bytes()
    world.mirror.remove(key)
    followed = world.lake(MINUTES_BY_DAY, name="followed")
    assert minutes(followed, DAY).height == 1439
    assert news_for(followed) == set()
    world.mirror.put(key, body)
    assert news_for(followed) == {DAY}
    assert minutes(replace(followed), DAY).height == 1440
    assert minutes(world.lake(MINUTES_BY_DAY, name="fresh"), DAY).equals(bars(followed, MINUTES, [DAY]))
    assert news_for(followed) == set()


def test_a_control_that_comes_later_may_call_for_the_month(world: World) -> None:
    put_minutes(world, times_ten)
    for interval in ("1h", "1d"):
        world.mirror.remove(day_key(SYMBOL, DAY, interval=interval))
    lake = world.lake(MINUTES_BY_DAY)
    lake.materialize(MINUTES, SYMBOL, DAY, refill=False, until=Zone.MERGED)
    put_minutes(world, times_ten)
    by_day = minutes(lake, DAY)
    assert by_day.height == 1440
    assert by_day.equals(minutes(world.lake(MINUTES_BY_MONTH, name="by-month"), MONTH))
