"""A ticker that was used again for another asset: the time between the two is no outage."""

import json
from datetime import date

import pytest

from bcdata.bars.segments import is_price_break
from bcdata.evidence.reuse import EdgeBar, absences, reuse_reason
from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Rows, made_day
from bcdata_tests.run import ARCHIVE, Lake, tree, utc
from bcdata_tests.world import BY_DAY, BY_MONTH, D, World

SYMBOL = "BTCUSDT"
DAYS = [f"2025-01-{n:02}" for n in range(1, 8)]
GONE = DAYS[2:5]
"""Days without a bar; the last bar before opens at 09:59 of the second, the first after at 06:00 of the sixth."""
START, END = "2025-01-02T10:00:00+00:00", "2025-01-06T06:00:00+00:00"
LATE = utc("2025-03-10")
both_grains = pytest.mark.parametrize(
    ("catalog", "dates"), [(BY_MONTH, ["2025-01"]), (BY_DAY, DAYS)], ids=["by month", "by day"]
)


def days_of(price: int) -> dict[str, Rows]:
    """The days that have bars: before the absence at 100, after it at the given price."""
    found: dict[str, Rows] = {day: made_day(day) for day in DAYS[:2]}
    found |= {day: made_day(day, price=price) for day in DAYS[5:]}
    found[DAYS[1]] = found[DAYS[1]][:600]
    found[DAYS[5]] = found[DAYS[5]][360:]
    return found


def put(world: World, price: int, *, monthly: bool = False) -> None:
    """The days in the archive, by day or as one month, and in REST."""
    days = days_of(price)
    for day, rows in days.items():
        world.truth.put_day(SYMBOL, day, rows)
        if not monthly:
            world.mirror.put_day(SYMBOL, day, rows)
    if monthly:
        world.mirror.put_month(SYMBOL, "2025-01", [row for rows in days.values() for row in rows])


def reused(lake: Lake, dates: list[str]) -> list[tuple[str, str]]:
    """The windows that raw's evidence calls the time between two instruments, joined over partitions."""
    assert lake.materialize(D, SYMBOL, dates[0], dates[-1], until=Zone.MERGED).troubles == []
    found: list[tuple[str, str]] = []
    for key in dates:
        path = lake.root / f"raw/{ARCHIVE}/{D}/symbol={SYMBOL}/date={key}/manifest.json"
        for one in json.loads(path.read_text())["evidence"].get("reused", []):
            assert one["status"] == "delisted"
            if found and found[-1][1] == one["start"]:
                found[-1] = (found[-1][0], one["end"])
            else:
                found.append((one["start"], one["end"]))
    return found


@pytest.mark.one_in(6, slow=2)
@both_grains
@pytest.mark.parametrize("monthly", [False, True], ids=["daily", "monthly"])
def test_the_time_between_two_instruments_is_delisted(
    world: World, catalog: str, dates: list[str], *, monthly: bool
) -> None:
    put(world, 900, monthly=monthly)
    lake = world.lake(catalog, now=LATE)
    assert reused(lake, dates) == [(START, END)]
    before = tree(lake.root)
    assert reused(lake, dates) == [(START, END)]
    assert tree(lake.root) == before, "the same again is the same"
    ledger = lake.ledger(D, SYMBOL, *dates)
    inside = ledger.filter((ledger["start"] >= utc("2025-01-02T10:00")) & (ledger["end"] < utc("2025-01-06T06:00")))
    assert set(inside["status"]) == {"delisted"}
    assert int(inside["bars"].sum()) == 3 * 1440 + 840 + 360
    words = inside["evidence"].to_list()
    assert all(one.startswith("the ticker was used again: its bars end at 2025-01-02 10:00 at 1") for one in words)


@pytest.mark.one_in(6, slow=2)
@both_grains
@pytest.mark.parametrize("price", [100, 105])
def test_a_relisting_is_none(world: World, catalog: str, dates: list[str], price: int) -> None:
    put(world, price)
    assert reused(world.lake(catalog, now=LATE), dates) == []


@pytest.mark.one_in(6, slow=2)
@both_grains
def test_an_absence_of_which_rest_has_bars_is_none(world: World, catalog: str, dates: list[str]) -> None:
    put(world, 900)
    for day in GONE:
        world.truth.put_day(SYMBOL, day, made_day(day))
    lake = world.lake(catalog, now=LATE)
    assert reused(lake, dates) == []
    assert {"delisted"}.isdisjoint(lake.ledger(D, SYMBOL, *dates)["status"])


@pytest.mark.one_in(6, slow=2)
@both_grains
def test_nothing_is_said_while_rest_cannot_be_asked(world: World, catalog: str, dates: list[str]) -> None:
    put(world, 900)
    down = world.add("/spot/api/v3/klines", "status", status=451)
    lake = world.lake(catalog, now=LATE)
    assert reused(lake, dates) == []
    world.exchange.remove(down)
    assert reused(lake, dates) == [(START, END)]


@both_grains
def test_where_rest_is_no_source_the_archive_decides(world: World, catalog: str, dates: list[str]) -> None:
    put(world, 900)
    alone = catalog.replace("[binance_archive, binance_rest]", "[binance_archive]")
    assert reused(world.lake(alone, now=LATE), dates) == [(START, END)]


@both_grains
def test_files_of_another_interval_in_between_show_that_it_was_traded(
    world: World, catalog: str, dates: list[str]
) -> None:
    put(world, 900)
    for day in GONE:
        world.mirror.put_day(SYMBOL, day, made_day(day)[::5], interval="5m")
    alone = catalog.replace("[binance_archive, binance_rest]", "[binance_archive]")
    assert reused(world.lake(alone, now=LATE), dates) == []


def test_absences() -> None:
    days = [date(2025, 1, n) for n in (1, 2, 4, 5, 9)]
    assert absences(days) == [(days[1], days[2]), (days[3], days[4])]
    assert absences([]) == []


@pytest.mark.parametrize(
    ("hours", "price", "is_reuse"),
    [
        (48, 111.0, True),
        (48, 109.0, False),
        (24, 111.0, False),
        (24, 301.0, True),
        (24, 33.0, True),
        (5000, 100.0, False),
    ],
)
def test_the_break_in_price_is_that_of_segments(hours: int, price: float, *, is_reuse: bool) -> None:
    last, first = (
        EdgeBar(utc("2025-01-01"), 100.0),
        EdgeBar(utc("2025-01-01") + hours * (utc("2025-01-01T01") - utc("2025-01-01")), price),
    )
    assert bool(reuse_reason(last, first)) == is_reuse == is_price_break(first.at - last.at, price / 100)
