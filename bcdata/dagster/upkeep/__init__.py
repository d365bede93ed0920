"""Jobs that look after what is there: the sweep over raw, and the halts of venues.

What is done stands in `healing` and `pipeline`; a job turns it into events that the UI shows beside the assets.
"""

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.upkeep.halts import halt_assets, halts_job
from bcdata.dagster.upkeep.sweep import sweep_job

__all__ = ["build_upkeep", "halt_assets"]


def build_upkeep(catalog: Catalog) -> list[dg.JobDefinition]:
    """The jobs."""
    return [sweep_job(catalog), halts_job(catalog)]
