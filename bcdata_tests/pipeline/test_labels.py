"""Causes planted into an archive and its REST twin: the ledger names the planted one for every minute."""

from datetime import datetime, timedelta

import pytest

from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Mirror, Rows, coarse, day_key, made_day, moved
from bcdata_tests.pipeline.honest import MINUTE, assert_honest, bars_of, published
from bcdata_tests.run import Lake, utc
from bcdata_tests.world import BY_MONTH, D, World

SYMBOL = "BTCUSDT"
DAYS = tuple(f"2025-01-0{n}" for n in range(1, 6))
FIRST, DAY, LAST = DAYS[0], DAYS[2], DAYS[4]


def put(mirror: Mirror, days: dict[str, Rows]) -> None:
    for day, rows in days.items():
        mirror.put_day(SYMBOL, day, rows)
        mirror.put_day(SYMBOL, day, coarse(rows), interval="1h")


def cut(rows: Rows, first: int, after: int) -> Rows:
    return [*rows[:first], *rows[after:]]


def spoilt(rows: Rows, first: int, after: int) -> Rows:
    """Rows whose high lies below all other prices."""
    return [[*row[:2], "1.00000000", *row[3:]] if first <= n < after else row for n, row in enumerate(rows)]


@pytest.fixture
def days(world: World) -> dict[str, Rows]:
    """Five sound days of minutes and hours, in the archive and beyond REST alike."""
    days: dict[str, Rows] = {day: made_day(day) for day in DAYS}
    put(world.mirror, days)
    put(world.truth, days)
    return days


def minutes(lake: Lake, *dates: str) -> dict[datetime, str]:
    """Status by missing minute, refilled ones included."""
    rows = lake.ledger(D, SYMBOL, *dates).select("start", "bars", "status").iter_rows()
    return {start + n * MINUTE: status for start, bars, status in rows for n in range(bars)}


def span(day: str, first: int, after: int) -> dict[datetime, str]:
    return {utc(day) + n * MINUTE: "" for n in range(first, after)}


def run(lake: Lake, days: dict[str, Rows], *dates: str) -> dict[datetime, str]:
    """Materializes all five days; what is published is honest, and the ledger of these dates comes back."""
    assert lake.materialize(D, SYMBOL, FIRST, LAST, until=Zone.MERGED).troubles == []
    for day, rows in days.items():
        assert_honest(lake, SYMBOL, day, rows)
    return minutes(lake, *(dates or DAYS))


def is_all(found: dict[datetime, str], planted: dict[datetime, str], status: str) -> bool:
    return found == dict.fromkeys(planted, status)


@pytest.mark.slow  # `test_all_at_once` has one too
def test_an_outage(world: World, days: dict[str, Rows]) -> None:
    out = cut(days[DAY], 760, 840)
    put(world.mirror, {DAY: out})
    put(world.truth, {DAY: out})
    assert is_all(run(world.lake(), days), span(DAY, 760, 840), "upstream")


@pytest.mark.slow
def test_an_outage_over_midnight(world: World, days: dict[str, Rows]) -> None:
    out = {DAY: cut(days[DAY], 1400, 1440), DAYS[3]: cut(days[DAYS[3]], 0, 30)}
    put(world.mirror, out)
    put(world.truth, out)
    assert is_all(run(world.lake(), days), span(DAY, 1400, 1470), "upstream")


def test_minutes_cut_out_are_refilled_or_open(world: World, days: dict[str, Rows]) -> None:
    world.mirror.put_day(SYMBOL, DAY, cut(days[DAY], 100, 400))
    down = world.add("/spot/api", "status", status=500)
    lake = world.lake()
    assert is_all(run(lake, days), span(DAY, 100, 400), "open")
    world.exchange.remove(down)
    assert is_all(run(lake, days), span(DAY, 100, 400), "refilled")


@pytest.mark.slow
def test_a_deleted_file_is_refilled_or_open(world: World, days: dict[str, Rows]) -> None:
    world.mirror.remove(day_key(SYMBOL, DAY))
    down = world.add("/spot/api", "reset")
    lake = world.lake()
    assert is_all(run(lake, days), span(DAY, 0, 1440), "open")
    world.exchange.remove(down)
    assert is_all(run(lake, days), span(DAY, 0, 1440), "refilled")


