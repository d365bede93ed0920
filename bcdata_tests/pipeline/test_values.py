"""Objects with matching checksums and wrong values: quarantined, filled from what agrees, or held back."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import Rows, day_key, made_day
from bcdata_tests.pipeline.controls import put_controls
from bcdata_tests.pipeline.honest import assert_honest, bars_of, published
from bcdata_tests.run import ARCHIVE, Lake, Ran, utc
from bcdata_tests.world import BY_DAY, BY_MONTH, D, World

MONTH = "2025-01"
DAYS = [f"2025-01-{at:02}" for at in range(1, 6)]
TRUTH = {day: made_day(day) for day in DAYS}
BAD = DAYS[2]
RAW = Partition("raw", D, "BTCUSDT", MONTH, ARCHIVE)
PARSED = Partition("parsed", D, "BTCUSDT", MONTH, ARCHIVE)
HOUR = timedelta(hours=1)


def times(rows: Rows, first: int, last: int, *columns: int, by: float = 10) -> list[list[str]]:
    """The rows with some columns scaled in rows first to last (not included)."""
    scaled = [list(row) for row in rows]
    for row in scaled[first:last]:
        for column in columns:
            row[column] = f"{float(row[column]) * by:.8f}"
    return scaled


def idle(rows: Rows, first: int, last: int) -> list[list[str]]:
    """The rows with some of them flat and without trades."""
    flat = [list(row) for row in rows]
    for row in flat[first:last]:
        row[1:5] = [rows[first - 1][4]] * 4
        row[5], row[7], row[8], row[9], row[10] = "0", "0", "0", "0", "0"
    return flat


def put(world: World, days: dict[str, Rows], *, month: dict[str, Rows] | None = None) -> None:
    for day, rows in days.items():
        world.mirror.put_day("BTCUSDT", day, rows)
    if month is not None:
        world.mirror.put_month("BTCUSDT", MONTH, [row for rows in month.values() for row in rows])


def run(world: World, *, names: tuple[str, ...] = ("1h", "1d"), controls: bool = True) -> tuple[Lake, Ran]:
    """Everything without REST, with the coarser bars that the archive has."""
    if controls:
        put_controls(world.mirror, TRUTH, names)
    lake = world.lake(BY_MONTH)
    return lake, lake.materialize(D, "BTCUSDT", MONTH, refill=False, until=Zone.MERGED)


def quarantined(lake: Lake) -> pl.DataFrame:
    """The rows of the ledger that were set aside; what is published are true bars."""
    ledger = assert_honest(lake, "BTCUSDT", MONTH, whole())
    there = ledger.filter(pl.col("start").dt.date() <= utc(DAYS[-1]).date())
    assert set(there["status"]) <= {"quarantined"}
    return there


def record(lake: Lake) -> dict[str, Any]:
    found = Store(lake.root).published(PARSED)
    assert found is not None
    return found.record


def whole() -> list[list[str]]:
    return [row for rows in TRUTH.values() for row in rows]


def at(minute: int, day: str = BAD) -> Any:
    return utc(day) + timedelta(minutes=minute)


LATER = [*times(TRUTH[BAD], 60, 1440, 5, 7, 9, 10, by=1.5)[60:], *TRUTH[BAD][:60]]
LIES: dict[str, list[list[str]]] = {
    "prices and quote x10": times(TRUTH[BAD], 0, 1440, 1, 2, 3, 4, 7, 10),
    "both volumes x10": times(TRUTH[BAD], 0, 1440, 5, 7, 9, 10),
    "the next hour's values": [
        [row[0], *other[1:6], row[6], *other[7:]] for row, other in zip(TRUTH[BAD], LATER, strict=True)
    ],
}


@pytest.mark.parametrize("lie", LIES)
def test_a_day_that_coarser_bars_refute_is_quarantined(world: World, lie: str) -> None:
    put(world, {**TRUTH, BAD: LIES[lie]})
    lake, ran = run(world)
    assert ran.troubles == []
    ledger = quarantined(lake)
    assert set(ledger["start"].dt.date()) == {utc(BAD).date()}
    assert ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE)["refuted"] == ledger["bars"].sum()
    assert "the 1h bar of 2025-01-03 " in ledger["evidence"][0]
    assert record(lake)["uncompared"] == []


def test_hours_localise_what_is_wrong(world: World) -> None:
    put(world, {**TRUTH, BAD: times(TRUTH[BAD], 430, 431, 1, 2, 3, 4, 7, 10)})
    lake, _ = run(world)
    ledger = quarantined(lake)
    assert ledger.select("start", "bars", "status").rows() == [(at(420), 60, "quarantined")]


def test_without_hours_the_day_goes_whole(world: World) -> None:
    put(world, {**TRUTH, BAD: times(TRUTH[BAD], 430, 431, 1, 2, 3, 4, 7, 10)})
    lake, _ = run(world, names=("1d",))
    ledger = quarantined(lake)
    assert ledger.select("start", "bars", "status").rows() == [(at(0), 1440, "quarantined")]


def test_the_month_fills_what_is_refuted_of_a_day(world: World) -> None:
    put(world, {**TRUTH, BAD: LIES["both volumes x10"]}, month=TRUTH)
    lake, ran = run(world)
    assert published(lake, "BTCUSDT", MONTH) == bars_of(whole())
    assert ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE)["refuted"] == 1440
    assert record(lake)["quarantined"] == []


def test_a_stale_month_beside_sound_days_changes_nothing(world: World) -> None:
    put(world, TRUTH, month={**TRUTH, BAD: LIES["both volumes x10"]})
    lake, ran = run(world)
    assert published(lake, "BTCUSDT", MONTH) == bars_of(whole())
    rules = ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE)
    assert rules.get("daily_monthly_disagree", 1440) == 1440
    assert "refuted" not in rules


def test_flat_minutes_without_the_trades_of_their_hour_are_quarantined_alone(world: World) -> None:
    put(world, {**TRUTH, BAD: idle(TRUTH[BAD], 430, 440)})
    lake, ran = run(world)
    ledger = quarantined(lake)
    assert ledger.select("start", "bars", "status").rows() == [(at(430), 10, "quarantined")]
    assert "flat and without trades" in ledger["evidence"][0]
    assert ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE)["refuted"] == 10


def test_a_few_trades_short_are_questioned_and_published(world: World) -> None:
    put(world, {**TRUTH, BAD: idle(TRUTH[BAD], 430, 431)})
    lake, ran = run(world)
    assert len(published(lake, "BTCUSDT", MONTH)) == len(DAYS) * 1440
    (one,) = record(lake)["questioned"]
    assert (one["start"], one["end"]) == (at(430).isoformat(), at(431).isoformat())
    assert ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE)["questioned"] == 1


def test_half_a_day_at_another_scale_is_held_back_where_nothing_confirms_it(world: World) -> None:
    put(world, {**TRUTH, BAD: times(TRUTH[BAD], 300, 900, 1, 2, 3, 4, 7, 10, by=1.15)})
    lake, ran = run(world, controls=False)
    ledger = quarantined(lake)
    assert ledger.select("start", "bars", "status").rows() == [(at(300), 600, "quarantined")]
    assert "comes back" in ledger["evidence"][0]
    assert ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE)["step"] == 600
    assert record(lake)["uncompared"] == [date.fromisoformat(day).isoformat() for day in DAYS]


def test_a_crash_that_nothing_confirms_is_published_with_a_finding(world: World) -> None:
    crashed = {day: times(rows, 0, 1440, 1, 2, 3, 4, 7, 10, by=0.7) for day, rows in TRUTH.items() if day > BAD}
    days = {**TRUTH, **crashed}
    put(world, days)
    lake, ran = run(world, controls=False)
    assert len(published(lake, "BTCUSDT", MONTH)) == len(DAYS) * 1440
    assert ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE)["step"] == 1


def test_rows_whose_amounts_do_not_fit_their_prices_are_quarantined(world: World) -> None:
    put(world, {**TRUTH, BAD: times(TRUTH[BAD], 100, 110, 5, 9)})
    lake, _ = run(world, controls=False)
    ledger = quarantined(lake)
    assert ledger.select("start", "bars", "status").rows() == [(at(100), 10, "quarantined")]


def test_controls_that_cannot_be_read_check_nothing_and_are_named(world: World) -> None:
    put(world, TRUTH)
    put_controls(world.mirror, TRUTH)
    world.mirror.put(day_key("BTCUSDT", BAD, interval="1h"), b"nothing")
    lake = world.lake(BY_MONTH)
    ran = lake.materialize(D, "BTCUSDT", MONTH, refill=False, until=Zone.MERGED)
    assert ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE) == {"control_unreadable": 1}
    assert published(lake, "BTCUSDT", MONTH) == bars_of(whole())
    assert record(lake)["uncompared"] == []


def test_an_unreadable_object_costs_its_day_and_not_its_month(world: World) -> None:
    put(world, TRUTH)
    key = f"data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-{BAD}.zip"
    body = (world.mirror.root / key).read_bytes()
    world.mirror.put(key, body[: len(body) // 2])
    lake, ran = run(world, controls=False)
    assert ran.troubles == []
    ledger = quarantined(lake)
    assert ledger.select("start", "bars", "status").rows() == [(at(0), 1440, "quarantined")]
    assert f"BTCUSDT-1m-{BAD}.zip cannot be read" in ledger["evidence"][0]
    assert ran.rules(Zone.PARSED, "BTCUSDT", MONTH, ARCHIVE)["unreadable"] == 1


def test_a_cut_month_beside_sound_days_costs_nothing(world: World) -> None:
    put(world, TRUTH, month=TRUTH)
    key = f"data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-{MONTH}.zip"
    body = (world.mirror.root / key).read_bytes()
    world.mirror.put(key, body[: len(body) // 2])
    lake, ran = run(world, controls=False)
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", MONTH) == bars_of(whole())


def test_bars_that_only_an_earlier_version_has_are_named(world: World) -> None:
    put(world, {DAYS[0]: TRUTH[DAYS[0]]})
    lake = world.lake(BY_DAY)
    plan = lake.plan(D, "BTCUSDT", DAYS[0], refill=False, until=Zone.MERGED)
    lake.run(plan, only=(Zone.RAW,))
    raw = Partition("raw", D, "BTCUSDT", DAYS[0], ARCHIVE)
    store = Store(lake.root)
    before = store.get_json(raw, "manifest.json")
    assert before is not None
    put(world, {DAYS[0]: TRUTH[DAYS[0]][:700]})
    lake.run(plan, only=(Zone.RAW,))
    manifest = store.get_json(raw, "manifest.json")
    assert manifest is not None
    manifest["superseded"] = before["objects"]
    store.put_json(raw, "manifest.json", {**manifest, "fingerprint": "other"})
    ran = lake.run(plan, only=(Zone.PARSED,))
    outcome = ran.of(Zone.PARSED, ARCHIVE)["BTCUSDT", DAYS[0]]
    assert outcome.state is State.PUBLISHED
    assert outcome.verdict.counts()["fewer_rows"] == 1440 - 700
    found = store.published(Partition("parsed", D, "BTCUSDT", DAYS[0], ARCHIVE))
    assert found is not None
    version = before["objects"][0]["sha256"][:12]
    first, last = at(700, DAYS[0]).isoformat(), at(1439, DAYS[0]).isoformat()
    assert found.record["withdrawn"] == [{"start": first, "end": last, "version": version}]
