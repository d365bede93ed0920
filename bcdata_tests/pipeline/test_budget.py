"""Two hundred holes in forty symbols, two processes and one budget: the fewest calls, never one too many."""

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from bcdata.catalog import load_catalog
from bcdata.pipeline.zones import Zone
from bcdata.simulate import FolderMarket, LoopbackExchange
from bcdata_tests.mirror import Mirror, Rows, made_day
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import Lake, pointed_at, utc

D, DAY, NOW = "spot_klines_1m", "2025-01-02", utc("2025-03-01")
SYMBOLS = tuple(f"A{n:03}USDT" for n in range(40))
HOLES = 5
ROWS_PER_CALL, WEIGHT, INFO_WEIGHT = 1000, 2, 20
A_MINUTE = 180
"""The weight that the exchange allows: less than the work takes, so that it has to wait for a second minute."""


def holes(symbol: str) -> list[tuple[int, int]]:
    """Five stretches of minutes that do not touch, within the day."""
    random = Random(symbol)
    starts = sorted(random.sample(range(1, 143), HOLES))
    return [(10 * at, 10 * at + random.randint(1, 8)) for at in starts]


def calls(symbol: str) -> int:
    """The fewest stretches of a page's length that hold all holes, each with a minute on both sides."""
    first, last = holes(symbol)[0][0] - 1, holes(symbol)[-1][1] + 1
    if last - first <= ROWS_PER_CALL:
        return 1
    return 2  # a day has 1440 minutes: two pages hold any of them


@dataclass
class Damaged:
    exchange: LoopbackExchange
    rows: Rows
    folder: Path


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[Damaged]:
    mirror, truth, rows = Mirror(tmp_path / "archive"), Mirror(tmp_path / "truth"), made_day(DAY)
    for symbol in SYMBOLS:
        gone = {at for first, after in holes(symbol) for at in range(first, after)}
        mirror.put_day(symbol, DAY, [row for at, row in enumerate(rows) if at not in gone])
        truth.put_day(symbol, DAY, rows)
    (tmp_path / "catalog.yaml").write_text(
        f"datasets: {{{D}: {{grain: day, start: 2025-01-01, symbols: [{', '.join(SYMBOLS)}],"
        " sources: [binance_archive, binance_rest]}}"
    )
    market = FolderMarket(mirror.root, rest_source=truth.root)
    with (
        LoopbackExchange(market, now=NOW, weight_limits={"spot": A_MINUTE}) as exchange,
        pointed_at(exchange.environment(), tmp_path / "state"),
    ):
        yield Damaged(exchange, rows, tmp_path)


def heal(folder: str, symbols: tuple[str, ...]) -> None:
    lake = Lake(Path(folder) / "lake", NOW, load_catalog(Path(folder) / "catalog.yaml"))
    assert lake.materialize(D, ",".join(symbols), DAY, until=Zone.MERGED).troubles == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_hundreds_of_holes_within_the_budget_of_two_processes(damaged: Damaged) -> None:
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=heal, args=(str(damaged.folder), SYMBOLS[at::2])) for at in (0, 1)]
    for process in both:
        process.start()
    for process in both:
        process.join(500)
    assert [process.exitcode for process in both] == [0, 0]

    lake = Lake(damaged.folder / "lake", NOW, load_catalog(damaged.folder / "catalog.yaml"))
    truth = bars_of(damaged.rows)
    for symbol in SYMBOLS:
        assert published(lake, symbol, DAY) == truth
        refilled = lake.ledger(D, symbol, DAY).select("start", "bars", "status").rows()
        assert refilled == [
            (utc(DAY) + first * timedelta(minutes=1), after - first, "refilled") for first, after in holes(symbol)
        ]
    assert sum(len(holes(symbol)) for symbol in SYMBOLS) == 200

    asked = [request for request in damaged.exchange.requests if request.path.startswith("/spot/")]
    assert {request.status for request in asked} == {200}, "the limit was never met"
    bars = [request for request in asked if "/klines?" in request.path]
    days = [request for request in bars if "interval=1d" in request.path]
    klines = [request for request in bars if request not in days]
    assert len(days) == len(SYMBOLS), "the days to compare with: one call for each symbol"
    assert len(klines) == sum(calls(symbol) for symbol in SYMBOLS)
    assert len(asked) - len(bars) == 2, "each process learns the limits once"
    spent = WEIGHT * len(bars) + 2 * INFO_WEIGHT
    assert spent > A_MINUTE, "or else nothing had to wait"
    assert asked[-1].started - asked[0].started > 30
