"""The feature zone over a lake: the bits of the whole, whoever is asked for, and what a change of others reaches."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from bcdata.catalog import Dataset, load_catalog
from bcdata.features.proofs.bars import PRICES, START
from bcdata.features.proofs.world import MEMBERS, REFERENCE, SYMBOL, World, calm, wild
from bcdata.features.table.compute import compute, compute_counted
from bcdata.features.table.context import FeatureContext
from bcdata.pipeline import stream
from bcdata.pipeline.features import table as features
from bcdata.pipeline.features.feature_set import features_of, version_of
from bcdata.pipeline.features.table import made_of, materialize
from bcdata.pipeline.outcome import Outcome, State
from bcdata.sql.connection import query
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.features.lake import write_bars, write_world

DAY = timedelta(days=1)
D, F = "um_klines_1m", "um_funding"
CATALOG = """\
datasets:
  um_klines_1m:
    grain: day
    start: 2023-02-26
    symbols: [AUSDT, BTCUSDT, CUSDT, DUSDT, EUSDT, FUSDT]
    sources: [binance_archive]
    features:
      universe: [BTCUSDT, AUSDT, CUSDT, DUSDT, EUSDT, FUSDT]
  um_funding:
    grain: month
    start: 2023-01
    symbols: [AUSDT, BTCUSDT]
    sources: [binance_archive]