@pytest.mark.slow
def test_a_deleted_file_of_a_day_with_an_outage(world: World, days: dict[str, Rows]) -> None:
    out = cut(days[DAY], 760, 840)
    put(world.mirror, {DAY: out})
    put(world.truth, {DAY: out})
    world.mirror.remove(day_key(SYMBOL, DAY))
    found = run(world.lake(), days)
    assert {at for at, status in found.items() if status == "upstream"} == span(DAY, 760, 840).keys()
    assert set(found.values()) == {"upstream", "refilled"}
    assert len(found) == 1440


def test_rows_in_quarantine(world: World, days: dict[str, Rows]) -> None:
    bad = spoilt(days[DAY], 300, 310)
    world.mirror.put_day(SYMBOL, DAY, bad)
    down = world.add("/spot/api", "status", status=451)
    lake = world.lake()
    assert is_all(run(lake, days), span(DAY, 300, 310), "quarantined")
    world.exchange.remove(down)
    assert is_all(run(lake, days), span(DAY, 300, 310), "refilled")
    (words,) = lake.ledger(D, SYMBOL, DAY)["evidence"]
    assert "filled from binance_rest" in words
    assert "the archive's row breaks the rule ohlc_bounds" in words


def test_a_quarantined_row_that_rest_lacks_is_asked_for_once(world: World, days: dict[str, Rows]) -> None:
    bad = spoilt(days[DAY], 300, 310)
    put(world.mirror, {DAY: cut(days[DAY], 300, 310)})
    world.mirror.put_day(SYMBOL, DAY, bad)
    world.truth.put_day(SYMBOL, DAY, cut(days[DAY], 300, 310))
    lake = world.lake()
    assert is_all(run(lake, days), span(DAY, 300, 310), "quarantined")
    world.exchange.clear()
    later = Lake(lake.root, lake.now + timedelta(days=9), lake.catalog)
    assert is_all(run(later, days), span(DAY, 300, 310), "quarantined")
    assert world.asked("/klines?") == []


def test_a_late_listing(world: World, days: dict[str, Rows]) -> None:
    for mirror in (world.mirror, world.truth):
        for day in DAYS[:2]:
            for interval in ("1m", "1h"):
                mirror.remove(day_key(SYMBOL, day, interval=interval))
        put(mirror, {DAY: days[DAY][557:]})
    assert is_all(run(world.lake(), days), span(FIRST, 0, 2 * 1440 + 557), "not_listed")


def test_a_listing_that_rest_told_wrong_at_first(world: World) -> None:
    """The archive's first file begins at midnight and so proves nothing; REST lies by a day, and later does not."""
    days: dict[str, Rows] = {day: made_day(day) for day in DAYS[2:]}
    for mirror in (world.mirror, world.truth):
        for day, rows in days.items():
            mirror.put_day(SYMBOL, day, rows)
    lie = world.add("/spot/api/v3/klines", "wrong_range")
    lake = world.lake()
    found = run(lake, days)
    assert is_all({at: found[at] for at in span(FIRST, 0, 1440)}, span(FIRST, 0, 1440), "not_listed")
    assert is_all({at: found[at] for at in span(DAYS[1], 0, 1440)}, span(DAYS[1], 0, 1440), "open")
    world.exchange.remove(lie)
    later = Lake(lake.root, lake.now + timedelta(days=2), lake.catalog)
    assert is_all(run(later, days), span(FIRST, 0, 2 * 1440), "not_listed")


@pytest.mark.slow
def test_a_first_month_of_minutes_deleted_while_its_hours_exist(world: World) -> None:
    """The archive has no minute of January; hours say that there was trading. It is open, or healed, never unlisted."""
    march = {day: moved(made_day("2025-01-01"), n) for n, day in ((31, "2025-02-01"), (32, "2025-02-02"))}
    january: dict[str, Rows] = {day: made_day(day) for day in ("2025-01-30", "2025-01-31")}
    put(world.mirror, {**january, **march})
    put(world.truth, {**january, **march})
    for day in january:
        world.mirror.remove(day_key(SYMBOL, day))
        world.truth.remove(day_key(SYMBOL, day))
    lake = world.lake(BY_MONTH)
    assert lake.materialize(D, SYMBOL, "2025-01", "2025-02", until=Zone.MERGED).troubles == []
    found = minutes(lake, "2025-01")
    assert {found[at] for at in span("2025-01-30", 0, 2 * 1440)} == {"open"}
    for day, rows in january.items():
        world.truth.put_day(SYMBOL, day, rows)
    later = Lake(lake.root, lake.now + timedelta(days=2), lake.catalog)
    assert later.materialize(D, SYMBOL, "2025-01", "2025-02", until=Zone.MERGED).troubles == []
    found = minutes(later, "2025-01")
    assert {found[at] for at in span("2025-01-30", 0, 2 * 1440)} == {"refilled"}
    assert published(later, SYMBOL, "2025-01") == bars_of([*january["2025-01-30"], *january["2025-01-31"]])


