"""Months in the place of days: what is read changes, what is merged does not."""

import pytest

from bcdata.operations.outcome import State
from bcdata.operations.raw_archive import MANIFEST
from bcdata.operations.zones import Zone
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import Rows, day_key, made_day
from bcdata_tests.operations.conftest import BY_MONTH, D, World
from bcdata_tests.run import ARCHIVE, Lake, tree

REPLACED = BY_MONTH.replace("sources", "monthly_replaces_daily: true\n    sources")
DAYS = [f"2025-01-{day:02}" for day in range(1, 32)]
MONTH = "2025-01"
RAW = Partition("raw", D, "BTCUSDT", MONTH, ARCHIVE)


def day(name: str, *, price: int = 100) -> Rows:
    """An hour of a day; what the rest of the day lacks is no matter here."""
    return made_day(name, minutes=60, price=price)


def month(**changed: Rows) -> Rows:
    """All days in one, some of them changed (`d05`)."""
    return [row for name in DAYS for row in changed.get(f"d{name[-2:]}", day(name))]


@pytest.fixture
def lake(world: World) -> Lake:
    """All days were taken before the month came."""
    for name in DAYS:
        world.mirror.put_day("BTCUSDT", name, day(name))
    lake = world.lake(REPLACED)
    assert run(lake).ok
    assert names(lake) == [f"BTCUSDT-1m-{name}.zip" for name in DAYS]
    return lake


def run(lake: Lake) -> object:
    return lake.materialize(D, "BTCUSDT", MONTH, until=Zone.MERGED, refill=False)


def names(lake: Lake, which: str = "objects") -> list[str]:
    manifest = Store(lake.root).get_json(RAW, MANIFEST) or {}
    return [one["name"] for one in manifest.get(which, [])]


def merged(lake: Lake) -> bytes:
    frame = lake.bars(D, "BTCUSDT", MONTH)
    assert frame is not None
    return frame.write_ipc(None).getvalue()


def zips(lake: Lake) -> int:
    return len(list(lake.root.glob("raw/binance_archive/**/*.zip")))


def test_a_month_that_repeats_its_days_takes_their_place(world: World, lake: Lake) -> None:
    before = merged(lake)
    world.mirror.put_month("BTCUSDT", MONTH, month())
    assert run(lake).ok
    assert names(lake) == ["BTCUSDT-1m-2025-01.zip"]
    assert len(names(lake, "replaced")) == 31
    assert merged(lake) == before
    assert zips(lake) == 32, "the bytes of the days stay"


def test_nothing_is_fetched_or_compared_again(world: World, lake: Lake) -> None:
    world.mirror.put_month("BTCUSDT", MONTH, month())
    run(lake)
    before = tree(lake.root)
    world.exchange.clear()
    again = run(lake)
    assert set(again.states) == {State.UNCHANGED}
    assert world.asked("/archive/") == []
    assert tree(lake.root) == before


def test_a_day_that_says_otherwise_stays_and_wins(world: World, lake: Lake) -> None:
    before = merged(lake)
    world.mirror.put_month("BTCUSDT", MONTH, month(d05=day("2025-01-05", price=500)))
    run(lake)
    assert names(lake) == ["BTCUSDT-1m-2025-01-05.zip", "BTCUSDT-1m-2025-01.zip"]
    assert merged(lake) == before


def test_a_month_gives_what_its_days_lack_and_takes_their_place(world: World, lake: Lake) -> None:
    whole = made_day("2025-01-05", minutes=90)
    assert whole[:60] == day("2025-01-05")
    world.mirror.put_month("BTCUSDT", MONTH, month(d05=whole))
    run(lake)
    assert names(lake) == ["BTCUSDT-1m-2025-01.zip"]
    frame = lake.bars(D, "BTCUSDT", MONTH)
    assert frame is not None
    assert frame.height == 31 * 60 + 30


def test_a_month_that_lacks_a_row_of_a_day_does_not_replace_it(world: World, lake: Lake) -> None:
    before = merged(lake)
    world.mirror.put_month("BTCUSDT", MONTH, month(d31=day("2025-01-31")[:-1]))
    run(lake)
    assert names(lake) == ["BTCUSDT-1m-2025-01-31.zip", "BTCUSDT-1m-2025-01.zip"]
    assert merged(lake) == before


def test_a_month_that_says_two_things_of_one_bar_does_not_replace_its_day(world: World, lake: Lake) -> None:
    """Alone it would lose the bar; beside its day it does not."""
    before = merged(lake)
    twice = [*day("2025-01-05"), day("2025-01-05", price=500)[0]]
    world.mirror.put_month("BTCUSDT", MONTH, month(d05=twice))
    run(lake)
    assert "BTCUSDT-1m-2025-01-05.zip" in names(lake)
    assert merged(lake) == before


def test_a_broken_month_replaces_nothing(world: World, lake: Lake) -> None:
    before = merged(lake)
    world.mirror.put(f"data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-{MONTH}.zip", b"not a zip")
    run(lake)
    assert names(lake, "replaced") == []
    assert merged(lake) == before


def test_a_replaced_day_that_is_published_again_comes_back(world: World, lake: Lake) -> None:
    world.mirror.put_month("BTCUSDT", MONTH, month())
    run(lake)
    world.mirror.put_day("BTCUSDT", "2025-01-07", day("2025-01-07", price=700))
    run(lake)
    assert names(lake) == ["BTCUSDT-1m-2025-01-07.zip", "BTCUSDT-1m-2025-01.zip"]
    frame = lake.bars(D, "BTCUSDT", MONTH)
    assert frame is not None
    assert frame["open"].max() == 706


def test_switched_off_the_days_are_read_again(world: World, lake: Lake) -> None:
    world.mirror.put_month("BTCUSDT", MONTH, month())
    run(lake)
    back = world.lake(BY_MONTH)
    run(back)
    assert len(names(back)) == 32
    assert names(back, "replaced") == []
    assert "replaced_by" not in (back.root / RAW.key(MANIFEST)).read_text()


def test_without_it_days_stay_beside_their_month(world: World, lake: Lake) -> None:
    other = world.lake(BY_MONTH, name="other")
    run(other)
    world.mirror.put_month("BTCUSDT", MONTH, month())
    run(other)
    assert len(names(other)) == 32
    assert day_key("BTCUSDT", DAYS[0]).endswith(names(other)[0])
    assert lake.root != other.root
