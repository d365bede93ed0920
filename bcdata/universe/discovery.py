"""Which symbols there are: what the archive lists, delisted ones too, and what the catalog wants of it."""

import asyncio
from collections.abc import Mapping

from bcdata.catalog import Catalog, Dataset
from bcdata.net.loop import BackgroundLoop
from bcdata.pipeline.context import open_client
from bcdata.providers.clients import Clients
from bcdata.windows import Grain


def discover(catalog: Catalog, market: str, grain: Grain, urls: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The symbols, sorted, that datasets of a market and grain choose out of what the archive lists.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    datasets = [one for one in catalog if (one.market, one.grain) == (market, grain)]
    with BackgroundLoop() as loop:
        return loop.run(_ask(datasets, urls))


async def _ask(datasets: list[Dataset], urls: Mapping[str, Mapping[str, str]]) -> list[str]:
    async with open_client() as http:
        archive = Clients(http, urls).bulk(datasets[0].market)
        wanted = sorted({(one.market, one.kind, period) for one in datasets for period in one.archive})
        answers = await asyncio.gather(*(archive.symbols(*which) for which in wanted))
    listed: dict[tuple[str, str], set[str]] = {}
    for (market, kind, _), symbols in zip(wanted, answers, strict=True):
        listed.setdefault((market, kind), set()).update(symbols)
    return sorted({symbol for one in datasets for symbol in one.select(sorted(listed[one.market, one.kind]))})
