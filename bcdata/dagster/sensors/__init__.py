"""What happens when the world changes. One module a sensor; each tick is bounded, and idempotent over restarts.

What is due is worked out in `bcdata.healing`, without Dagster; a sensor turns it into requests.
"""

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.sensors.discovery import discovery_sensors
from bcdata.dagster.sensors.freshness import freshness_sensors
from bcdata.dagster.sensors.quality import quality_sensor
from bcdata.dagster.sensors.refill import refill_sensors
from bcdata.dagster.sensors.repair import repair_sensors
from bcdata.dagster.sensors.republished import republished_sensors
from bcdata.dagster.sensors.run_failure import run_failure_sensor
from bcdata.dagster.sensors.stale import stale_sensors
from bcdata.dagster.sensors.universe import universe_sensors


def build_sensors(catalog: Catalog) -> list[dg.SensorDefinition]:
    """All sensors that the catalog calls for."""
    kinds = (
        discovery_sensors,
        universe_sensors,
        refill_sensors,
        republished_sensors,
        stale_sensors,
        freshness_sensors,
        repair_sensors,
    )
    of_datasets = [sensor for kind in kinds for sensor in kind(catalog)]
    return [*of_datasets, run_failure_sensor(), quality_sensor(catalog)]
