"""What the lake has and the catalog does not: commands go by the catalog, and would call such a lake empty."""

from bcdata.catalog import Catalog
from bcdata.store.store import Store

_NAMED = 8
"""Datasets that a line names."""


def unnamed(store: Store, catalog: Catalog) -> list[str]:
    """The datasets in the lake that the catalog does not have, sorted."""
    return [name for name in store.datasets() if name not in catalog]


def left_out(names: list[str], catalog: Catalog) -> str:
    """What there is to say of them: of these, nothing else is said."""
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return f"the lake has {shown} too, which {catalog.path} has not; add them there, or name another BCDATA_CATALOG"
