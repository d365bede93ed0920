"""The lake and the catalog that a function reads: those that it is given, or those in force."""

from pathlib import Path

from bcdata.api import arguments
from bcdata.catalog import Catalog, load_catalog
from bcdata.reading.root import require_lake
from bcdata.settings import Settings
from bcdata.store.store import Store


def lake_of(root: str | Path | None) -> Store:
    """The lake at a root; at BCDATA_ROOT if None.

    Raises:
        UsageError: there is no such folder.
    """
    store = Store(arguments.folder("root", root) if root is not None else Settings().root)
    require_lake(store.root)
    return store


def catalog_of(catalog: Catalog | None) -> Catalog:
    """A catalog; the one in force if None."""
    return arguments.catalog(catalog) or load_catalog()
