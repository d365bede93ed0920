"""31 daily objects of a month and its month object; any one is broken in any way; runs come in any order.

Whatever is broken and whenever it was seen: no wrong bar is published, the sound objects' bars are, the rest is in the
ledger, and a lake built today has the bytes of one that was followed while the archive grew. `make campaign` runs
hundreds of seeds.
"""

import os

import pytest

from bcdata_tests.scenarios.breakage import HARMLESS, SMALL_LIES, WAYS, Way
from bcdata_tests.scenarios.month import MONTH, wrong
from bcdata_tests.scenarios.one_object import CONTROLS, Scenario
from bcdata_tests.world import World

SEEDS = range(int(os.environ.get("BCDATA_CAMPAIGN_SEEDS", "8")))
by_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)


@pytest.mark.slow
@pytest.mark.one_in(24, slow=16)
@pytest.mark.parametrize("target", ["2025-01-11", MONTH], ids=["a day", "the month"])
@by_way
def test_any_object_broken_in_any_way_costs_no_bar_that_another_has(world: World, way: Way, target: str) -> None:
    scenario = Scenario(world, way, target)
    scenario.put(*scenario.objects)
    lake = scenario.lake("fresh")
    scenario.run(lake)
    scenario.check(lake)


@pytest.mark.slow
@pytest.mark.one_in(24, slow=16)
@by_way
def test_a_day_that_no_other_object_has_is_filled_by_rest_or_in_the_ledger(world: World, way: Way) -> None:
    scenario = Scenario(world, way, "2025-01-11", has_month=False)
    scenario.know()
    scenario.put(*scenario.objects)
    lake = scenario.lake("fresh")
    for scenario.refill in (False, True):
        scenario.run(lake)
        scenario.check(lake)


def test_a_later_month_with_stale_rows_changes_no_bar(world: World) -> None:
    """31 days listed the next day, and a later month with ten stale rows: the state that the archive is normally in."""
    scenario = Scenario(world, SMALL_LIES[0], MONTH)
    *days, month = scenario.objects
    scenario.put(*days)
    followed = scenario.lake("followed")
    scenario.run(followed)
    scenario.put(month)
    scenario.run(followed)
    fresh = scenario.lake("fresh")
    scenario.run(fresh)
    scenario.check(fresh)
    scenario.assert_same(fresh, followed)


@pytest.mark.one_in(8)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_lake_that_was_followed_equals_one_that_is_built_in_the_end(world: World, seed: int) -> None:
    scenario = Scenario.of(world, seed)
    scenario.know()
    followed, has_controls = scenario.lake("followed"), False
    for group, now in scenario.schedule():
        scenario.put(*group)
        scenario.run(followed, now)
        has_controls |= CONTROLS in group
        if has_controls:
            assert wrong(scenario.frame(followed), scenario.truth) == [], scenario
    if seed % 3 == 0:
        scenario.heal()
    scenario.run(followed)
    scenario.check(followed)
    fresh = scenario.lake("fresh")
    scenario.run(fresh)
    scenario.check(fresh)
    scenario.assert_same(fresh, followed)


def test_there_are_many_ways() -> None:
    assert len({way.name for way in WAYS}) == len(WAYS) > 40 + len(HARMLESS)
