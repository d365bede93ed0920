"""What Dagster loads: the definitions that the catalog at hand calls for."""

from bcdata.assembly import build_defs
from bcdata.catalog import load_catalog

defs = build_defs(load_catalog())
