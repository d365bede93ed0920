"""From a catalog to Dagster's definitions: assembly and nothing else."""

import warnings

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.assets import build_assets, build_gates
from bcdata.dagster.executor import executor
from bcdata.dagster.jobs import build_heal_jobs, build_range_jobs
from bcdata.dagster.resources import build_resources
from bcdata.dagster.schedules import build_schedules
from bcdata.dagster.sensors import build_sensors
from bcdata.dagster.upkeep import build_upkeep, halt_assets, providers_asset


def build_defs(catalog: Catalog) -> dg.Definitions:
    """Everything that a catalog calls for."""
    heal_jobs = build_heal_jobs(catalog)
    defs = dg.Definitions(
        assets=[*build_assets(catalog), *halt_assets(catalog), providers_asset()],
        asset_checks=build_gates(catalog),
        resources=build_resources(),
        jobs=[*build_range_jobs(catalog), *heal_jobs, *build_upkeep(catalog)],
        schedules=build_schedules(catalog),
        sensors=build_sensors(catalog, heal_jobs),
        # One process a run: a process for every step would cost seconds each, and partitions are batched inside.
        executor=executor,
    )
    with warnings.catch_warnings():
        # Dagster warns of an argument that it gives itself, to sensors with several jobs (pinned by a facts test).
        warnings.filterwarnings("ignore", "Parameter `owners`", dg.BetaWarning)
        defs.get_repository_def()  # kept: whoever asks for it gets this one
    return defs
