"""What is suspicious across partitions and symbols is shown by verify, where no coarser bar has confirmed the day."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.catalog import Dataset
from bcdata.cli import app
from bcdata.frames.schema import merged_bar
from bcdata.healing.suspicions import suspicions
from bcdata.instruments.table import UNIVERSE
from bcdata.pipeline.records.findings import ReportedFinding
from bcdata.pipeline.records.footer_cache import open_footer_cache
from bcdata.pipeline.zones import Zone
from bcdata.store.layout import Partition, universe_table
from bcdata.store.store import Store
from bcdata_tests.mirror import made_day
from bcdata_tests.quality.coarse import minutes
from bcdata_tests.world import BY_DAY, D, World

DATASET = Dataset.model_validate(
    {
        "name": D,
        "grain": "day",
        "start": "2023-03-01",
        "symbols": ["BTCUSDT", "ETHUSDT"],
        "sources": ["binance_archive"],
    }
)
DAYS = [f"2023-03-{n:02}" for n in range(1, 13)]
ALL = minutes(len(DAYS), seed=3)


class Bars:
    """A lake of merged bars, and of what parsed says of the days that nothing has confirmed."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root)

    def put(self, symbol: str, days: Mapping[str, pl.DataFrame], *, unconfirmed: bool = True) -> None:
        for day, bars in days.items():
            full = bars.with_columns(
                vwap=pl.lit(None, pl.Float64),
                source=pl.lit("binance_archive"),
                known_at=pl.col("open_time"),
                funding_rate=pl.lit(None, pl.Float64),
            )
            frame = full.select(name for name in merged_bar(funding=False).names())
            self.store.publish(Partition("merged", D, symbol, day), frame, fingerprint=day, rules="", record={})
            record = {"uncompared": [day] if unconfirmed else []}
            parsed = Partition("parsed", D, symbol, day, "binance_archive")
            self.store.publish(parsed, bars, fingerprint=day, rules="", record=record)

    def look(self, *symbols: str) -> list[ReportedFinding]:
        with open_footer_cache(self.store) as footers:
            return list(suspicions(self.store, footers, DATASET, set(symbols) or None))


@pytest.fixture
def lake(tmp_path: Path) -> Bars:
    return Bars(tmp_path / "lake")


def by_day(bars: pl.DataFrame = ALL) -> dict[str, pl.DataFrame]:
    return {day: bars.filter(pl.col("open_time").dt.date() == date.fromisoformat(day)) for day in DAYS}


def scaled(bars: pl.DataFrame, factor: float, *columns: str) -> pl.DataFrame:
    return bars.with_columns(pl.col(columns) * factor)


def found(some: list[ReportedFinding]) -> list[tuple[str, str]]:
    return [(one.date, one.rule) for one in some]


def other(seed: int = 9) -> pl.DataFrame:
    """A symbol of its own whose returns are half the other's."""
    own = minutes(len(DAYS), seed=seed)
    moved = (ALL["close"] / ALL["close"].first()) * 50 * (own["close"] / own["close"].first())
    return own.with_columns(open=moved.shift(1).fill_null(50.0), close=moved, high=moved * 1.002, low=moved * 0.998)


def test_genuine_bars_are_not_suspicious(lake: Bars) -> None:
    lake.put("BTCUSDT", by_day())
    lake.put("ETHUSDT", by_day(other()))
    assert lake.look() == []


def test_a_day_of_another_symbol_jumps_at_both_borders(lake: Bars) -> None:
    days = by_day()
    days[DAYS[5]] = scaled(days[DAYS[5]], 7.0, "open", "high", "low", "close", "quote_volume")
    lake.put("BTCUSDT", days)
    told = lake.look()
    assert found(told) == [(DAYS[5], "border_step"), (DAYS[6], "border_step")]
    assert told[0].text.endswith("at 2023-03-06 00:00, which no coarser bar confirms")
    assert told[0].text.startswith("the price jumps from ")
    assert (told[0].zone, told[0].severity, told[0].symbol) == ("merged", "warn", "BTCUSDT")


