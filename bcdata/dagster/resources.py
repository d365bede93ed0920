"""What assets are given from outside: the store and one resource a provider. Nothing is opened at load time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from bcdata.catalog import Catalog
    from bcdata.net.client import HttpClient
    from bcdata.pipeline.context import Workbench
    from bcdata.providers.binance.api.rest import BinanceRest
    from bcdata.providers.binance.files.archive import BinanceArchive


class StoreResource(dg.ConfigurableResource[None]):
    """The lake. `root` is BCDATA_ROOT, or `data` under the working directory, unless it is set here."""

    root: str | None = Field(default=None, description="Where the lake lies; BCDATA_ROOT or `data` if not set.")

    def path(self) -> Path:
        """The lake's root."""
        from bcdata.settings import Settings

        return Path(self.root) if self.root else Settings().root


class BinanceArchiveResource(dg.ConfigurableResource[None]):
    """The Binance archive (data.binance.vision): listings, objects, checksums."""

    listing_url: str | None = Field(default=None, description="BCDATA_BINANCE_LISTING_URL if not set.")
    archive_url: str | None = Field(default=None, description="BCDATA_BINANCE_ARCHIVE_URL if not set.")

    def client(self, http: "HttpClient") -> "BinanceArchive":
        """The archive's client on a shared HTTP client."""
        from bcdata.providers.binance.files.archive import BinanceArchive
        from bcdata.providers.binance.settings import BinanceSettings

        known = BinanceSettings()
        return BinanceArchive(
            http, self.listing_url or known.binance_listing_url, self.archive_url or known.binance_archive_url
        )


class BinanceRestResource(dg.ConfigurableResource[None]):
    """Binance's REST API for spot, USD-M and COIN-M: klines and funding, within the weight budget."""

    spot_url: str | None = Field(default=None, description="BCDATA_BINANCE_SPOT_URL if not set.")
    um_url: str | None = Field(default=None, description="BCDATA_BINANCE_UM_URL if not set.")
    cm_url: str | None = Field(default=None, description="BCDATA_BINANCE_CM_URL if not set.")

    def client(self, http: "HttpClient") -> "BinanceRest":
        """The REST client on a shared HTTP client."""
        from bcdata.providers.binance.api.rest import BinanceRest
        from bcdata.providers.binance.settings import BinanceSettings

        given = {"spot": self.spot_url, "um": self.um_url, "cm": self.cm_url}
        urls = BinanceSettings().rest_urls | {name: url for name, url in given.items() if url}
        return BinanceRest(http, urls)


@contextmanager
def workbench(
    catalog: "Catalog",
    store: StoreResource,
    archive: BinanceArchiveResource,
    rest: BinanceRestResource,
    *,
    now_back: bool = False,
) -> Iterator["Workbench"]:
    """Everything an operation needs, opened for the length of the block.

    With `now_back` (a run's tag) partitions may be built as of an earlier instant than they were.
    """
    from bcdata import clock
    from bcdata.pipeline.context import open_workbench

    with open_workbench(
        store.path(), catalog, clock.now(), make_archive=archive.client, make_rest=rest.client, now_back=now_back
    ) as work:
        yield work


def build_resources() -> dict[str, dg.ConfigurableResource[None]]:
    """The default resources, by key: providers go by their name."""
    return {
        "store": StoreResource(),
        "binance_archive": BinanceArchiveResource(),
        "binance_rest": BinanceRestResource(),
    }
