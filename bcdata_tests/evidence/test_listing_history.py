"""What is said of any interval is said after every interval that the archive lists was asked."""

from datetime import datetime

import pytest

from bcdata.evidence.listing_history import ListingRequest
from bcdata.pipeline.zones import Zone
from bcdata.providers.base import Series
from bcdata.windows import Window
from bcdata_tests.instruments.learning import workbench
from bcdata_tests.mirror import Rows, coarse, day_key, made_day
from bcdata_tests.run import Lake, utc
from bcdata_tests.world import BY_DAY, BY_MONTH, D, World

SYMBOL = "BTCUSDT"
DAYS = [f"2025-01-0{n}" for n in range(1, 9)]
LATE = utc("2025-03-10")
_MINUTES = {"15m": 15, "1h": 60}
both_grains = pytest.mark.parametrize(
    ("catalog", "dates"), [(BY_MONTH, ["2025-01"]), (BY_DAY, DAYS)], ids=["by month", "by day"]
)


def alone(catalog: str) -> str:
    """The catalog with the archive as the only source."""
    return catalog.replace("[binance_archive, binance_rest]", "[binance_archive]")


def quarters(day: str) -> Rows:
    """The day as bars of a quarter of an hour."""
    return coarse(made_day(day), 15)


def put(world: World, days: list[str], others: list[str], interval: str = "15m") -> None:
    """Minutes of some days, and another interval of others."""
    for day in days:
        world.mirror.put_day(SYMBOL, day, made_day(day))
    for day in others:
        rows = coarse(made_day(day), _MINUTES[interval])
        world.mirror.put_day(SYMBOL, day, rows, interval=interval)


def ledger(lake: Lake, dates: list[str]) -> dict[str, tuple[str, str]]:
    """Status and evidence of the missing bars by the day on which their run begins; runs are cut at midnight."""
    assert lake.materialize(D, SYMBOL, dates[0], dates[-1], until=Zone.MERGED).troubles == []
    found = {}
    for start, end, _, status, words in lake.ledger(D, SYMBOL, *dates).iter_rows():
        for day in DAYS:
            if start < _end(day) and end >= utc(day):
                found[day] = (status, words)
    return found


def _end(day: str) -> datetime:
    return utc(f"{day}T23:59:59")


@both_grains
def test_days_before_the_first_minutes_are_open_where_another_interval_has_files(
    world: World, catalog: str, dates: list[str]
) -> None:
    put(world, [], DAYS[:3])
    late = made_day(DAYS[3])[600:]  # begins inside its day, as a listing does
    for one in (world.mirror, world.truth):
        one.put_day(SYMBOL, DAYS[3], late)
    put(world, DAYS[4:], DAYS[3:])
    found = ledger(world.lake(catalog, now=LATE), dates)
    assert {day: status for day, (status, _) in found.items()} == dict.fromkeys(DAYS[:4], "open")
    assert "15m" in found[DAYS[0]][1]


@both_grains
def test_days_before_any_interval_begins_are_not_listed(world: World, catalog: str, dates: list[str]) -> None:
    rows = made_day(DAYS[3])
    world.mirror.put_day(SYMBOL, DAYS[3], rows[600:])
    world.mirror.put_day(SYMBOL, DAYS[3], [row for row in quarters(DAYS[3]) if row[0] >= rows[600][0]], interval="15m")
    world.mirror.put_month(SYMBOL, "2025-01", made_day("2025-01-01")[:1], interval="1mo")
    put(world, DAYS[4:], DAYS[4:])
    found = ledger(world.lake(alone(catalog), now=LATE), dates)
    assert {day: status for day, (status, _) in found.items()} == dict.fromkeys(DAYS[:4], "not_listed")
    assert found[DAYS[0]][1].startswith("the archive's first files of all intervals begin that day, ")


@both_grains
@pytest.mark.parametrize("monthly", [False, True], ids=["daily", "monthly"])
def test_days_after_the_last_minutes_are_open_where_another_interval_has_files(
    world: World, catalog: str, dates: list[str], *, monthly: bool
) -> None:
    put(world, DAYS[:2], [])
    for day in DAYS[:2]:
        world.truth.put_day("ETHUSDT", day, made_day(day))  # the exchange does not know the symbol any more
    if monthly:
        world.mirror.put_month(SYMBOL, "2025-01", [row for day in DAYS[:4] for row in quarters(day)], interval="15m")
    else:
        put(world, [], DAYS[:4])
    found = ledger(world.lake(catalog, now=LATE), dates)
    statuses = {day: status for day, (status, _) in found.items()}
    assert statuses == dict.fromkeys(DAYS[2:4], "open") | dict.fromkeys(DAYS[4:], "delisted")
    assert "15m" in found[DAYS[2]][1]
    assert "the archive's last file of any interval is BTCUSDT-15m-" in found[DAYS[4]][1]


def test_what_a_few_intervals_answer_costs_no_more_requests(world: World) -> None:
    """An open month has days without a file every day: nothing is claimed about them, so nothing more is asked."""
    put(world, DAYS, DAYS, interval="1h")
    put(world, [], DAYS)
    series = Series("spot", "klines", SYMBOL, "1m")
    window, due = Window(utc(DAYS[1]), utc("2025-02-01")), utc("2025-01-08")
    with workbench(world.lake(now=utc("2025-01-09T12:00"))) as context:
        world.exchange.clear()
        found = context.loop.run(
            context.listing_histories("spot").history(series, ListingRequest(window, [utc("2025-01-09").date()], due))
        )
        assert not found.is_complete
        assert len(world.asked("/listing")) == 6
        missing = ListingRequest(window, [utc("2025-01-05").date()], due)
        assert not context.loop.run(context.listing_histories("spot").history(series, missing)).is_complete, (
            "hours tell of that day"
        )
        for day in DAYS:
            world.mirror.remove(day_key(SYMBOL, day, interval="1h"))
    with workbench(world.lake(now=utc("2025-01-09T12:00"))) as context:
        found = context.loop.run(context.listing_histories("spot").history(series, missing))
        assert found.is_complete
        assert [one.evidence for one in found.traded(missing.days)] == ["the archive has 15m files of these days"]
