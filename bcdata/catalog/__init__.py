"""The catalog: what is kept, from when on, for which symbols, out of which sources."""

from bcdata.catalog.automation import Automation
from bcdata.catalog.catalog import Catalog, common_start
from bcdata.catalog.dataset import Dataset
from bcdata.catalog.features import FeatureSet, Labels, Normalise
from bcdata.catalog.gate import Period, Publication, Quality
from bcdata.catalog.load import find_catalog, load_catalog
from bcdata.catalog.names import DatasetName, no_parser, parse_name, rows_of
from bcdata.catalog.resample import Resample
from bcdata.catalog.universe import Decision, Universe
from bcdata.providers.capabilities import Source
from bcdata.providers.registry import MARKETS, SOURCES
from bcdata.venues.market import Market
from bcdata.venues.symbols import Contract, Instrument

__all__ = [
    "MARKETS",
    "SOURCES",
    "Automation",
    "Catalog",
    "Contract",
    "Dataset",
    "DatasetName",
    "Decision",
    "FeatureSet",
    "Instrument",
    "Labels",
    "Market",
    "Normalise",
    "Period",
    "Publication",
    "Quality",
    "Resample",
    "Source",
    "Universe",
    "common_start",
    "find_catalog",
    "load_catalog",
    "no_parser",
    "parse_name",
    "rows_of",
]
