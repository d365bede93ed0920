"""Discovery: what the archive lists becomes partitions, once."""

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from bcdata.catalog import Catalog
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.resources import SourceResource
from bcdata.dagster.sensors import build_sensors
from bcdata.errors import ProviderError
from bcdata.universe import discovery
from bcdata.windows import Grain

SPOT = symbol_set("spot", Grain.MONTH)


def tick(catalog: Catalog, instance: dg.DagsterInstance, name: str = f"discover_{SPOT}") -> SensorExecutionData:
    """One evaluation of a discovery sensor."""
    [sensor] = [one for one in build_sensors(catalog) if one.name == name]
    resources = {"binance_archive": SourceResource()}
    with dg.build_sensor_context(instance, resources=resources) as context:
        return sensor.evaluate_tick(context)


def asked(result: SensorExecutionData) -> list[str]:
    """The symbols that a tick adds."""
    requests = result.dynamic_partitions_requests or []
    assert all(isinstance(request, dg.AddDynamicPartitionsRequest) for request in requests)
    assert {request.partitions_def_name for request in requests} <= {SPOT}
    return [key for request in requests for key in request.partition_keys]


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the archive lists; the question itself is tested against the loopback exchange."""
    symbols = ["AAAUSDT", "CCCUSDT"]
    monkeypatch.setattr(discovery, "discover", lambda *_args: list(symbols))
    return symbols


def test_new_symbols_become_partitions_after_the_known_ones(
    small: Catalog, instance: dg.DagsterInstance, listed: list[str]
) -> None:
    """Sorting anew would move neighbours apart: Dagster keeps them as they came."""
    instance.add_dynamic_partitions(SPOT, ["CCCUSDT"])
    listed.append("DDDUSDT")
    assert asked(tick(small, instance)) == ["AAAUSDT", "DDDUSDT"]


@pytest.mark.usefixtures("listed")
def test_a_tick_that_finds_nothing_new_says_so(small: Catalog, instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT", "CCCUSDT"])
    result = tick(small, instance)
    assert asked(result) == []
    assert "2 are known" in (result.skip_message or "")


@pytest.mark.usefixtures("listed")
def test_a_tick_that_adds_symbols_says_so(small: Catalog, instance: dg.DagsterInstance) -> None:
    """Without words of ours the UI shows "Sensor function returned an empty result"."""
    assert "AAAUSDT" in (tick(small, instance).skip_message or "")


def test_a_symbol_that_is_no_longer_listed_stays(
    small: Catalog, instance: dg.DagsterInstance, listed: list[str]
) -> None:
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT", "CCCUSDT", "DDDUSDT"])
    listed.remove("CCCUSDT")
    assert asked(tick(small, instance)) == []


def test_an_archive_that_cannot_be_asked_fails_the_tick(
    small: Catalog, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "No symbols" would be a lie."""

    def refuse(*_args: object) -> list[str]:
        raise ProviderError("unreachable", provider="binance_archive")

    monkeypatch.setattr(discovery, "discover", refuse)
    with pytest.raises(ProviderError, match="unreachable"):
        tick(small, instance)


def test_one_sensor_for_each_set_of_symbols(small: Catalog) -> None:
    assert {one.name for one in build_sensors(small) if one.name.startswith("discover_")} == {
        "discover_spot_symbols_by_month",
        "discover_um_symbols_by_day",
        "discover_um_symbols_by_month",
    }
