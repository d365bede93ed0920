"""The asset graph that a catalog calls for: keys, groups, dependencies and partitions."""

from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetKey

from bcdata.catalog import Catalog, load_catalog
from bcdata.dagster.assets import build_assets, build_gates
from bcdata.dagster.build import build_defs
from bcdata.dagster.checks import FINDINGS, GATE
from bcdata.dagster.jobs import asset_keys, job_name
from bcdata.dagster.partitions import partitions_of, symbol_set
from bcdata.pipeline.zones import steps
from bcdata.windows import Grain

SPOT_MINUTES = {
    "raw/binance_archive/spot_klines_1m": set(),
    "parsed/binance_archive/spot_klines_1m": {"raw/binance_archive/spot_klines_1m"},
    "raw/binance_rest/spot_klines_1m": {"parsed/binance_archive/spot_klines_1m"},
    "parsed/binance_rest/spot_klines_1m": {"raw/binance_rest/spot_klines_1m"},
    "merged/spot_klines_1m": {"parsed/binance_archive/spot_klines_1m", "parsed/binance_rest/spot_klines_1m"},
    "features/spot_klines_1m": {"merged/spot_klines_1m"},
}
JOINS = {
    "merged/um_klines_1m": {
        "parsed/binance_archive/um_klines_1m",
        "parsed/binance_rest/um_klines_1m",
        "merged/um_funding",
    },
    "merged/cm_klines_1m": {
        "parsed/binance_archive/cm_klines_1m",
        "parsed/binance_rest/cm_klines_1m",
        "merged/cm_funding",
    },
}
DATASETS = {"spot_klines_1m", "spot_klines_1h", "um_klines_1m", "um_klines_1h", "um_funding"} | {
    "cm_klines_1m",
    "cm_funding",
}


def specs(catalog: Catalog) -> dict[str, dg.AssetSpec]:
    """The specs of all assets by key."""
    return {spec.key.to_user_string(): spec for asset in build_assets(catalog) for spec in asset.specs}


def parents(spec: dg.AssetSpec) -> set[str]:
    """The keys that an asset depends on."""
    return {dep.asset_key.to_user_string() for dep in spec.deps}


def test_the_packaged_catalog_has_these_assets(packaged: Catalog) -> None:
    found = specs(packaged)
    expected = {
        f"{zone}/{dataset}"
        for dataset in DATASETS
        for zone in (
            *(f"{zone}/{source}" for zone in ("raw", "parsed") for source in ("binance_archive", "binance_rest")),
            "merged",
            *([] if "funding" in dataset else ["features", "reports"]),
            *(["seasonality"] if dataset.endswith("1m") else []),
        )
    }
    expected |= {f"resampled/{name}" for dataset in packaged for name in dataset.resampled()}
    assert set(found) == expected
    assert {key: parents(found[key]) for key in SPOT_MINUTES} == SPOT_MINUTES
    assert {key: parents(found[key]) for key in JOINS} == JOINS


def test_every_dependency_is_an_asset_of_the_catalog(packaged: Catalog, small: Catalog) -> None:
    for catalog in (packaged, small):
        found = specs(catalog)
        assert {parent for spec in found.values() for parent in parents(spec)} <= set(found)


MANY_SOURCES = """
datasets:
  kraken_klines_1m: {grain: day, start: 2023-01-01, symbols: [XBTUSD], sources: [kraken_rest, kraken_trades]}
  kraken_klines_1h: {grain: day, start: 2023-01-01, symbols: [XBTUSD], sources: [kraken_trades, kraken_rest]}
  um_klines_1m:
    {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_rest, binance_archive], resample: [1h]}
  um_klines_1h: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_rest]}
  um_funding: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive, binance_rest]}
"""


@pytest.fixture
def many_sources(tmp_path: Path) -> Catalog:
    """Sources in every order."""
    (tmp_path / "catalog.yaml").write_text(MANY_SOURCES)
    return load_catalog(tmp_path / "catalog.yaml")


def graph(catalog: Catalog) -> list[dg.AssetSpec]:
    """The specs of all assets, those that jobs make aside of the flow among them."""
    assets = build_defs(catalog).resolve_asset_graph()
    return [assets.get(key).to_asset_spec() for key in assets.get_all_asset_keys()]


@pytest.mark.parametrize("which", ["packaged", "small", "many_sources"])
def test_no_two_assets_of_a_group_have_the_same_label(which: str, request: pytest.FixtureRequest) -> None:
    """Dagster labels nodes with the last part of their keys."""
    labels = [(spec.group_name, spec.key.path[-1]) for spec in graph(request.getfixturevalue(which))]
    assert len(labels) == len(set(labels)) > 10


@pytest.mark.parametrize("which", ["packaged", "small", "many_sources"])
def test_data_flows_through_groups_in_one_direction(which: str, request: pytest.FixtureRequest) -> None:
    """So that the global lineage shows raw left of parsed: a circle of groups has no left."""
    found = {spec.key.to_user_string(): spec for spec in graph(request.getfixturevalue(which))}
    before: dict[str, set[str]] = defaultdict(set)
    for spec in found.values():
        groups = {str(found[parent].group_name) for parent in parents(spec)}
        before[str(spec.group_name)] |= groups - {spec.group_name}
    order = list(TopologicalSorter(before).static_order())
    assert order.index("raw") < order.index("parsed") < order.index("merged") < order.index("features")


def test_groups_of_the_packaged_catalog(packaged: Catalog) -> None:
    assert {str(spec.group_name) for spec in graph(packaged)} == {
        *("raw", "parsed", "repair_raw", "repair_parsed", "merged", "features", "reports", "seasonality"),
        *("resampled", "halts"),
    }


