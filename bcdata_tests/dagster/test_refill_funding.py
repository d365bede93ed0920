"""Missing settlements come by themselves, as bars do; what the exchange never made is asked for no more."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bcdata.healing.backoff import MOST_TRIES
from bcdata.pipeline.zones import Zone
from bcdata.reporting.gap_report import GapRequest, ask
from bcdata.reporting.notices import quality_notices
from bcdata.store.store import Store
from bcdata_tests.dagster.healing import Ward, assets, cells, warded
from bcdata_tests.mirror import Mirror, zipped
from bcdata_tests.run import utc

F, B, SYMBOL, MONTH, NOW = "um_funding", "um_klines_1h", "BTCUSDT", "2025-01", "2025-03-01"
CELL = (SYMBOL, MONTH)
SENSOR = "refill"
CATALOG = """
datasets:
  um_funding:
    grain: month
    start: 2025-01
    symbols: [BTCUSDT]
    sources: [binance_archive, binance_rest]
    features: false
  um_klines_1h:
    grain: month
    start: 2025-01
    symbols: [BTCUSDT]
    sources: [binance_archive]
    features: false
    automation: []
"""
TIMES = [utc("2025-01-01") + at * timedelta(hours=8) for at in range(93)]
ASKED = "/fapi/v1/fundingRate"


def put(mirror: Mirror, kind: str, rows: list[str]) -> None:
    folder, stem = {"funding": ("fundingRate/BTCUSDT", "fundingRate"), "bars": ("klines/BTCUSDT/1h", "1h")}[kind]
    name = f"{SYMBOL}-{stem}-{MONTH}"
    body = zipped(f"{name}.csv", "".join(f"{row}\n" for row in rows).encode())
    mirror.put(f"data/futures/um/monthly/{folder}/{name}.zip", body)


def settlements(count: slice) -> list[str]:
    return [f"{int(at.timestamp() * 1000)},8,0.0001" for at in TIMES[count]]


def hours() -> list[str]:
    opens = [int(utc("2025-01-01").timestamp() * 1000) + at * 3_600_000 for at in range(31 * 24)]
    return [f"{at},1,1,1,1,1,{at + 3_599_999},1,1,1,1,0" for at in opens]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    """A month of bars and settlements; the archive lacks settlements that REST has, which nobody asked."""
    with warded(tmp_path, now=NOW, catalog=CATALOG) as ward:
        put(ward.mirror, "bars", hours())
        put(ward.mirror, "funding", settlements(slice(90)))
        put(ward.truth, "funding", settlements(slice(93)))
        ran = ward.lake.materialize(B, SYMBOL, MONTH, until=Zone.MERGED, refill=False)
        assert ran.troubles == []
        assert ledger(ward) == [(3, "open")]
        yield ward


def ledger(ward: Ward) -> list[tuple[int, str]]:
    rows: list[tuple[int, str]] = ward.lake.ledger(F, SYMBOL, MONTH).select("bars", "status").rows()
    return rows


def refill_said(ward: Ward) -> list[str]:
    """The column `refill` of `bcdata gaps`."""
    found = ask(Store(ward.lake.root), ward.lake.catalog, GapRequest(datasets=(F,)), now=ward.lake.now)
    return [words for one in found for words in one.runs["refill"].to_list()]


def heal(ward: Ward) -> int:
    """A tick and its runs; how many partitions were asked for."""
    requests, _ = ward.tick(SENSOR)
    for request in requests:
        assert ward.execute(request).success
    return sum(len(cells(request)) for request in requests)


def test_a_missing_settlement_is_asked_for_and_reaches_the_bars(ward: Ward) -> None:
    assert refill_said(ward) == ["not asked for since it is so"]
    [request], _ = ward.tick(SENSOR)
    assert cells(request) == [CELL]
    assert {name.split("/")[-1] for name in assets(request)} == {F}
    assert ward.execute(request).success
    assert ledger(ward) == []
    bars = ward.lake.bars(B, SYMBOL, MONTH)
    assert bars is not None
    assert bars.drop_nulls("funding_rate")["open_time"].to_list() == TIMES
    _, skipped = ward.tick(SENSOR)
    assert skipped == f"{F}: 0 partitions of 1 symbols lack settlements; 0 are due, 0 given up"


@pytest.mark.slow
def test_one_that_was_never_made_is_asked_for_twice_a_day_apart_and_no_more(ward: Ward) -> None:
    put(ward.truth, "funding", settlements(slice(90)))
    ward.exchange.clear()
    asked = []
    for at in range(0, 96, 12):
        ward.at(utc(NOW) + timedelta(hours=at))
        if heal(ward):
            asked.append((at, ledger(ward)[0][1]))
    assert asked == [(0, "open"), (24, "upstream")]
    assert ward.asked(ASKED) == 2 * 3, "each time what came, and that nothing is before and after it"
    assert refill_said(ward) == [None]


def test_while_rest_is_down_it_is_never_given_up(ward: Ward) -> None:
    down = ward.add(ASKED, "status", status=451)
    asked = []
    for at in range(0, 24, 3):
        ward.at(utc(NOW) + timedelta(hours=at))
        asked += [at] * heal(ward)
    assert asked == [0, 3, 9], "pauses of 1, 4, 16 hours, as ticks of three hours find them"
    assert "REST did not answer" in refill_said(ward)[0]
    ward.exchange.remove(down)
    ward.at(utc(NOW) + timedelta(days=4))
    assert heal(ward) == 1
    assert ledger(ward) == []


@pytest.mark.slow
def test_it_gives_up_on_a_symbol_that_rest_does_not_know(ward: Ward) -> None:
    shutil.rmtree(ward.truth.root / "data/futures")
    asked = 0
    for days in range(0, 60, 3):
        ward.at(utc(NOW) + timedelta(days=days))
        asked += heal(ward)
    assert asked == MOST_TRIES
    assert ledger(ward) == [(3, "open")]
    words = "gave up after 8 requests: REST answered 8 times, and neither had the settlements nor confirmed"
    assert refill_said(ward)[0].startswith(words)
    [notice] = quality_notices(Store(ward.lake.root), ward.lake.catalog[F], ward.lake.now)
    assert notice.text.startswith(f"{SYMBOL} {MONTH}: 3 settlements stay missing, gave up after 8 requests")
