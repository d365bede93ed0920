"""Which objects a partition is made of follows from what is in force and the catalog, not from how the lake grew."""

import pytest

from bcdata.pipeline.choosing.policy import Policy, first_choice, second_choice
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.providers.base import BulkObject
from bcdata_tests.mirror import day_key, made_day
from bcdata_tests.pipeline.honest import bars_of
from bcdata_tests.pipeline.in_force import (
    DAYS,
    MONTH,
    day,
    month,
    names,
    news_for,
    put_days,
    put_month,
    rows,
    run,
    said,
    touch,
)
from bcdata_tests.run import ARCHIVE, tree, utc
from bcdata_tests.world import BY_DAY, BY_MONTH, World

MONTHS_FIRST = BY_MONTH.replace("sources", "monthly_replaces_daily: true\n    sources")
MONTHS_ALONE = BY_MONTH.replace("sources", "archive: [monthly]\n    sources")
NAME = "BTCUSDT-1m-2025-01"


def test_all_days_and_their_month_are_read(world: World) -> None:
    """The state in which the archive normally is: days listed the next day, and a later month with stale rows."""
    put_days(world)
    put_month(world, month(d05=day("2025-01-05", price=500)))
    lake = world.lake(BY_MONTH)
    ran = run(lake)
    assert names(lake) == [*DAYS, MONTH]
    assert rows(lake) == bars_of(month())
    assert ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE)["daily_monthly_disagree"] == 60
    assert "not_reconciled" not in said(ran)


@pytest.mark.one_in(8, slow=2)
@pytest.mark.parametrize("catalog", [BY_MONTH, MONTHS_FIRST, MONTHS_ALONE], ids=["all", "months first", "months alone"])
def test_a_lake_that_was_followed_day_by_day_ends_in_the_bytes_of_a_fresh_one(world: World, catalog: str) -> None:
    followed = world.lake(catalog, name="followed")
    for at, name in enumerate(DAYS):
        world.mirror.put_day("BTCUSDT", name, day(name))
        if at % 10 == 0:
            run(followed)
    run(followed)
    put_month(world, month(d05=day("2025-01-05", price=500), d31=day("2025-01-31")[:-7]))
    run(followed)
    fresh = world.lake(catalog, name="fresh")
    run(fresh)
    assert rows(followed) == rows(fresh)
    assert names(followed) == names(fresh)
    zones = ("parsed/", "merged/", "gaps/")
    old, new = (
        {path: sha for path, sha in tree(one.root).items() if path.startswith(zones)} for one in (followed, fresh)
    )
    assert old == new


def test_months_first_reads_what_the_month_lacks_and_what_is_newer(world: World) -> None:
    put_days(world, minutes=1440)
    for name in DAYS:
        touch(world.mirror.root / day_key("BTCUSDT", name), "2025-02-02")
    put_month(world, month(1440, d05=[], d06=day("2025-01-06"), d07=day("2025-01-07", price=101, minutes=1440)))
    touch(world.mirror.root / day_key("BTCUSDT", "2025-01-09"), "2025-02-11")
    lake = world.lake(MONTHS_FIRST)
    ran = run(lake)
    assert names(lake) == ["2025-01-05", "2025-01-06", "2025-01-09", MONTH]
    assert said(ran)["not_reconciled"] == 4
    assert "28 daily objects were not compared" in ran.of(Zone.RAW, ARCHIVE)["BTCUSDT", MONTH].verdict.summary()
    assert len(rows(lake)) == 31 * 1440


def test_a_month_that_cannot_be_read_gives_way_to_its_days(world: World) -> None:
    put_days(world)
    touch(world.mirror.put(f"data/spot/monthly/klines/BTCUSDT/1m/{NAME}.zip", b"not a zip"), "2025-02-10")
    lake = world.lake(MONTHS_FIRST)
    run(lake)
    assert names(lake) == [*DAYS, MONTH]


def test_months_alone_say_that_they_were_not_reconciled(world: World) -> None:
    put_days(world)
    put_month(world, month())
    lake = world.lake(MONTHS_ALONE)
    ran = run(lake)
    assert names(lake) == [MONTH]
    assert said(ran)["not_reconciled"] == 1
    assert set(run(lake).states) == {State.UNCHANGED}
    assert said(run(lake))["not_reconciled"] == 1, "it is said every time"


def test_what_has_one_kind_of_file_alone_is_not_said_to_be_unreconciled(world: World) -> None:
    catalog = BY_MONTH.replace("spot_klines_1m", "spot_klines_1w").replace(
        "log_ret_1, ret_vol_z, rsi_14, log_ret_1440", "log_ret_1"
    )
    world.mirror.put_month("BTCUSDT", MONTH, made_day("2025-01-06", minutes=1), interval="1w")
    lake = world.lake(catalog)
    ran = lake.materialize("spot_klines_1w", "BTCUSDT", MONTH, until=Zone.RAW)
    assert said(ran) == {}


