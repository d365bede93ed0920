"""The standstill of 2023-03-24, found in real bars of three symbols."""

import shutil
from pathlib import Path

import pytest

from bcdata.pipeline.halts import halt_rows, watch
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.sql.connection import query
from bcdata.store.store import Store
from bcdata_tests.golden.conftest import SYMBOLS, Job
from bcdata_tests.run import Lake, tree, utc

D = "spot_klines_1m"
WITHIN = {"first": "2023-03", "last": "2023-04"}
"""The other months are not copied."""


@pytest.fixture
def healed(main_job: Job, tmp_path: Path) -> Lake:
    """Bars and ledgers of two months of the main job, in which REST has confirmed what is missing."""
    made, _ = main_job
    for zone, tail in (
        ("merged", "date=2023-0[34]/*"),
        ("gaps", "date=2023-0[34]/*"),
        (".lake/manifests/merged", "2023.json"),
    ):
        for file in (made.root / zone).glob(f"{D}/*/{tail}"):
            target = tmp_path / "lake" / file.relative_to(made.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return Lake(tmp_path / "lake", made.now)


def standstill(lake: Lake) -> dict[str, object]:
    """The only halt of March, but for its evidence, which is checked to name what is asked for."""
    store, dataset = Store(lake.root), lake.catalog[D]
    [done] = watch(store, dataset, first="2023-03", last="2023-03")
    assert (done.state, done.halts, done.symbols) == (State.PUBLISHED, 1, 3)
    [halt] = halt_rows(store, dataset).to_dicts()
    return halt


WHOLE = {
    "date": "2023-03",
    "start": utc("2023-03-24T11:28"),
    "end": utc("2023-03-24T13:59"),
    "bars": 152,
    "missing": 80,
    "zero_trade": 72,
    "symbols": 3,
}


def test_the_standstill_of_2023_03_24_is_found_whole(healed: Lake) -> None:
    halt = standstill(healed)
    assert "the exchange has none of the missing bars" in str(halt.pop("evidence"))
    assert halt == WHOLE
    seen = query(Store(healed.root), healed.catalog, f"SELECT start, bars, date FROM halts.{D}")  # noqa: S608
    assert seen.rows() == [(WHOLE["start"], 152, "2023-03")]


@pytest.mark.slow
def test_without_rest_it_is_found_too_and_says_what_nobody_confirmed(lake: Lake) -> None:
    lake.materialize(D, ",".join(SYMBOLS), "2023-03", until=Zone.MERGED, refill=False)
    halt = standstill(lake)
    assert "80 of 80 missing bars are open" in str(halt.pop("evidence"))
    assert halt == WHOLE


def test_only_changed_dates_are_looked_at_again_and_the_bytes_are_the_same(healed: Lake) -> None:
    store, dataset = Store(healed.root), healed.catalog[D]
    assert [(one.date, one.halts) for one in watch(store, dataset, **WITHIN)] == [("2023-03", 1), ("2023-04", 0)]
    before = tree(healed.root / "halts")
    assert list(watch(store, dataset, **WITHIN)) == []
    (healed.root / f"halts/{D}/date=2023-03/part-0.parquet").unlink()
    assert [one.date for one in watch(store, dataset, **WITHIN)] == ["2023-03"]
    assert tree(healed.root / "halts") == before
    for place in ("merged", "gaps", ".lake/manifests/merged"):
        shutil.rmtree(healed.root / place / D / "symbol=ETHUSDT")
    again = [(one.date, one.state, one.symbols) for one in watch(store, dataset, **WITHIN)]
    assert again == [("2023-03", State.PUBLISHED, 2), ("2023-04", State.PUBLISHED, 2)]