def test_assets_can_be_told_apart_wherever_they_are_shown(packaged: Catalog) -> None:
    found = specs(packaged)
    described = [spec.description for spec in found.values()]
    assert len(described) == len(set(described))
    assert all(list(spec.owners) == ["team:bcdata"] for spec in found.values())
    rest = found["raw/binance_rest/um_klines_1m"]
    assert rest.kinds == {"raw", "json", "binance_rest"}
    assert {name: value for name, value in rest.tags.items() if name.startswith("bcdata/")} == {
        "bcdata/zone": "raw",
        "bcdata/dataset": "um_klines_1m",
        "bcdata/market": "um",
        "bcdata/type": "klines",
        "bcdata/grain": "month",
        "bcdata/source": "binance_rest",
        "bcdata/interval": "1m",
    }
    assert str(rest.description).startswith("Raw of binance_rest: answers of um_klines_1m")


def test_what_people_read_is_there(packaged: Catalog) -> None:
    for key, spec in specs(packaged).items():
        assert spec.description, key
        assert key.split("/")[-1] in spec.description, key
        assert spec.kinds, key


def test_raw_takes_turns_in_the_pool_of_its_provider(packaged: Catalog) -> None:
    for asset in build_assets(packaged):
        [key] = asset.keys
        assert asset.op.pool == (key.path[1] if key.path[0] == "raw" else None)


def test_every_asset_has_the_gate_and_its_findings_as_checks(packaged: Catalog) -> None:
    for asset, gate in zip(build_assets(packaged), build_gates(packaged), strict=True):
        assert [spec.name for spec in asset.check_specs] == [FINDINGS]
        assert [spec.name for spec in gate.check_specs] == [GATE], "a step of its own, so that it may fail alone"
        told = {(spec.asset_key, spec.blocking) for spec in (*asset.check_specs, *gate.check_specs)}
        assert told == {(asset.key, False)}


@pytest.mark.parametrize("which", ["packaged", "small"])
def test_assets_of_a_market_and_grain_share_one_partitions_definition(
    which: str, request: pytest.FixtureRequest
) -> None:
    """Otherwise Dagster refuses to run them together, or splits their backfill."""
    catalog: Catalog = request.getfixturevalue(which)
    definitions = defaultdict(set)
    for asset in build_assets(catalog):
        source = next(iter(parents(next(iter(asset.specs)))), None) if asset.key.path[0] == "resampled" else None
        dataset = catalog[source.split("/")[-1] if source else asset.key.path[-1]]
        definitions[dataset.market, dataset.grain].add(id(asset.partitions_def))
    assert set(definitions) == set(catalog.shared())
    assert all(len(found) == 1 for found in definitions.values())


def test_an_earlier_dataset_moves_the_common_start_and_not_its_neighbours(
    small: Catalog, instance: dg.DagsterInstance
) -> None:
    """Keys before a dataset's start exist; they are no work (see test_body)."""
    hours = partitions_of(small, small["spot_klines_1h"])
    assert hours is partitions_of(small, small["spot_klines_1m"])
    instance.add_dynamic_partitions(symbol_set("spot", Grain.MONTH), ["AAAUSDT"])
    keys = hours.get_partition_keys(dynamic_partitions_store=instance)
    assert keys[0] < "2023-03|AAAUSDT"


def test_keys_are_date_and_symbol_in_this_order(small: Catalog, instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions(symbol_set("um", Grain.DAY), ["AAAUSDT"])
    keys = partitions_of(small, small["um_klines_1d"]).get_partition_keys(dynamic_partitions_store=instance)
    assert "2023-06-01|AAAUSDT" in keys


def test_the_open_period_is_a_partition(small: Catalog, instance: dg.DagsterInstance) -> None:
    """`end_offset=1`: the daily refresh has to be able to name the month that is not over."""
    from bcdata import clock

    instance.add_dynamic_partitions(symbol_set("spot", Grain.MONTH), ["AAAUSDT"])
    definition = partitions_of(small, small["spot_klines_1m"])
    before, key = Grain.MONTH.key(clock.now()), definition.get_partition_keys(dynamic_partitions_store=instance)[-1]
    assert key.split("|")[0] in {before, Grain.MONTH.key(clock.now())}  # a month may end in between


@pytest.mark.parametrize("which", ["packaged", "small"])
def test_a_job_holds_all_zones_of_the_datasets_that_share_its_partitions(
    which: str, request: pytest.FixtureRequest
) -> None:
    catalog: Catalog = request.getfixturevalue(which)
    defs = build_defs(catalog)
    for market, grain in catalog.shared():
        job = defs.resolve_job_def(job_name(market, grain))
        own = [one for one in catalog if (one.market, one.grain) == (market, grain)]
        keys = {AssetKey(step.key) for one in own for step in steps(one)}
        assert set(job.asset_layer.executable_asset_keys) == keys
        for one in own:
            assert set(asset_keys(catalog, one)) <= keys, "what it joins is among them"


def test_a_source_that_is_left_out_has_no_assets(small: Catalog) -> None:
    found = {key for key in specs(small) if key.endswith("um_klines_1d")}
    assert found == {
        "raw/binance_rest/um_klines_1d",
        "parsed/binance_rest/um_klines_1d",
        "merged/um_klines_1d",
        "features/um_klines_1d",
        "reports/um_klines_1d",
    }


def test_rest_alone_asks_without_waiting_for_an_archive(small: Catalog) -> None:
    assert parents(specs(small)["raw/binance_rest/um_klines_1d"]) == set()


def test_settlements_of_another_grain_are_no_dependency(small: Catalog) -> None:
    """Days would have to be mapped to months, and such a mapping splits runs."""
    found = specs(small)
    assert "merged/um_funding" not in parents(found["merged/um_klines_1d"])
    assert "merged/um_funding" in parents(found["merged/um_klines_5m"])
