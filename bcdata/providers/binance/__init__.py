"""Binance: the archive of published files, and the REST API that repairs what files lack."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
from bcdata.providers.binance.api.limits import funding_budget, weight_budget
from bcdata.providers.binance.metric_labels import METRIC_LABELS
from bcdata.providers.binance.settings import BinanceSettings
from bcdata.providers.capabilities import Capabilities, Provider, Role, Source
from bcdata.venues.binance import MARKETS

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.binance.api.rest import BinanceRest
    from bcdata.providers.binance.files.archive import BinanceArchive
    from bcdata.providers.folder import FolderFormat
    from bcdata.providers.formats import BulkFormat, PageFormat

_FILES = Capabilities(
    markets=tuple(one.name for one in MARKETS),
    kinds=tuple(dict.fromkeys(kind for one in MARKETS for kind in one.kinds)),
    end_labels=(METRIC_LABELS,),
)
_ANSWERS = Capabilities(
    markets=("spot", "um", "cm"), kinds=("klines", "funding", "mark_klines", "index_klines", "premium_klines")
)


def _archive_urls() -> dict[str, str]:
    known = BinanceSettings()
    return {"archive": known.binance_archive_url, "listing": known.binance_listing_url}


def _open_archive(http: "HttpClient", urls: Mapping[str, str]) -> "BinanceArchive":
    from bcdata.providers.binance.files.archive import BinanceArchive

    return BinanceArchive(http, urls["listing"], urls["archive"])


def _file_format() -> "BulkFormat":
    from bcdata.providers.binance.files import format as file_format

    return file_format


def _folder_format() -> "FolderFormat":
    from bcdata.providers.binance.files import folder

    return folder


def _rest_urls() -> dict[str, str]:
    return BinanceSettings().rest_urls


def _limits(urls: Mapping[str, str]) -> tuple[Budget, ...]:
    weights = [weight_budget(market, url) for market, url in urls.items()]
    return (*weights, *(funding_budget(market, url) for market, url in urls.items() if market != "spot"))


def _open_rest(http: "HttpClient", urls: Mapping[str, str]) -> "BinanceRest":
    from bcdata.providers.binance.api.rest import BinanceRest

    return BinanceRest(http, dict(urls))


def _page_format() -> "PageFormat":
    from bcdata.providers.binance.api import format as page_format

    return page_format


PROVIDER = Provider(
    "binance",
    (
        Source(
            "binance_archive",
            Role.BULK,
            _FILES,
            _archive_urls,
            _open_archive,
            format=_file_format,
            folders={"binance": _folder_format},
        ),
        Source("binance_rest", Role.REPAIR, _ANSWERS, _rest_urls, _open_rest, _limits, _page_format),
    ),
    MARKETS,
    BinanceSettings,
)
