"""New symbols become partitions. Each tick is one listing a set of symbols, and adds what is not there."""

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.resources import urls_of
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import has_role, source_of
from bcdata.windows import Grain

EVERY_SECONDS = 3600


def discovery_sensors(catalog: Catalog) -> list[dg.SensorDefinition]:
    """One sensor for each set of symbols of markets that have files: these list all symbols."""
    return [_discovery(catalog, market, grain) for market, grain in catalog.shared() if has_role(market, Role.BULK)]


def _discovery(catalog: Catalog, market: str, grain: Grain) -> dg.SensorDefinition:
    name = symbol_set(market, grain)

    @dg.sensor(
        name=f"discover_{name}",
        required_resource_keys={source_of(market, Role.BULK).name},
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Adds the symbols that the archive lists for {market}, delisted ones too, as partitions.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from bcdata.universe.discovery import discover

        known = context.instance.get_dynamic_partitions(name)
        listed = discover(catalog, market, grain, urls_of(context.resources))
        new = [symbol for symbol in listed if symbol not in set(known)]
        if not new:
            return dg.SensorResult(skip_reason=f"nothing new among the symbols of {market}: {len(known)} are known")
        context.log.info("%d new symbols of %s: %s", len(new), market, ", ".join(new[:20]))
        partitions = dg.DynamicPartitionsDefinition(name=name)
        return dg.SensorResult(
            # A tick that asks for no run is shown as skipped; the reason says what it did instead.
            skip_reason=f"{len(new)} new symbols of {market}: {', '.join(new[:20])}",
            dynamic_partitions_requests=[partitions.build_add_request(new)],
        )

    return sensor
