"""A catalog that can be read, and what stands in it."""

import dataclasses
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bcdata.catalog import MARKETS, Catalog, FeatureSet, Labels, Normalise, common_start, load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.errors import CatalogError, UsageError
from bcdata.providers.registry import SOURCES
from bcdata.windows import Grain
from bcdata_tests.catalog.conftest import Load, Write

ROOT = Path(__file__).parents[2]
MINIMAL = """\
datasets:
  spot_klines_1m:
    grain: month
    start: 2023-01
    symbols: [ETHUSDT, BTCUSDT]
    sources: [binance_archive, binance_rest]
"""


def entry(name: str, **changes: str) -> str:
    values = {"grain": "month", "start": "2023-01", "symbols": "[A]", "sources": "[binance_rest]", **changes}
    return f"  {name}:\n" + "".join(f"    {key}: {value}\n" for key, value in values.items())


def test_a_file_with_only_the_needed_keys(load: Load) -> None:
    dataset = load(MINIMAL)["spot_klines_1m"]
    assert (dataset.market, dataset.kind, dataset.grain, dataset.start) == (
        "spot",
        "klines",
        Grain.MONTH,
        "2023-01",
    )
    assert dataset.interval is not None
    assert dataset.interval.length == timedelta(minutes=1)
    assert dataset.sources == ("binance_archive", "binance_rest")
    assert dataset.select([]) == ["BTCUSDT", "ETHUSDT"]
    assert (dataset.calendar, dataset.archive, dataset.features) == ("24/7", ("daily", "monthly"), FeatureSet())
    assert dataset.quality.max_bad_share == 0.5


def test_features_and_labels_are_said_in_sections(load: Load) -> None:
    dataset = load(
        MINIMAL
        + """\
    features:
      select: [log_ret_1, donchian_pos_240]
      windows:
        donchian_pos_240: {n: 480}
      reference: ETHUSDT
      universe: [BTCUSDT, ETHUSDT]
      normalise:
        log_ret_1: {z: 1440, tail: 0.005}
    labels: {horizons: [1, 5]}
"""
    )["spot_klines_1m"]
    assert dataset.features == FeatureSet(
        select=("log_ret_1", "donchian_pos_240"),
        windows={"donchian_pos_240": {"n": "480"}},
        reference="ETHUSDT",
        universe=("BTCUSDT", "ETHUSDT"),
        normalise={"log_ret_1": Normalise(z=1440, tail=0.005)},
    )
    assert dataset.labels == Labels(horizons=(1, 5))
    assert load(MINIMAL + "    features: false\n")["spot_klines_1m"].features is None


def test_defaults_follow_the_type(load: Load) -> None:
    catalog = load("datasets:\n" + entry("um_funding") + entry("um_klines_1mo"))
    funding, months = catalog
    assert (funding.interval, funding.archive, funding.features) == (None, ("monthly",), None)
    assert (months.archive, months.features) == (("monthly",), FeatureSet())
    assert months.interval is not None
    assert months.interval.length is None


@pytest.mark.parametrize("market", [one.name for one in MARKETS.values() if one.has_bars])
def test_every_interval_can_be_added_by_name(load: Load, market: str) -> None:
    names = [f"{market}_klines_{interval}" for interval in MARKETS[market].intervals]
    source = next(one.name for one in SOURCES.values() if market in one.capabilities.markets)
    entries = [entry(name, sources=f"[{source}]") for name in names]
    assert load("datasets:\n" + "".join(entries)).names == tuple(names)


@pytest.mark.parametrize(
    ("grain", "start"),
    [("month", "2023-01"), ("day", "2023-01-01"), ("day", "'2023-01-01'"), ("day", "2024-02-29")],
)
def test_date_keys_are_kept_as_written(load: Load, grain: str, start: str) -> None:
    [dataset] = load("datasets:\n" + entry("spot_klines_1m", grain=grain, start=start))
    assert dataset.start == start.strip("'")


def test_symbols_are_text_whatever_yaml_would_make_of_them(load: Load) -> None:
    [dataset] = load("datasets:\n" + entry("spot_klines_1m", symbols="[NO, ON, 1000, 0123, 1E5, 币安人生USDT, 12:30]"))
    assert dataset.symbols == ("NO", "ON", "1000", "0123", "1E5", "币安人生USDT", "12:30")


def test_aliases_share_a_universe(load: Load) -> None:
    text = "datasets:\n" + entry("um_klines_1m", symbols="[B, C]").replace("[B, C]", "&s [B, C]")
    catalog = load(text + entry("um_klines_1h", symbols="*s"))
    assert [dataset.symbols for dataset in catalog] == [("B", "C"), ("B", "C")]