def test_a_change_of_the_catalog_reads_other_objects_and_fetches_none_twice(world: World) -> None:
    put_days(world)
    put_month(world, month())
    run(world.lake(BY_MONTH))
    first = world.lake(MONTHS_FIRST.replace("start", "publication: {daily: 1d}\n    start"))
    fetched = [run(first).fetched]
    alone = world.lake(MONTHS_ALONE)
    fetched.append(run(alone).fetched)
    assert (names(alone), names(alone, "unread")) == ([MONTH], DAYS)
    back = world.lake(BY_MONTH)
    fetched.append(run(back).fetched)
    assert (names(back), names(back, "unread")) == ([*DAYS, MONTH], [])
    assert fetched == [0, 0, 0]


@pytest.mark.parametrize("minutes", [1440, 60], ids=["whole", "incomplete"])
def test_by_day_the_month_is_read_where_the_day_is_not_whole(world: World, minutes: int) -> None:
    name = "2025-01-02"
    world.mirror.put_day("BTCUSDT", name, day(name, minutes=minutes))
    put_month(world, month(1440, d02=day(name, price=300, minutes=1440)))
    lake = world.lake(BY_DAY)
    ran = run(lake, name)
    whole = minutes == 1440
    assert names(lake, date=name) == ([name] if whole else [MONTH, name][::-1])
    assert ("not_reconciled" in said(ran, name)) == whole
    assert len(rows(lake, name)) == 1440
    assert rows(lake, name)[:minutes] == bars_of(day(name, minutes=minutes))


def test_by_day_a_late_day_takes_the_place_of_its_month(world: World) -> None:
    name = "2025-01-02"
    put_month(world, month(1440))
    lake = world.lake(BY_DAY)
    run(lake, name)
    assert names(lake, date=name) == [MONTH]
    world.mirror.put_day("BTCUSDT", name, day(name, minutes=1440))
    run(lake, name)
    assert (names(lake, date=name), names(lake, "unread", name)) == ([name], [MONTH])
    fresh = world.lake(BY_DAY, name="fresh")
    run(fresh, name)
    assert tree(lake.root / "parsed") == tree(fresh.root / "parsed")


def test_a_month_that_comes_is_news_and_what_a_policy_leaves_out_is_none(world: World) -> None:
    put_days(world)
    everything, months = world.lake(BY_MONTH, name="all"), world.lake(MONTHS_FIRST, name="months")
    for lake in (everything, months):
        run(lake)
        assert news_for(lake) == set()
    put_month(world, month(1440))
    for lake in (everything, months):
        assert news_for(lake) == {MONTH}
        run(lake)
        assert news_for(lake) == set()


@pytest.mark.slow
def test_a_late_day_that_its_month_lacks_is_news_where_months_come_first(world: World) -> None:
    put_month(world, month(1440, d05=[]))
    lake = world.lake(MONTHS_FIRST)
    run(lake)
    assert news_for(lake) == set()
    touch(world.mirror.put_day("BTCUSDT", "2025-01-05", day("2025-01-05", minutes=1440)), "2025-02-01")
    touch(world.mirror.put_day("BTCUSDT", "2025-01-06", day("2025-01-06", minutes=1440)), "2025-02-01")
    assert news_for(lake) == {MONTH}
    run(lake)
    assert names(lake) == ["2025-01-05", MONTH]
    assert news_for(lake) == set()


def listed(date_key: str, when: int | None) -> BulkObject:
    period = "daily" if len(date_key) == 10 else "monthly"
    return BulkObject(
        f"x/{date_key}.zip", period, date_key, last_modified=None if when is None else utc(f"2025-02-{when:02}")
    )


@pytest.mark.parametrize(
    ("policy", "first", "second"),
    [
        (Policy.ALL, ["2025-01-01", "2025-01-02", "2025-01-03", "2025-01"], []),
        (Policy.MONTHS_FIRST, ["2025-01-02", "2025-01"], ["2025-01-03"]),
        (Policy.DAYS_FIRST, ["2025-01-01", "2025-01-02", "2025-01-03"], ["2025-01"]),
    ],
)
def test_the_policies(policy: Policy, first: list[str], second: list[str]) -> None:
    daily = [listed("2025-01-01", 2), listed("2025-01-02", 12), listed("2025-01-03", None)]
    monthly = listed("2025-01", 10)
    assert [one.date_key for one in first_choice(daily, monthly, policy)] == first
    lacking = {utc("2025-01-03").date()}
    assert [one.date_key for one in second_choice(daily, monthly, lacking, policy)] == second
    assert first_choice(daily, None, policy) == daily
    assert first_choice([], monthly, policy) == [monthly]
