"""Which symbols there are: what the archive lists, delisted ones too, and what the catalog wants of it."""

import asyncio
from collections.abc import Mapping, Sequence

from bcdata.catalog import Dataset
from bcdata.net.loop import BackgroundLoop
from bcdata.pipeline.context import open_client
from bcdata.providers.clients import Clients


def discover(datasets: Sequence[Dataset], urls: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The symbols, sorted, that datasets of one market name, or choose out of what the archive lists.

    The archive is asked only if one of them chooses.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    listed: dict[str, set[str]] = {}
    choosing = [one for one in datasets if one.universe]
    if choosing:
        with BackgroundLoop() as loop:
            listed = loop.run(_listed(choosing, urls))
    return sorted({symbol for one in datasets for symbol in one.select(sorted(listed.get(one.kind, ())))})


async def _listed(datasets: Sequence[Dataset], urls: Mapping[str, Mapping[str, str]]) -> dict[str, set[str]]:
    """What the archive lists, by kind."""
    async with open_client() as http:
        archive = Clients(http, urls).bulk(datasets[0].market)
        wanted = sorted({(one.market, one.kind, period) for one in datasets for period in one.archive})
        answers = await asyncio.gather(*(archive.symbols(*which) for which in wanted))
    listed: dict[str, set[str]] = {}
    for (_, kind, _), symbols in zip(wanted, answers, strict=True):
        listed.setdefault(kind, set()).update(symbols)
    return listed