def test_a_byte_order_mark_is_no_harm(write: Write) -> None:
    assert load_catalog(write("\ufeff" + MINIMAL)).names == ("spot_klines_1m",)


def test_values_are_immutable_and_comparable(load: Load) -> None:
    catalog = load(MINIMAL)
    with pytest.raises(ValidationError, match="frozen"):
        catalog["spot_klines_1m"].start = "2020-01"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        catalog.datasets = ()  # type: ignore[misc]
    assert catalog == load(MINIMAL)
    assert len({*catalog, *load(MINIMAL)}) == 1


def test_unknown_dataset(load: Load) -> None:
    with pytest.raises(UsageError, match="did you mean 'spot_klines_1m'"):
        load(MINIMAL)["spot_kline_1m"]


def test_bars_join_the_funding_of_their_market(load: Load) -> None:
    catalog = load("datasets:\n" + entry("um_klines_1m") + entry("um_funding") + entry("cm_klines_1m"))
    found = catalog.joined(catalog["um_klines_1m"])
    assert found is not None
    assert found.name == "um_funding"
    assert catalog.joined(catalog["cm_klines_1m"]) is None
    assert catalog.joined(found) is None


def test_publication_due(load: Load) -> None:
    [dataset] = load("datasets:\n" + entry("spot_klines_1m", publication="{daily: 90m}"))
    end = datetime(2023, 2, 1, tzinfo=UTC)
    assert dataset.publication.due("daily", end) == datetime(2023, 2, 1, 1, 30, tzinfo=UTC)
    assert dataset.publication.due("monthly", end) == datetime(2023, 2, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("market", "grain", "start", "common"),
    [
        ("spot", "month", "2023-01", "2023-01"),
        ("spot", "day", "2023-01-01", "2023-01-01"),
        ("um", "month", "2023-01", "2023-01"),
        ("cm", "day", "2023-01-01", "2023-01-01"),
        ("spot", "month", "2016-05", "2016-05"),
        ("um", "day", "2019-08-31", "2019-08-31"),
    ],
)
def test_common_start(load: Load, market: str, grain: str, start: str, common: str) -> None:
    other = entry("cm_klines_1d" if market != "cm" else "um_klines_1d", start="2001-01")
    catalog = load("datasets:\n" + entry(f"{market}_klines_1m", grain=grain, start=start) + other)
    assert common_start(catalog, market, Grain(grain)) == common


def test_common_start_without_datasets_and_without_market(load: Load) -> None:
    catalog = load(MINIMAL)
    assert common_start(catalog, "um", Grain.DAY) == "2019-09-01"
    with pytest.raises(UsageError, match="unknown market 'umm'; did you mean 'um'"):
        common_start(catalog, "umm", Grain.DAY)


def test_shared_definitions(load: Load) -> None:
    catalog = load(
        "datasets:\n"
        + entry("um_funding")
        + entry("um_klines_1m")
        + entry("um_klines_1h", grain="day", start="2023-01-01")
    )
    assert catalog.shared() == (("um", Grain.DAY), ("um", Grain.MONTH))


def names(catalog: Catalog) -> set[str]:
    return set(catalog.names)


def test_the_packaged_catalog_is_the_projects_own() -> None:
    assert PACKAGED.read_bytes() == (ROOT / "catalog.yaml").read_bytes()
    catalog = load_catalog()
    assert catalog.path == PACKAGED
    assert {"spot_klines_1m", "um_klines_1m", "cm_klines_1m", "um_funding"} <= names(catalog)
    for dataset in catalog:
        start = common_start(catalog, dataset.market, dataset.grain)
        assert MARKETS[dataset.market].first_key(dataset.grain) <= start <= dataset.start


def test_which_catalog_is_in_force(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(MINIMAL)
    assert load_catalog().path == Path("catalog.yaml")
    named = tmp_path / "other.yaml"
    named.write_text("datasets:\n" + entry("cm_funding"))
    (tmp_path / ".env").write_text("BCDATA_CATALOG=other.yaml\n")
    assert names(load_catalog()) == {"cm_funding"}
    monkeypatch.setenv("BCDATA_CATALOG", str(tmp_path / "gone.yaml"))
    with pytest.raises(CatalogError, match=r"gone\.yaml"):
        load_catalog()


def test_loading_is_light() -> None:
    heavy = "{'dagster', 'polars', 'duckdb', 'numpy', 'aiohttp', 'pandera'}"
    code = f"import sys, bcdata.catalog as c; c.load_catalog(); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"
