"""Jobs that look after what is there: the sweep over raw, the halts of venues, and how providers stand.

What is done stands in `healing` and `pipeline`; a job turns it into events that the UI shows beside the assets.
"""

from typing import Any

from bcdata.catalog import Catalog
from bcdata.dagster.upkeep.halts import halt_assets, halts_job
from bcdata.dagster.upkeep.providers import providers_asset, providers_job
from bcdata.dagster.upkeep.scrub import scrub_job

__all__ = ["build_upkeep", "halt_assets", "providers_asset"]


def build_upkeep(catalog: Catalog) -> list[Any]:
    """The jobs."""
    return [scrub_job(catalog), halts_job(catalog), providers_job()]