"""
DAYS = [(START + number * DAY).strftime("%Y-%m-%d") for number in range(6)]

NOT_LISTED = ("EUSDT", DAYS[0])
"""It has no merged bars on its first day."""


@dataclass
class Bench:
    """All that the operation needs of a workbench."""

    store: Store
    catalog: object

    def run(self, dataset: Dataset, cells: list[tuple[str, str]]) -> dict[tuple[str, str], Outcome]:
        partitions = [Partition("features", dataset.name, symbol, date) for symbol, date in cells]
        done = list(materialize(self, dataset, partitions))  # type: ignore[arg-type]
        return {(one.partition.symbol, one.partition.date): one for one in done}


def bench(folder: Path, world: World, text: str = CATALOG) -> tuple[Bench, Dataset]:
    (folder / "catalog.yaml").write_text(text)
    catalog = load_catalog(folder / "catalog.yaml")
    write_world(folder / "lake", world, catalog[D], catalog[F])
    return Bench(Store(folder / "lake"), catalog), catalog[D]


def table(context: Bench, symbol: str, date: str) -> pl.DataFrame:
    found = context.store.read(Partition("features", D, symbol, date))
    assert found is not None
    return found


def all_of(context: Bench, dataset: Dataset) -> dict[tuple[str, str], Outcome]:
    return context.run(dataset, [(symbol, date) for symbol in MEMBERS for date in DAYS])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Dataset, dict[tuple[str, str], Outcome]]:
    context, dataset = bench(tmp_path_factory.mktemp("features"), wild())
    return context, dataset, all_of(context, dataset)


@pytest.mark.slow
def test_days_have_the_bits_of_the_whole(made: tuple[Bench, Dataset, dict[tuple[str, str], Outcome]]) -> None:
    context, dataset, outcomes = made
    world, chosen = wild(), features_of(dataset)
    assert {cell for cell, one in outcomes.items() if one.state is not State.PUBLISHED} == {NOT_LISTED}
    around = replace(world.around, symbol=SYMBOL)
    whole = dataset.grain.window(DAYS[0]).start, dataset.grain.window(DAYS[-1]).end
    expected = compute(
        world.bars,
        window=type(dataset.grain.window(DAYS[0]))(*whole),
        interval=dataset.bar_interval,
        features=chosen,
        around=around,
    )
    joined = pl.concat([table(context, SYMBOL, date) for date in DAYS])
    assert_frame_equal(joined.drop("xs_rank_60"), expected.drop("xs_rank_60"), check_exact=True)
    # The member that is listed late has no partition on the first day, so nobody can tell why it lacks these bars.
    told = pl.col("open_time") >= START + DAY + timedelta(hours=1)
    assert joined.filter(~told)["xs_rank_60"].count() == 0
    assert_series_equal(joined.filter(told)["xs_rank_60"], expected.filter(told)["xs_rank_60"], check_exact=True)
    for column in ("beta_btc_240", "xs_rank_60"):
        assert joined[column].count() > 2000


@pytest.mark.slow
def test_order_neighbours_and_threads_make_no_difference(
    made: tuple[Bench, Dataset, dict[tuple[str, str], Outcome]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, dataset, outcomes = made
    monkeypatch.setattr(stream.os, "cpu_count", lambda: 1)
    other, _ = bench(tmp_path, wild())
    cells = sorted(outcomes)
    np.random.default_rng(0).shuffle(cells)
    for symbol, date in [cell for cell in cells if tuple(cell) != NOT_LISTED][::3]:
        other.run(dataset, [(symbol, date)])
        for one in (context, other):
            key = Partition("features", D, symbol, date).key()
            assert one.store.objects.get(key) is not None
        assert other.store.objects.get(key) == context.store.objects.get(key)


def test_a_second_run_does_nothing_and_what_was_read_is_recorded(
    made: tuple[Bench, Dataset, dict[tuple[str, str], Outcome]],
) -> None:
    context, dataset, outcomes = made
    again = all_of(context, dataset)
    assert {cell for cell, one in again.items() if one.state is not State.UNCHANGED} == {NOT_LISTED}
    published = context.store.published(Partition("features", D, SYMBOL, DAYS[3]))
    assert published is not None
    assert published.fingerprint == outcomes[SYMBOL, DAYS[3]].fingerprint
    assert published.fingerprint == made_of(context.store, context.catalog, dataset, published_partition())  # type: ignore[arg-type]
    read = {(name, symbol) for name, symbol, _, _ in published.record["inputs"]}
    settled = {(F, SYMBOL), (F, REFERENCE)} if any(one.reads("funding") for one in features_of(dataset)) else set()
    assert read == {*((D, member) for member in MEMBERS), *settled}
    assert published.record["features"] == version_of(dataset)


def published_partition() -> Partition:
    return Partition("features", D, SYMBOL, DAYS[3])


def test_another_reference_bar_reaches_those_that_looked_at_it_and_nobody_else(tmp_path: Path) -> None:
    world = calm()
    context, dataset = bench(
        tmp_path,
        world,
        CATALOG.replace("    features:\n      universe: [BTCUSDT, AUSDT, CUSDT, DUSDT, EUSDT, FUSDT]\n", ""),
    )
    cells = [(symbol, date) for symbol in (SYMBOL, REFERENCE, "CUSDT") for date in DAYS[:5]]
    before = context.run(dataset, cells)
    factor = pl.when(pl.int_range(pl.len()) == 3 * 1440 + 7).then(1.001).otherwise(1.0)  # on the fourth day
    write_bars(context.store, dataset, REFERENCE, world.reference.with_columns(pl.col(PRICES) * factor))
    after = context.run(dataset, cells)
    changed = {cell for cell in cells if after[cell].state is State.PUBLISHED}
    assert {date for _, date in changed} == set(DAYS[3:5])
    assert changed == {(symbol, date) for symbol, date in cells if date in DAYS[3:5]}
    assert {cell for cell in cells if after[cell].fingerprint != before[cell].fingerprint} == changed


def test_what_is_missing_leaves_nulls_and_a_warning(tmp_path: Path) -> None:
    world = calm()
    lacking = replace(world, members={name: world.members[name] for name in (SYMBOL, "CUSDT")}, name=("lacking",))
    context, dataset = bench(tmp_path, lacking)
    (outcome,) = context.run(dataset, [(SYMBOL, DAYS[3])]).values()
    assert outcome.state is State.PUBLISHED
    rules = outcome.verdict.counts()
    assert {"reference", "universe"} <= set(rules)
    said = outcome.verdict.summary()
    assert "no merged um_klines_1m of BTCUSDT in 2023-02-26, 2023-02-27, 2023-02-28, 2023-03-01" in said
    made = table(context, SYMBOL, DAYS[3])
    assert made["beta_btc_240"].count() == made["xs_rank_60"].count() == 0
    assert made["log_ret_1"].null_count() == 0


def test_a_member_that_lacks_bars_without_a_reason_warns(
    made: tuple[Bench, Dataset, dict[tuple[str, str], Outcome]],
) -> None:
    _, _, outcomes = made
    counted = [one.verdict.counts().get("universe", 0) for one in outcomes.values()]
    assert max(counted) > 50


def test_a_changed_window_is_another_version_of_this_dataset_alone(tmp_path: Path) -> None:
    text = CATALOG.replace("    features:\n", "    features:\n      select: [ret_vol_z, xs_rank_60]\n")
    context, dataset = bench(tmp_path, calm(), text)
    context.run(dataset, [(SYMBOL, DAYS[3])])
    first = table(context, SYMBOL, DAYS[3])
    assert first.columns == ["open_time", "known_at", "ret_vol_z", "xs_rank_60"]
    windows = "      windows:\n        ret_vol_z: {n: 30}\n      normalise:\n        ret_vol_z: {z: 60, rank: 60}\n"
    (tmp_path / "catalog.yaml").write_text(text.replace("      universe", windows + "      universe"))
    catalog = load_catalog(tmp_path / "catalog.yaml")
    assert version_of(catalog[D]) != version_of(dataset)
    assert version_of(catalog[F]) == version_of(context.catalog[F])  # type: ignore[index]
    (outcome,) = Bench(context.store, catalog).run(catalog[D], [(SYMBOL, DAYS[3])]).values()
    second = table(context, SYMBOL, DAYS[3])
    assert outcome.state is State.PUBLISHED
    assert second.columns[2:] == ["ret_vol_z", "ret_vol_z_z_60", "ret_vol_z_rank_60", "xs_rank_60"]
    assert_frame_equal(first.select("xs_rank_60"), second.select("xs_rank_60"))
    assert not first["ret_vol_z"].equals(second["ret_vol_z"])
    assert outcome.verdict.facts["clipped"]["ret_vol_z_z_60"] > 0


def test_only_what_a_change_of_the_set_affects_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, dataset = bench(tmp_path, calm())
    computed: list[list[str]] = []

    def counted(*args: object, **how: Any) -> tuple[pl.DataFrame, dict[str, int]]:
        computed.append([feature.name for feature in how["features"]])
        return compute_counted(*args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(features, "compute_counted", counted)

    def after(section: str) -> tuple[pl.DataFrame, list[str]]:
        (tmp_path / "catalog.yaml").write_text(CATALOG.replace("    features:\n", "    features:\n" + section))
        catalog = load_catalog(tmp_path / "catalog.yaml")
        (outcome,) = Bench(context.store, catalog).run(catalog[D], [(SYMBOL, DAYS[3])]).values()
        assert outcome.state is State.PUBLISHED
        return table(context, SYMBOL, DAYS[3]), computed[-1]

    whole, names = after("")
    assert names == [one.name for one in features_of(dataset)]
    longer, names = after("      windows:\n        donchian_pos_240: {n: 480}\n")
    assert names == ["donchian_pos_240"]
    assert_frame_equal(longer.drop("donchian_pos_240"), whole.drop("donchian_pos_240"), check_exact=True)
    _, names = after("      reference: CUSDT\n")
    assert set(names) == {"donchian_pos_240", *(one.name for one in features_of(dataset) if one.reads("@reference"))}
    few, names = after("      select: [log_ret_1, gap]\n      normalise:\n        gap: {z: 60}\n")
    assert names == ["gap_z_60"]
    assert_frame_equal(few.select("log_ret_1", "gap"), whole.select("log_ret_1", "gap"), check_exact=True)
    write_bars(context.store, dataset, SYMBOL, calm(seed=1).bars)
    changed, names = after("      select: [log_ret_1, gap]\n")
    assert names == ["log_ret_1", "gap"]
    assert not changed["gap"].equals(few["gap"])


def test_sql_sees_the_columns_of_both_sets_while_one_is_being_made(tmp_path: Path) -> None:
    context, dataset = bench(
        tmp_path, calm(), CATALOG.replace("    features:\n", "    features:\n      select: [gap, body]\n")
    )
    context.run(dataset, [(SYMBOL, DAYS[2])])
    (tmp_path / "catalog.yaml").write_text(
        CATALOG.replace("    features:\n", "    features:\n      select: [gap, log_ret_1]\n")
    )
    catalog = load_catalog(tmp_path / "catalog.yaml")
    Bench(context.store, catalog).run(catalog[D], [(SYMBOL, DAYS[3])])
    seen = query(context.store, catalog, "SELECT count(gap), count(body), count(log_ret_1) FROM features.um_klines_1m")
    assert seen.row(0) == (2880, 1440, 1440)


def test_a_market_without_settlements_has_null_funding_features(tmp_path: Path) -> None:
    text = CATALOG.partition("  um_funding")[0]
    (tmp_path / "catalog.yaml").write_text(text)
    catalog = load_catalog(tmp_path / "catalog.yaml")
    write_world(tmp_path / "lake", calm(), catalog[D])
    context = Bench(Store(tmp_path / "lake"), catalog)
    (outcome,) = context.run(catalog[D], [(SYMBOL, DAYS[3])]).values()
    assert "funding" not in outcome.verdict.counts()
    named = [one.name for one in features_of(catalog[D]) if one.reads("funding")]
    assert all(table(context, SYMBOL, DAYS[3])[name].count() == 0 for name in named)
    assert FeatureContext().funding is None
