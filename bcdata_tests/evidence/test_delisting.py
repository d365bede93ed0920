"""Candles that go on after a contract is delisted are no bars; those of a quiet market are."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Mirror, Rows, csv_of, made_day, zipped
from bcdata_tests.pipeline.honest import MINUTE, assert_honest, bars_of, published
from bcdata_tests.run import Lake, utc
from bcdata_tests.world import World

CATALOG = """
datasets:
  um_klines_1m:
    grain: day
    start: 2025-01-01
    symbols: [OLDUSDT]
    sources: [binance_archive, binance_rest]
"""
D, SYMBOL = "um_klines_1m", "OLDUSDT"
DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
LAST_TRADE = 540
"""The minute (09:00) of the second day that trades last; the settlement, where there is one."""


def key(day: str) -> str:
    return f"data/futures/um/daily/klines/{SYMBOL}/1m/{SYMBOL}-1m-{day}.zip"


def put(mirror: Mirror, days: dict[str, Rows]) -> None:
    for day, rows in days.items():
        mirror.put(key(day), zipped(f"{Path(key(day)).stem}.csv", csv_of(milliseconds(rows))))


def milliseconds(rows: Rows) -> Rows:
    return [[row[0][:-3], *row[1:6], row[6][:-3], *row[7:]] for row in rows]


def idle(rows: Rows, first: int) -> Rows:
    """From this row on the candles stand still at the close before, without a trade."""
    price = rows[first - 1][4] if first else "101.00000000"
    return [
        row if n < first else [row[0], *[price] * 4, "0", row[6], "0", "0", "0", "0", "0"] for n, row in enumerate(rows)
    ]


@dataclass
class Contract:
    """A contract whose candles stand still from the second day's 09:01 on, in the archive and beyond REST."""

    world: World
    days: dict[str, Rows]

    def lake(self) -> Lake:
        return self.world.lake(CATALOG)

    def run(self, lake: Lake) -> list[tuple[str, str, int]]:
        """Materializes all days; what the ledger says of them: start, status, bars."""
        assert lake.materialize(D, SYMBOL, DAYS[0], DAYS[-1], until=Zone.MERGED).troubles == []
        for day, rows in self.days.items():
            assert_honest(lake, SYMBOL, day, rows, D)
        rows = lake.ledger(D, SYMBOL, *DAYS).select("start", "status", "bars").iter_rows()
        return [(f"{start:%m-%d %H:%M}", status, bars) for start, status, bars in rows]


@pytest.fixture
def contract(world: World) -> Contract:
    days: dict[str, Rows] = {
        DAYS[0]: made_day(DAYS[0]),
        DAYS[1]: idle(made_day(DAYS[1]), LAST_TRADE + 1),
        DAYS[2]: idle(made_day(DAYS[2]), 0),
    }
    put(world.mirror, days)
    put(world.truth, days)
    return Contract(world, days)


DELISTED = [("01-02 09:01", "delisted", 899), ("01-03 00:00", "delisted", 1440)]


def test_a_quiet_market_keeps_its_bars(contract: Contract) -> None:
    lake = contract.lake()
    assert contract.run(lake) == []
    for day, rows in contract.days.items():
        assert published(lake, SYMBOL, day, D) == bars_of(milliseconds(rows))


def test_candles_after_the_delivery_are_delisted_and_stay_in_parsed(contract: Contract) -> None:
    contract.world.market.ended["um", SYMBOL] = utc(DAYS[1]) + LAST_TRADE * MINUTE
    lake = contract.lake()
    assert contract.run(lake) == DELISTED
    words = lake.ledger(D, SYMBOL, *DAYS)["evidence"].to_list()
    assert words[0].startswith("899 candles without a trade after the last one at 2025-01-02 09:00; ")
    assert words[0].endswith("the exchange says SETTLING, delivered 2025-01-02 09:00")
    assert words[1].startswith("1,440 candles without a trade; ")
    bars = lake.bars(D, SYMBOL, DAYS[1])
    assert bars is not None
    assert bars["open_time"].max() == utc(DAYS[1]) + LAST_TRADE * MINUTE, "the settlement carried volume: a bar"
    parsed = lake.root / f"parsed/binance_archive/{D}/symbol={SYMBOL}/date={DAYS[2]}/part-0.parquet"
    assert pl.read_parquet(parsed).height == 1440


def test_quiet_minutes_before_the_delivery_are_bars(contract: Contract) -> None:
    contract.world.market.ended["um", SYMBOL] = utc(f"{DAYS[1]}T12:00")
    assert contract.run(contract.lake()) == [("01-02 12:00", "delisted", 720), ("01-03 00:00", "delisted", 1440)]


def test_a_delivery_that_is_only_announced_ends_nothing(contract: Contract) -> None:
    contract.world.market.ended["um", SYMBOL] = contract.world.exchange.now + timedelta(days=1)
    assert contract.run(contract.lake()) == []


def test_a_symbol_that_the_exchange_does_not_know_any_more(contract: Contract) -> None:
    """Two witnesses: it is gone from exchangeInfo, and the archive ends in candles without a trade."""
    forget(contract)
    lake = contract.lake()
    assert contract.run(lake) == DELISTED
    words = lake.ledger(D, SYMBOL, DAYS[2])["evidence"][0]
    assert "the archive's last trade is in the bar of 2025-01-02 09:00" in words
    assert "does not know the symbol any more" in words


def test_a_symbol_gone_whose_archive_ends_in_trades_keeps_its_quiet_hours(contract: Contract) -> None:
    later = {DAYS[2]: [*idle(made_day(DAYS[2]), 0)[:-1], made_day(DAYS[2])[-1]]}
    put(contract.world.mirror, later)
    contract.days |= later
    forget(contract)
    assert contract.run(contract.lake()) == []


def test_without_the_exchanges_word_candles_are_bars(contract: Contract) -> None:
    contract.world.market.ended["um", SYMBOL] = utc(f"{DAYS[1]}T09:00")
    down = contract.world.add("/um/fapi", "status", status=500)
    lake = contract.lake()
    assert contract.run(lake) == []
    contract.world.exchange.remove(down)
    assert contract.run(lake) == DELISTED


def test_holes_after_the_delivery_are_delisted_too_and_not_asked_for(contract: Contract) -> None:
    contract.world.market.ended["um", SYMBOL] = utc(f"{DAYS[1]}T09:00")
    put(contract.world.mirror, {DAYS[1]: contract.days[DAYS[1]][:700]})
    contract.world.exchange.clear()
    assert contract.run(contract.lake()) == DELISTED
    assert contract.world.asked("interval=1m&") == []


def test_a_contract_that_trades_again_gets_its_candles_back(contract: Contract) -> None:
    contract.world.market.ended["um", SYMBOL] = utc(f"{DAYS[1]}T09:00")
    lake = contract.lake()
    assert contract.run(lake) == DELISTED
    contract.world.market.ended.clear()
    later = Lake(lake.root, lake.now + timedelta(days=2), lake.catalog)
    assert contract.run(later) == []


def forget(contract: Contract) -> None:
    """REST and exchangeInfo know nothing of the symbol; something else is there."""
    for day in DAYS:
        contract.world.truth.remove(key(day))
    (contract.world.truth.root / key(DAYS[0])).parent.rmdir()
    (contract.world.truth.root / key(DAYS[0])).parent.parent.rmdir()
    other = key(DAYS[0]).replace(SYMBOL, "NEWUSDT")
    contract.world.truth.put(other, zipped(f"{Path(other).stem}.csv", csv_of(milliseconds(made_day(DAYS[0])))))
