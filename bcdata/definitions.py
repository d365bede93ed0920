"""What Dagster loads: the definitions that the catalog at hand calls for."""

from bcdata.catalog import load_catalog
from bcdata.dagster.build import build_defs

defs = build_defs(load_catalog())
