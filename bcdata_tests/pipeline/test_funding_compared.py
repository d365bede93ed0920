"""Settlements from REST have to agree with those that other sources have in the window of the question, or are none."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Mirror, zipped
from bcdata_tests.pipeline.funding_files import every, ms
from bcdata_tests.run import REST, Lake, Ran, utc
from bcdata_tests.world import World

D, SYMBOL, MONTH, ASKED = "um_funding", "BTCUSDT", "2025-01", "/fapi/v1/fundingRate"
CATALOG = """
datasets:
  um_funding:
    grain: month
    start: 2024-12
    symbols: [BTCUSDT]
    sources: [binance_archive, binance_rest]
    features: false
"""
TIMES = every(8, utc("2024-12-01"), utc("2025-03-01"))
OWN = every(8, utc("2025-01-01"), utc("2025-02-01"))
LOST = OWN[10:13]
Rates = dict[datetime, Decimal]


def rates(times: Sequence[datetime] = TIMES) -> Rates:
    return {at: Decimal(TIMES.index(at) - 90) / 10**6 for at in times}


def put(mirror: Mirror, settled: Rates) -> None:
    for month in ("2024-12", "2025-01", "2025-02"):
        rows = "".join(f"{ms(at)},8,{rate:.8f}\n" for at, rate in settled.items() if f"{at:%Y-%m}" == month)
        name = f"{SYMBOL}-fundingRate-{month}"
        if rows:
            body = zipped(f"{name}.csv", rows.encode())
            mirror.put(f"data/futures/um/monthly/fundingRate/{SYMBOL}/{name}.zip", body)


@pytest.fixture
def lake(world: World) -> Lake:
    """Three months of settlements beyond REST; the archive lacks a day in the second one."""
    put(world.truth, rates())
    put(world.mirror, rates([at for at in TIMES if at not in LOST]))
    return world.lake(CATALOG)


def run(lake: Lake, *, hours: int = 0, first: str = "2024-12") -> Ran:
    ran = Lake(lake.root, lake.now + timedelta(hours=hours), lake.catalog).materialize(
        D, SYMBOL, first, "2025-02", until=Zone.MERGED
    )
    assert ran.troubles == []
    return ran


def ledger(lake: Lake) -> list[tuple[int, str]]:
    rows: list[tuple[int, str]] = lake.ledger(D, SYMBOL, MONTH).select("bars", "status").rows()
    return rows


def settled(lake: Lake) -> Rates:
    frame = lake.bars(D, SYMBOL, MONTH)
    assert frame is not None
    return {at: round(Decimal(rate), 8) for at, rate in frame.select("time", "funding_rate").rows()}


WITNESSES = {"the day before": TIMES[92], "the month's own": OWN[40], "the day after": TIMES[93 + 93 + 1]}


@pytest.mark.one_in(5, slow=2)
@pytest.mark.parametrize("off", ["0.00000002", "-0.0001", None])
@pytest.mark.parametrize("witness", WITNESSES)
def test_one_witness_against_an_answer_is_enough(world: World, lake: Lake, witness: str, off: str | None) -> None:
    """It fills nothing and proves nothing, is kept, and asked for again."""
    at, lie = WITNESSES[witness], rates()
    lie = {**lie, at: lie[at] + Decimal(off)} if off else {one: rate for one, rate in lie.items() if one != at}
    del lie[LOST[1]]
    put(world.truth, lie)
    for hours in (0, 1):
        world.exchange.clear()
        ran = run(lake, hours=hours)
        assert ledger(lake) == [(3, "open")]
        assert settled(lake) == rates([one for one in OWN if one not in LOST])
        assert "answer_contradicted" in ran.rules(Zone.RAW, SYMBOL, MONTH, REST)
        assert len(world.asked(ASKED)) == 1
    assert len(list((lake.root / "raw/binance_rest").rglob("contradicted.*.json"))) == 1
    put(world.truth, rates())
    ran = run(lake, hours=2)
    assert ledger(lake) == []
    assert settled(lake) == rates(OWN)
    assert "not_compared" not in ran.rules(Zone.PARSED, SYMBOL, MONTH, REST)
    world.exchange.clear()
    run(lake, hours=3)
    assert world.asked(ASKED) == []


def test_the_last_decimal_may_differ(world: World, lake: Lake) -> None:
    put(world.truth, {at: rate + Decimal("0.00000001") * (at == OWN[40]) for at, rate in rates().items()})
    run(lake)
    assert ledger(lake) == []


@pytest.mark.parametrize("first", ["2024-12", "2025-01"])
def test_a_month_without_a_file_is_compared_with_the_days_beside_it(world: World, lake: Lake, first: str) -> None:
    put(world.mirror, rates([at for at in TIMES if at not in OWN]))
    (world.mirror.root / f"data/futures/um/monthly/fundingRate/{SYMBOL}/{SYMBOL}-fundingRate-{MONTH}.zip").unlink()
    put(world.truth, {at: rate * 10 for at, rate in rates().items()})
    ran = run(lake, first=first)
    assert ledger(lake) == [(93, "open")]
    assert ran.rules(Zone.PARSED, SYMBOL, MONTH, REST) == {"overlap_differs": 93}
    put(world.truth, rates())
    assert "not_compared" not in run(lake, hours=25, first=first).rules(Zone.PARSED, SYMBOL, MONTH, REST)
    assert settled(lake) == rates(OWN)


def test_what_nobody_can_compare_is_filled_with_a_finding(world: World) -> None:
    put(world.truth, rates(OWN))
    lake = world.lake(CATALOG)
    ran = run(lake)
    assert settled(lake) == rates(OWN)
    assert ran.rules(Zone.PARSED, SYMBOL, MONTH, REST)["not_compared"] == 93


def test_a_rate_that_the_exchange_does_not_allow_fills_nothing(world: World, lake: Lake) -> None:
    put(world.truth, {at: Decimal("0.05") if at == LOST[0] else rate for at, rate in rates().items()})
    ran = run(lake)
    assert ledger(lake) == [(1, "open")]
    assert ran.rules(Zone.PARSED, SYMBOL, MONTH, REST)["rate_beyond_cap"] == 1
    assert settled(lake) == rates([at for at in OWN if at != LOST[0]])


def test_such_a_rate_that_a_file_has_too_contradicts_nothing(world: World, lake: Lake) -> None:
    """A file may have what no rule foresees; equal in both sources, it vouches for the others."""
    high = {OWN[40]: Decimal("-0.05")}
    put(world.truth, rates() | high)
    put(world.mirror, {at: rate for at, rate in (rates() | high).items() if at not in LOST})
    run(lake)
    assert ledger(lake) == []
    assert settled(lake) == rates(OWN) | high


def test_a_file_that_is_set_aside_whole_contradicts_nothing(world: World, lake: Lake) -> None:
    """Its last day is no better than the rest of it."""
    name = f"{SYMBOL}-fundingRate-2024-12"
    lines = [f"{ms(at)},{0 if number < 80 else 8},0.5" for number, at in enumerate(TIMES[:93])]
    world.mirror.put(
        f"data/futures/um/monthly/fundingRate/{SYMBOL}/{name}.zip", zipped(f"{name}.csv", "\n".join(lines).encode())
    )
    run(lake)
    assert ledger(lake) == []


def test_such_a_rate_in_a_file_is_a_finding(world: World) -> None:
    put(world.mirror, {at: Decimal("-0.05") if at == LOST[0] else rate for at, rate in rates().items()})
    lake = world.lake(CATALOG)
    ran = run(lake)
    assert settled(lake)[LOST[0]] == Decimal("-0.05")
    assert ran.rules(Zone.PARSED, SYMBOL, MONTH, "binance_archive") == {"rate_beyond_cap": 1}


@pytest.mark.parametrize("absurd", ["1e308", "-1.5"])
def test_a_rate_that_is_none_costs_its_row_and_rest_fills_it_and_all_others(world: World, absurd: str) -> None:
    kept = {at: rate for at, rate in rates().items() if at not in LOST}
    put(world.truth, rates())
    put(world.mirror, kept | {OWN[40]: Decimal(absurd)})
    lake = world.lake(CATALOG)
    ran = run(lake)
    assert ran.rules(Zone.PARSED, SYMBOL, MONTH, "binance_archive") == {"magnitude": 1}
    assert ledger(lake) == []
    assert settled(lake) == rates(OWN)


def test_an_answer_that_others_contradict_takes_the_place_of_none_that_they_do_not(world: World, lake: Lake) -> None:
    lost = [*LOST, OWN[-1]]
    put(world.mirror, rates([at for at in TIMES if at not in lost and at < utc("2025-02-01")]))
    (world.mirror.root / f"data/futures/um/monthly/fundingRate/{SYMBOL}/{SYMBOL}-fundingRate-2025-02.zip").unlink()
    put(world.truth, rates([at for at in TIMES if at < OWN[-1]]))
    (world.truth.root / f"data/futures/um/monthly/fundingRate/{SYMBOL}/{SYMBOL}-fundingRate-2025-02.zip").unlink()
    run(lake)
    assert ledger(lake) == [(1, "open")]
    put(world.truth, {at: rate + 1 for at, rate in rates(TIMES[:160]).items()})
    ran = run(lake, hours=30)
    assert ledger(lake) == [(1, "open")]
    assert "answer_contradicted" in ran.rules(Zone.RAW, SYMBOL, MONTH, REST)
    assert settled(lake) == rates(OWN[:-1]), "what it gave before stays"
    assert run(lake, hours=31).ok
    for page in (lake.root / "raw/binance_rest").rglob("contradicted.*.json"):
        page.unlink()
    world.add(ASKED, "status", status=500)
    run(lake, hours=60)
    assert settled(lake) == rates(OWN[:-1])
    manifest = json.loads(next(iter((lake.root / "raw/binance_rest").rglob(f"date={MONTH}/manifest.json"))).read_text())
    assert "contradicted" not in manifest, "nobody has it any more"


def test_settlements_have_scores_and_are_compared(lake: Lake) -> None:
    alone = lake.materialize(D, SYMBOL, "2024-12", "2025-02", until=Zone.MERGED, refill=False).of(Zone.MERGED)
    scores = {date: one.quality.score for (_, date), one in alone.items() if one.quality}
    assert scores == {"2024-12": 1, MONTH: pytest.approx(1 - 3 / 93), "2025-02": 1}
    refilled = run(lake).of(Zone.MERGED)[SYMBOL, MONTH].quality
    assert refilled is not None
    assert refilled.score == 1
    [pair] = refilled.pairs
    assert (pair.both, pair.differing, pair.only_source, pair.only_other) == (90, 0, 0, 3)
