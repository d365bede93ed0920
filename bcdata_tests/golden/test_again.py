"""The main job once more: nothing is fetched or computed, and what was deleted comes back byte for byte."""

import shutil
from pathlib import Path

import pytest

from bcdata.pipeline.outcome import State
from bcdata.simulate import LoopbackExchange
from bcdata_tests.golden.conftest import MONTHS, SYMBOLS, Job
from bcdata_tests.run import Lake, tree

D = "spot_klines_1m"
FIRST, LAST, ALL = MONTHS[0], MONTHS[-1], ",".join(SYMBOLS)


@pytest.mark.slow
def test_a_rerun_asks_for_listings_alone_and_changes_nothing(main_job: Job, exchange: LoopbackExchange) -> None:
    lake, _ = main_job
    before = tree(lake.root)
    exchange.clear()
    ran = lake.materialize(D, ALL, FIRST, LAST)
    assert set(ran.states) == {State.UNCHANGED}
    assert ran.fetched == 0
    asked = {request.path.split("?")[0] for request in exchange.requests}
    assert asked <= {"/listing", "/spot/api/v3/exchangeInfo"}
    assert tree(lake.root) == before


@pytest.fixture(scope="module")
def copy(main_job: Job, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake, _ = main_job
    root = tmp_path_factory.mktemp("again") / "lake"
    shutil.copytree(lake.root, root)
    return Lake(root, lake.now, lake.catalog)


DELETED = {
    "objects": (
        ("BTCUSDT,ARBUSDT", "2023-03", "2023-04"),
        "raw/binance_archive/*/symbol=ARBUSDT/date=2023-04/*.zip",
        "raw/binance_rest/*/symbol=BTCUSDT/date=2023-03/klines*.json",
    ),
    "manifests": (
        (ALL, FIRST, LAST),
        "raw/binance_archive/*/symbol=BTCUSDT/date=2023-03/manifest.json",
        "raw/binance_rest/*/symbol=*/date=2023-03/manifest.json",
    ),
    "parsed": (
        (ALL, "2023-03", "2023-04"),
        "parsed/binance_archive/*/symbol=ETHUSDT/date=2023-04/part-0.parquet",
        "parsed/binance_rest/*/symbol=*/date=2023-03/part-0.parquet",
    ),
    "ledgers and features": (
        ("BTCUSDT,ETHUSDT", "2023-04", "2023-05"),
        "gaps/*/symbol=ETHUSDT/date=2023-0[45]/part-0.parquet",
        "features/*/symbol=BTCUSDT/date=2023-05/part-0.parquet",
    ),
    "merged": ((ALL, "2023-03", "2023-03"), "merged/*/symbol=*/date=2023-03/part-0.parquet"),
    "a symbol": (("ARBUSDT", FIRST, LAST), "*/*/symbol=ARBUSDT/date=*/*"),
}
"""Which symbols and months are materialized again, and what was deleted of them.

Manifests of REST record the question about days, which is asked of all months of a run at once.
"""


@pytest.mark.one_in(30, slow=3)
@pytest.mark.parametrize("what", DELETED)
def test_what_was_deleted_comes_back_byte_for_byte(main_job: Job, copy: Lake, what: str) -> None:
    lake, _ = main_job
    (symbols, first, last), *patterns = DELETED[what]
    for pattern in patterns:
        chosen = sorted(copy.root.glob(pattern))
        assert chosen, pattern
        for path in chosen:
            path.unlink()
    assert copy.materialize(D, symbols, first, last).ok
    assert tree_of_minutes(copy.root) == tree_of_minutes(lake.root)


def tree_of_minutes(root: Path) -> dict[str, str]:
    """What the main job left; other tests put hours beside it."""
    return {path: digest for path, digest in tree(root).items() if D in path}
