"""Settlements before a listing and after a delisting: the reasons and the evidence are those of bars."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from bcdata.frames.schema import FUNDING
from bcdata.ledger.ledger import Status
from bcdata.pipeline.funding.common import gap_evidence
from bcdata.pipeline.zones import Zone
from bcdata.windows import Window
from bcdata_tests.pipeline.funding_files import every, put_hours, put_settlements
from bcdata_tests.run import Lake, utc
from bcdata_tests.world import World

D, SYMBOL, ASKED = "um_funding", "OLDUSDT", "/fapi/v1/fundingRate"
CATALOG = """
datasets:
  um_funding:
    grain: month
    start: 2024-12
    symbols: [OLDUSDT]
    sources: [binance_archive, binance_rest]
    features: false
"""
ALONE = CATALOG.replace(", binance_rest", "")
JANUARY = every(8, utc("2025-01-01"), utc("2025-02-01"))
FEBRUARY = every(8, utc("2025-02-01"), utc("2025-03-01"))
NOW = utc("2025-04-01")


def run(lake: Lake, *months: str) -> list[tuple[str, str, int]]:
    """What the ledger says: start, status, settlements."""
    assert lake.materialize(D, SYMBOL, months[0], months[-1], until=Zone.MERGED).troubles == []
    rows = lake.ledger(D, SYMBOL, *months).select("start", "status", "bars").iter_rows()
    return [(f"{start:%m-%d %H:%M}", status, bars) for start, status, bars in rows]


def words(lake: Lake, month: str) -> list[str]:
    return lake.ledger(D, SYMBOL, month)["evidence"].to_list()


def test_before_the_exchange_says_that_trading_began_nothing_is_listed_or_asked_for(world: World) -> None:
    for one in (world.mirror, world.truth):
        put_settlements(one, SYMBOL, "2025-02", FEBRUARY)
    lake = world.lake(CATALOG, NOW)
    assert run(lake, "2024-12", "2025-01", "2025-02") == [
        ("12-01 00:00", "not_listed", 93),
        ("01-01 00:00", "not_listed", 93),
    ]
    assert words(lake, "2025-01") == ["the exchange says that trading began at 2025-02-01 00:00 (every 8 h)"]
    assert world.asked(ASKED) == []
    assert world.asked("exchangeInfo") != []


def test_the_earlier_of_two_listings_counts() -> None:
    """Of old contracts the exchange names a day after their first bars."""
    month = Window(utc("2019-09-01"), utc("2019-10-01"))
    said = {"onboard": "2019-09-25T08:00:00+00:00", "first_open": "2019-09-08T17:00:00+00:00"}
    [reason] = gap_evidence(month, {}, said, pl.DataFrame(schema=FUNDING), None).reasons()
    assert (reason.status, reason.window) == (Status.NOT_LISTED, month.until(utc("2019-09-08T17:00")))
    assert reason.evidence == "REST's first bar of the symbol opens at 2019-09-08 17:00"


def test_files_of_bars_tell_the_listing_where_nobody_asks_the_exchange(world: World) -> None:
    put_hours(world.mirror, SYMBOL, every(1, utc("2025-01-15T14:00"), utc("2025-01-16")))
    put_settlements(world.mirror, SYMBOL, "2025-01", [at for at in JANUARY if at >= utc("2025-01-15T16:00")])
    lake = world.lake(ALONE, NOW)
    assert run(lake, "2024-12", "2025-01") == [("12-01 00:00", "not_listed", 93), ("01-01 00:00", "not_listed", 44)]
    assert "1h" in words(lake, "2025-01")[0]


def test_that_a_file_is_the_first_one_is_no_listing(world: World) -> None:
    """Nobody says when the contract was listed: bars begin with the month too, where the file may have been cut."""
    put_settlements(world.mirror, SYMBOL, "2025-02", FEBRUARY[9:])
    put_hours(world.mirror, SYMBOL, every(1, utc("2025-02-01"), utc("2025-02-02")))
    assert run(world.lake(ALONE, NOW), "2025-01", "2025-02") == [
        ("01-01 00:00", "open", 93),
        ("02-01 00:00", "open", 9),
    ]


@pytest.mark.parametrize("witness", ["bars", "settlements", "the month before"])
def test_who_says_a_later_listing_than_there_are_rows_is_wrong(world: World, witness: str) -> None:
    """The exchange says that trading began in February, and REST has nothing before."""
    put_settlements(world.truth, SYMBOL, "2025-02", FEBRUARY)
    put_settlements(world.mirror, SYMBOL, "2025-02", FEBRUARY)
    lost = JANUARY
    if witness == "bars":
        put_hours(world.mirror, SYMBOL, every(1, utc("2024-12-30"), utc("2024-12-31")))
    if witness == "settlements":
        lost = JANUARY[:30]
        put_settlements(world.mirror, SYMBOL, "2025-01", JANUARY[30:])
    if witness == "the month before":
        put_settlements(world.mirror, SYMBOL, "2024-12", every(8, utc("2024-12-01"), utc("2025-01-01")))
    assert run(world.lake(CATALOG, NOW), "2025-01") == [("01-01 00:00", "open", len(lost))]


def test_after_the_delivery_it_is_delisted(world: World) -> None:
    until = utc("2025-01-15T09:00")
    for one in (world.mirror, world.truth):
        put_settlements(one, SYMBOL, "2025-01", [at for at in JANUARY if at < until])
    world.market.ended["um", SYMBOL] = until
    lake = world.lake(CATALOG, NOW)
    assert run(lake, "2025-01", "2025-02") == [("01-15 16:00", "delisted", 49), ("02-01 00:00", "delisted", 84)]
    assert words(lake, "2025-02") == ["the exchange says SETTLING, delivered 2025-01-15 09:00 (every 8 h)"]
    assert world.asked(ASKED) == []


def test_what_is_missing_before_a_delivery_is_not_delisted(world: World) -> None:
    until = utc("2025-01-15T09:00")
    settled = [at for at in JANUARY if at < until]
    put_settlements(world.mirror, SYMBOL, "2025-01", [*settled[:20], *settled[21:-1]])
    put_settlements(world.truth, SYMBOL, "2025-01", [*settled[:20], *settled[21:]])
    world.market.ended["um", SYMBOL] = until
    lake = world.lake(CATALOG, NOW)
    assert run(lake, "2025-01") == [("01-07 16:00", "upstream", 1), ("01-15 16:00", "delisted", 49)]
    frame = lake.bars(D, SYMBOL, "2025-01")
    assert frame is not None
    assert frame["time"][-1] == settled[-1]


@pytest.mark.parametrize("ended", [NOW + timedelta(days=1), None, JANUARY[50]])
def test_a_contract_that_goes_on_is_not_delisted(world: World, ended: datetime | None) -> None:
    """Its end is announced, or was before settlements that are there, or nobody says one: the last ones are missing."""
    for one in (world.mirror, world.truth):
        put_settlements(one, SYMBOL, "2025-01", JANUARY[:-2])
    if ended:
        world.market.ended["um", SYMBOL] = ended
    assert run(world.lake(CATALOG, NOW), "2025-01") == [("01-31 08:00", "open", 2)]


def test_files_that_end_and_an_exchange_that_has_forgotten_the_contract(world: World) -> None:
    """Two witnesses, as for bars: the last bar tells where it ended."""
    put_settlements(world.truth, "NEWUSDT", "2025-01", JANUARY)  # exchangeInfo lists another contract alone
    put_settlements(world.mirror, SYMBOL, "2025-01", [at for at in JANUARY if at < utc("2025-01-15T09:00")])
    put_hours(world.mirror, SYMBOL, every(1, utc("2025-01-15"), utc("2025-01-15T10:00")))
    lake = world.lake(CATALOG, NOW)
    assert run(lake, "2025-01", "2025-02") == [("01-15 16:00", "delisted", 49), ("02-01 00:00", "delisted", 84)]
    assert words(lake, "2025-01")[0].startswith("the archive's last file of any interval is OLDUSDT-1h-2025-01-15.zip")


def test_learnt_within_the_day_is_not_asked_again(world: World) -> None:
    for one in (world.mirror, world.truth):
        put_settlements(one, SYMBOL, "2025-02", FEBRUARY)
    lake = world.lake(CATALOG, NOW)
    run(lake, "2025-01")
    world.exchange.clear()
    for hours in (1, 30, 600):
        assert run(Lake(lake.root, NOW + timedelta(hours=hours), lake.catalog), "2025-01") == [
            ("01-01 00:00", "not_listed", 93)
        ]
    assert len(world.asked("exchangeInfo")) <= 2


def test_a_month_whose_file_is_there_is_published(world: World) -> None:
    """Before the day on which it is due."""
    put_settlements(world.mirror, SYMBOL, "2025-01", JANUARY[:-2])
    early = utc("2025-02-01T12:00")
    assert run(world.lake(ALONE, early), "2025-01") == [("01-31 08:00", "open", 2)]
    lake = world.lake(ALONE, early, "bare")
    assert run(lake, "2025-02") == [("02-01 00:00", "not_published", 2)]


def test_where_no_file_is_awaited_none_is_unpublished(world: World) -> None:
    world.add(ASKED, "status", status=451)
    lake = world.lake(CATALOG.replace("binance_archive, ", ""), utc("2025-01-02"))
    assert run(lake, "2025-01") == [("01-01 00:00", "open", 3)]
