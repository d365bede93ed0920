"""Which providers there are, and whether they can be asked."""

from typing import Any

from bcdata.net.answers import shown
from bcdata.providers.binance.settings import BinanceSettings
from bcdata.providers.registry import SOURCES


def describe() -> list[dict[str, Any]]:
    """Every provider: name, whether it is available and why, its markets and base addresses. Asks nobody."""
    known = BinanceSettings()
    urls = {
        "binance_archive": [known.binance_archive_url, known.binance_listing_url],
        "binance_rest": list(known.rest_urls.values()),
    }
    return [
        {
            "name": name,
            "available": True,
            "reason": "needs no key",
            "markets": sorted(source.capabilities.markets),
            "urls": [shown(url) for url in urls[name]],
        }
        for name, source in SOURCES.items()
    ]
