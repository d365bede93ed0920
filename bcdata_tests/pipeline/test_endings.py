"""Where a symbol that nobody knows any more ended: bars cut from the end of its last file are no delisting."""

from datetime import timedelta
from itertools import groupby

import pytest

from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import coarse, made_day
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import REST, Lake, utc
from bcdata_tests.world import BY_DAY, BY_MONTH, D, World

SYMBOL, MONTH = "BTCUSDT", "2025-01"
DAYS = [f"2025-01-0{n}" for n in range(1, 6)]


def labels(lake: Lake, *dates: str) -> list[tuple[int, str]]:
    """How many bars are missing and why, in order of time, over the borders of partitions."""
    assert lake.materialize(D, SYMBOL, dates[0], dates[-1], until=Zone.MERGED).troubles == []
    rows = lake.ledger(D, SYMBOL, *dates).select("status", "bars").iter_rows()
    return [(sum(bars for _, bars in run), status) for status, run in groupby(rows, key=lambda row: row[0])]


@pytest.mark.parametrize("kept", [180, 120, 0], ids=["whole", "an hour cut", "the last day cut"])
@pytest.mark.parametrize(("catalog", "dates"), [(BY_MONTH, [MONTH]), (BY_DAY, DAYS)], ids=["by month", "by day"])
def test_minutes_cut_from_the_end_are_open(world: World, catalog: str, dates: list[str], kept: int) -> None:
    """Hours tell that it was traded for three hours of its second day."""
    first, last = made_day(DAYS[0]), made_day(DAYS[1])[:180]
    world.mirror.put_month(SYMBOL, MONTH, [*first, *last[:kept]])
    world.mirror.put_month(SYMBOL, MONTH, coarse([*first, *last]), interval="1h")
    world.truth.put_day("ETHUSDT", DAYS[0], first)
    lake = world.lake(catalog, now=utc("2025-03-10"))
    cut = [(180 - kept, "open")] if kept < len(last) else []
    days = 31 if catalog == BY_MONTH else len(DAYS)
    assert labels(lake, *dates) == [*cut, ((days - 1) * 1440 - 180, "delisted")]


@pytest.mark.parametrize(("catalog", "dates"), [(BY_MONTH, [MONTH]), (BY_DAY, DAYS)], ids=["by month", "by day"])
def test_what_a_short_last_file_names_is_open_until_rest_has_nothing_there(
    world: World, catalog: str, dates: list[str]
) -> None:
    """The exchange says BREAK; the month's file ends early; without klines nobody can tell whether it was cut."""
    days = [made_day(day) for day in DAYS[:3]]
    world.mirror.put_month(SYMBOL, MONTH, [*days[0], *days[1][:180]])
    for day, rows in zip(DAYS, days, strict=False):
        world.truth.put_day(SYMBOL, day, rows)
    world.market.ended["spot", SYMBOL] = utc(DAYS[3])
    down = world.add("/spot/api/v3/klines", "status", status=500)
    lake = world.lake(catalog, now=utc("2025-03-10"))
    assert {status for _, status in labels(lake, *dates)} == {"open"}
    world.exchange.remove(down)
    found = labels(Lake(lake.root, utc("2025-03-12"), lake.catalog), *dates)
    assert [status for _, status in found] == ["refilled", "delisted"]
    assert found[0][0] == 2 * 1440 - 180


def test_days_that_a_traded_symbols_last_file_lacks_are_not_delisted(world: World) -> None:
    world.mirror.put_month(SYMBOL, MONTH, made_day(DAYS[0]))
    world.truth.put_day(SYMBOL, DAYS[0], made_day(DAYS[0]))
    assert "delisted" not in {status for _, status in labels(world.lake(BY_DAY), *DAYS)}


@pytest.mark.parametrize("silent", ["", "exchangeInfo"], ids=["not in exchangeInfo", "unknown to klines"])
def test_a_symbol_that_the_exchange_knows_again_is_not_delisted(world: World, silent: str) -> None:
    """The archive is late, and the exchange forgets the symbol for a while: what was a delisting heals."""
    days = [f"2025-01-0{n}" for n in range(1, 7)]
    for day in days[:2]:
        world.mirror.put_day(SYMBOL, day, made_day(day))
    world.truth.put_day("ETHUSDT", days[0], made_day(days[0]))
    down = world.add(silent or "nothing", "status", status=500)
    lake = world.lake(BY_MONTH, now=utc("2025-01-07"))
    assert lake.materialize(D, SYMBOL, MONTH, until=Zone.MERGED).troubles == []
    assert lake.ledger(D, SYMBOL, MONTH).select("bars", "status").rows() == [(4 * 1440, "delisted")]
    world.exchange.remove(down)
    for day in days:
        world.truth.put_day(SYMBOL, day, made_day(day))
    later = Lake(lake.root, utc("2025-01-07") + timedelta(hours=30), lake.catalog)
    assert later.materialize(D, SYMBOL, MONTH, until=Zone.MERGED).troubles == []
    statuses = set(later.ledger(D, SYMBOL, MONTH)["status"])
    assert "delisted" not in statuses
    assert published(later, SYMBOL, MONTH) == bars_of([row for day in days for row in made_day(day)])


def test_a_symbol_that_klines_does_not_know_and_exchange_info_lists_is_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two words of one exchange against each other prove nothing."""
    world.mirror.put_day(SYMBOL, "2025-01-01", made_day("2025-01-01"))
    world.truth.put_day(SYMBOL, "2025-01-01", made_day("2025-01-01"))
    monkeypatch.setattr(world.market, "knows", lambda *_: False)
    lake = world.lake(BY_MONTH, now=utc("2025-01-07"))
    ran = lake.materialize(D, SYMBOL, MONTH, until=Zone.MERGED)
    assert ran.troubles == []
    assert "refill_unanswered" in ran.rules(Zone.RAW, SYMBOL, MONTH, REST)
    assert set(lake.ledger(D, SYMBOL, MONTH)["status"]) == {"open", "not_published"}
