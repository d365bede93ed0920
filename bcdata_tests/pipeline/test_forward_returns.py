"""The labels' zone: an asset of its own, made again when the bars after it have come."""

from pathlib import Path

import polars as pl

from bcdata.catalog import load_catalog
from bcdata.features.proofs.bars import START
from bcdata.features.proofs.world import SYMBOL, calm
from bcdata.pipeline.features.labels import materialize
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Step, Zone, steps, upstream
from bcdata.sql.connection import query
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.features.lake import write_bars
from bcdata_tests.pipeline.test_features import CATALOG, DAY, DAYS, Bench, D

LABELS = CATALOG.replace("    features:\n", "    labels: {horizons: [1, 60]}\n    features:\n")


def test_labels_are_made_where_they_are_configured_and_nowhere_else(tmp_path: Path) -> None:
    for text, expected in ((CATALOG, []), (LABELS, [Step(Zone.LABELS, D)])):
        (tmp_path / "catalog.yaml").write_text(text)
        catalog = load_catalog(tmp_path / "catalog.yaml")
        found = [step for dataset in catalog for step in steps(dataset) if step.zone is Zone.LABELS]
        assert found == expected
    assert upstream(found[0], catalog[D], None) == [Step(Zone.MERGED, D)]
    assert found[0].key == ("labels", D)


def test_the_last_labels_of_a_day_come_with_the_next_day(tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(LABELS)
    catalog = load_catalog(tmp_path / "catalog.yaml")
    store, bars = Store(tmp_path / "lake"), calm().bars
    context = Bench(store, catalog)
    partition = Partition("labels", D, SYMBOL, DAYS[1])

    def made() -> tuple[State, pl.DataFrame | None]:
        (outcome,) = materialize(context, catalog[D], [partition])  # type: ignore[arg-type]
        return outcome.state, store.read(partition)

    assert made() == (State.HELD_BACK, None)
    write_bars(store, catalog[D], SYMBOL, bars.filter(pl.col("open_time") < START + 2 * DAY))
    state, first = made()
    assert first is not None
    assert (state, first["fwd_ret_60"].null_count(), first.height) == (State.PUBLISHED, 60, 1440)
    write_bars(store, catalog[D], SYMBOL, bars)
    state, second = made()
    assert second is not None
    assert (state, second["fwd_ret_60"].null_count()) == (State.PUBLISHED, 0)
    assert made()[0] is State.UNCHANGED
    published = store.published(partition)
    assert published is not None
    assert [date for date, _ in published.record["merged"]] == DAYS[1:3]
    found = query(store, catalog, "SELECT count(fwd_ret_1), max(date) FROM labels.um_klines_1m")
    assert found.row(0) == (1440, DAYS[1])
