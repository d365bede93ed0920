"""What assets are given from outside: the store and one resource a source. Nothing is opened at load time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from bcdata.providers.registry import SOURCES
from bcdata.venues.market import Market

if TYPE_CHECKING:
    from bcdata.catalog import Catalog
    from bcdata.pipeline.context import RunContext

STORE = "store"


class StoreResource(dg.ConfigurableResource[None]):
    """The lake. `root` is BCDATA_ROOT, or `data` under the working directory, unless it is set here."""

    root: str | None = Field(default=None, description="Where the lake lies; BCDATA_ROOT or `data` if not set.")

    def path(self) -> Path:
        """The lake's root."""
        from bcdata.settings import Settings

        return Path(self.root) if self.root else Settings().root


class SourceResource(dg.ConfigurableResource[None]):
    """One source of a provider. Its base addresses are those of the environment, unless some are set here."""

    urls: dict[str, str] = Field(default={}, description="Base addresses by name, if not those of the environment.")


def sources_of(market: Market) -> set[str]:
    """The keys of the resources that assets of a market need: the store, and all sources that serve the market."""
    return {STORE, *(name for name, one in SOURCES.items() if one.capabilities.serves(market))}


def store_of(resources: Any) -> StoreResource:
    """The store among the resources of a context."""
    store: StoreResource = getattr(resources, STORE)
    return store


def urls_of(resources: Any) -> dict[str, Mapping[str, str]]:
    """The base addresses that are set in the resources of a context, by source."""
    return {name: one.urls for name, one in _sources(resources).items() if isinstance(one, SourceResource) and one.urls}


def _sources(resources: Any) -> dict[str, Any]:
    there = {name: getattr(resources, name, None) for name in SOURCES}
    return {name: one for name, one in there.items() if one is not None}


def _given(resources: Any) -> dict[str, Any]:
    """What a run was given in the place of sources: clients that ask nobody (`dagster/adopt.py`)."""
    return {name: one for name, one in _sources(resources).items() if not isinstance(one, SourceResource)}


@contextmanager
def run_context(catalog: "Catalog", resources: Any, *, now_back: bool = False) -> Iterator["RunContext"]:
    """Everything an operation needs, out of the resources of a context, opened for the length of the block.

    With `now_back` (a run's tag) partitions may be built as of an earlier instant than they were.
    """
    from bcdata import clock
    from bcdata.pipeline.context import open_run_context

    root, urls, given = store_of(resources).path(), urls_of(resources), _given(resources)
    with open_run_context(root, catalog, clock.now(), urls=urls, given=given, now_back=now_back) as context:
        yield context


def build_resources() -> dict[str, dg.ConfigurableResource[None]]:
    """The default resources by key: sources go by their name."""
    return {STORE: StoreResource(), **{name: SourceResource() for name in SOURCES}}