def test_a_delisting(world: World, days: dict[str, Rows]) -> None:
    end(world, days, at=DAY, minute=180)
    lake = world.lake()
    assert is_all(run(lake, days), span(DAY, 180, 1440 * 3), "delisted")
    assert "the exchange says BREAK" in lake.ledger(D, SYMBOL, LAST)["evidence"][0]


def test_a_symbol_that_is_halted_is_not_delisted_before_its_next_file_is_due(
    world: World, days: dict[str, Rows]
) -> None:
    end(world, days, at=DAY, minute=180)
    lake = world.lake(now=utc(f"{DAYS[3]}T12:00"))
    assert lake.materialize(D, SYMBOL, FIRST, DAYS[3], until=Zone.MERGED).troubles == []
    found = minutes(lake, *DAYS[:4])
    assert found.keys() == span(DAY, 180, 1440 + 720).keys()
    assert "delisted" not in found.values()


def test_minutes_cut_from_the_end_of_a_delisted_symbol_are_not_delisted(world: World, days: dict[str, Rows]) -> None:
    end(world, days, at=DAY, minute=180)
    world.mirror.put_day(SYMBOL, DAY, days[DAY][:120])
    found = run(world.lake(), days)
    assert {at for at, status in found.items() if status == "refilled"} == span(DAY, 120, 180).keys()
    assert {at for at, status in found.items() if status == "delisted"} == span(DAY, 180, 1440 * 3).keys()


def end(world: World, days: dict[str, Rows], *, at: str, minute: int) -> None:
    """Trading ends at this minute of this day, in the archive, in REST, and in exchangeInfo's words."""
    for mirror in (world.mirror, world.truth):
        put(mirror, {at: days[at][:minute]})
        for day in DAYS[DAYS.index(at) + 1 :]:
            for interval in ("1m", "1h"):
                mirror.remove(day_key(SYMBOL, day, interval=interval))
    world.market.ended["spot", SYMBOL] = utc(at) + minute * MINUTE


def test_an_unpublished_day(world: World, days: dict[str, Rows]) -> None:
    for interval in ("1m", "1h"):
        world.mirror.remove(day_key(SYMBOL, LAST, interval=interval))
    down = world.add("/spot/api", "status", status=500)
    lake = world.lake(now=utc("2025-01-06T09:00"))
    assert is_all(run(lake, days), span(LAST, 0, 1440), "not_published")
    overdue = Lake(lake.root, utc("2025-01-08"), lake.catalog)
    assert is_all(run(overdue, days), span(LAST, 0, 1440), "open")
    world.exchange.remove(down)
    assert is_all(run(overdue, days), span(LAST, 0, 1440), "refilled")


def test_all_at_once(world: World, days: dict[str, Rows]) -> None:
    """Listed in the first day, cut and out in the second, bad rows and a cut in the third, the fourth lost."""
    bad = spoilt(days[DAY], 300, 310)
    for mirror in (world.mirror, world.truth):
        put(mirror, {FIRST: days[FIRST][61:], DAYS[1]: cut(days[DAYS[1]], 700, 850)})
    world.truth.put_day(SYMBOL, DAY, cut(days[DAY], 300, 310))
    world.mirror.put_day(SYMBOL, DAYS[1], cut(cut(days[DAYS[1]], 700, 850), 100, 160))
    world.mirror.put_day(SYMBOL, DAY, cut(bad, 1000, 1001))
    world.mirror.remove(day_key(SYMBOL, DAYS[3]))
    found = run(world.lake(), days)
    planted = (
        (span(FIRST, 0, 61), "not_listed"),
        (span(DAYS[1], 100, 160), "refilled"),
        (span(DAYS[1], 700, 850), "upstream"),
        (span(DAY, 300, 310), "quarantined"),
        (span(DAY, 1000, 1001), "refilled"),
        (span(DAYS[3], 0, 1440), "refilled"),
    )
    assert found == {at: status for some, status in planted for at in some}
