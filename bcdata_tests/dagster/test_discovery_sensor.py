"""Discovery: what the catalog names, or its universes choose out of the archive's listing, becomes partitions, once."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from bcdata.catalog import Automation, Catalog, Dataset, load_catalog
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.resources import SourceResource
from bcdata.dagster.sensors.discovery import discovery_sensor
from bcdata.errors import ProviderError
from bcdata.instruments import discovery
from bcdata.windows import Grain

SPOT, UM = symbol_set("spot", Grain.MONTH), symbol_set("um", Grain.MONTH)
CATALOG = """
datasets:
  spot_klines_1m:
    {grain: month, start: 2023-01, universe: {quote: [USDT]}, sources: [binance_archive, binance_rest]}
  um_klines_1h:
    {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A dataset that chooses its symbols, and one that names them."""
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    return load_catalog(tmp_path / "catalog.yaml")


def tick(catalog: Catalog, instance: dg.DagsterInstance) -> SensorExecutionData:
    """One evaluation of the sensor."""
    sensor = discovery_sensor(catalog.served_by(Automation.DISCOVER_SYMBOLS))
    with dg.build_sensor_context(instance, resources={"binance_archive": SourceResource()}) as context:
        return sensor.evaluate_tick(context)


def asked(result: SensorExecutionData, name: str = SPOT) -> list[str]:
    """The symbols that a tick adds to a set."""
    requests = result.dynamic_partitions_requests or []
    assert all(isinstance(request, dg.AddDynamicPartitionsRequest) for request in requests)
    return [key for one in requests if one.partitions_def_name == name for key in one.partition_keys]


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the archive lists; the question itself is tested against the loopback exchange."""
    symbols = ["AAAUSDT", "CCCUSDT"]

    async def answer(datasets: Iterable[Dataset], _urls: object) -> Mapping[str, set[str]]:
        return {one.kind: set(symbols) for one in datasets}

    monkeypatch.setattr(discovery, "_listed", answer)
    return symbols


def test_new_symbols_become_partitions_after_the_known_ones(
    catalog: Catalog, instance: dg.DagsterInstance, listed: list[str]
) -> None:
    """Sorting anew would move neighbours apart: Dagster keeps them as they came."""
    instance.add_dynamic_partitions(SPOT, ["CCCUSDT"])
    listed.append("DDDUSDT")
    assert asked(tick(catalog, instance)) == ["AAAUSDT", "DDDUSDT"]


@pytest.mark.usefixtures("listed")
def test_a_tick_that_finds_nothing_new_says_so(catalog: Catalog, instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT", "CCCUSDT"])
    result = tick(catalog, instance)
    assert asked(result) == []
    assert f"{SPOT}: nothing new; 2 are known" in (result.skip_message or "")


@pytest.mark.usefixtures("listed")
def test_a_tick_that_adds_symbols_says_so(catalog: Catalog, instance: dg.DagsterInstance) -> None:
    """Without words of ours the UI shows "Sensor function returned an empty result"."""
    assert "AAAUSDT" in (tick(catalog, instance).skip_message or "")


def test_a_symbol_that_is_no_longer_listed_stays(
    catalog: Catalog, instance: dg.DagsterInstance, listed: list[str]
) -> None:
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT", "CCCUSDT", "DDDUSDT"])
    listed.remove("CCCUSDT")
    assert asked(tick(catalog, instance)) == []


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that cannot be asked."""

    async def refuse(*_args: object) -> Mapping[str, set[str]]:
        raise ProviderError("unreachable", provider="binance_archive")

    monkeypatch.setattr(discovery, "_listed", refuse)


@pytest.mark.usefixtures("unreachable")
def test_named_symbols_need_no_archive(catalog: Catalog, instance: dg.DagsterInstance) -> None:
    result = tick(catalog, instance)
    assert asked(result, UM) == ["BTCUSDT"]
    assert f"{SPOT} could not be looked at: unreachable" in (result.skip_message or "")


@pytest.mark.usefixtures("unreachable")
def test_a_tick_that_learns_nothing_at_all_fails(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    """ "No symbols" would be a lie."""
    path = tmp_path / "catalog.yaml"
    path.write_text(CATALOG.partition("  um_")[0])
    with pytest.raises(ProviderError, match="unreachable"):
        tick(load_catalog(path), instance)


def test_it_is_on_from_the_start_only_where_it_asks_nobody(catalog: Catalog) -> None:
    def status(datasets: Sequence[Dataset]) -> str:
        return discovery_sensor(datasets).default_status.value

    assert status(list(catalog)) == "STOPPED"
    assert status([catalog["um_klines_1h"]]) == "RUNNING"