def test_what_coarser_bars_have_confirmed_is_not_looked_at(lake: Bars) -> None:
    days = by_day()
    days[DAYS[5]] = scaled(days[DAYS[5]], 7.0, "open", "high", "low", "close", "quote_volume")
    lake.put("BTCUSDT", days, unconfirmed=False)
    assert lake.look() == []


def test_a_jump_between_two_instruments_is_none(lake: Bars) -> None:
    days = by_day()
    later = {day: scaled(days[day], 9.0, "open", "high", "low", "close") for day in DAYS[8:]}
    lake.put("BTCUSDT", {day: days[day] for day in DAYS[:4]} | later)
    assert found(lake.look()) == [(DAYS[8], "border_step")]
    empty = {**dict.fromkeys(UNIVERSE.names()), "symbol": "BTCUSDT", "market": "spot", "status": "delisted"}
    spans = [(1, date(2023, 3, 1), date(2023, 3, 4)), (2, date(2023, 3, 9), None)]
    rows = [{**empty, "use": use, "first_seen": first, "last_seen": last} for use, first, last in spans]
    table = pl.DataFrame(rows, schema=UNIVERSE, orient="row")
    lake.store.publish(universe_table("spot"), table, fingerprint="", rules="", record={})
    assert lake.look() == []


def test_volume_against_the_days_of_the_partitions_before(lake: Bars) -> None:
    days = by_day()
    days[DAYS[9]] = scaled(days[DAYS[9]], 10.0, "volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    lake.put("BTCUSDT", days)
    [one] = lake.look()
    assert (one.date, one.rule) == (DAYS[9], "volume_per_trade")
    assert one.text.startswith("volume per trade of 2023-03-10 is 9.97 times")


def test_a_copy_of_the_day_before(lake: Bars) -> None:
    days = by_day()
    days[DAYS[4]] = days[DAYS[3]].with_columns(pl.col("open_time") + timedelta(days=1))
    lake.put("BTCUSDT", days)
    told = [one.text for one in lake.look() if one.rule == "repeated_day"]
    assert told == ["2023-03-05 has the very values of 2023-03-04"]


def test_the_same_day_of_another_symbol(lake: Bars) -> None:
    lake.put("BTCUSDT", by_day(), unconfirmed=False)
    days = by_day(other())
    days[DAYS[4]] = by_day()[DAYS[4]]
    lake.put("ETHUSDT", days)
    told = [one.text for one in lake.look("ETHUSDT") if one.rule == "repeated_day"]
    assert told == ["2023-03-05 has the very values of 2023-03-05 of BTCUSDT"]


def test_returns_that_lag_behind_the_reference(lake: Bars) -> None:
    lake.put("BTCUSDT", by_day(), unconfirmed=False)
    days = by_day(other())
    names = ["open", "high", "low", "close", "volume", "trades"]
    late = days[DAYS[4]].with_columns(pl.col(names).shift(5).fill_null(strategy="backward"))
    lake.put("ETHUSDT", {**days, DAYS[4]: late})
    told = [(one.rule, one.text) for one in lake.look("ETHUSDT")]
    assert told == [("lag", "the returns of 2023-03-05 follow those of BTCUSDT 5 bars late")]


def test_the_command_shows_them_and_ends_with_status_0(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for day, price in (("2025-01-01", 100), ("2025-01-02", 900)):
        world.mirror.put_day("BTCUSDT", day, made_day(day, price=price))
    lake = world.lake(BY_DAY)
    assert lake.materialize(D, "BTCUSDT", "2025-01-01", "2025-01-02", refill=False, until=Zone.MERGED).ok
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(world.folder / "catalog.yaml"))
    monkeypatch.setenv("BCDATA_NOW", lake.now.isoformat())
    assert not app(["verify", "--json"], standalone_mode=False)
    told = [one for one in json.loads(capsys.readouterr().out)["findings"] if one["rule"] == "border_step"]
    assert [(one["date"], one["rows"], one["zone"]) for one in told] == [("2025-01-02", 1, "merged")]
