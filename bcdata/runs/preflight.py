"""Before a run: can the root be written, and does the exchange know the symbols? Cheap questions, clear answers."""

import asyncio
from pathlib import Path

from bcdata.errors import UsageError
from bcdata.hints import nearest
from bcdata.net.loop import BackgroundLoop
from bcdata.pipeline.context import open_client
from bcdata.pipeline.records.manifests import MANIFEST
from bcdata.providers.clients import Clients
from bcdata.providers.registry import source_on
from bcdata.runs.plan import Plan
from bcdata.sizes import counted
from bcdata.store.objects import sweep_staging
from bcdata.store.store import Store
from bcdata.venues.symbols import complaint

_NAMED = 5
"""Symbols that an error names."""


def prepare(root: Path, plan: Plan) -> None:
    """Checks the root and the symbols of a plan, and sweeps what killed processes left in staging.

    Raises:
        StoreError: the root cannot be written.
        UsageError: a symbol cannot be one, or the archive does not list it.
        ProviderError: the archive cannot be asked.
    """
    _require_possible(plan)
    _require_allowance(plan)
    store = Store(root)
    store.check_writable()
    store.close()
    sweep_staging(root)
    require_listed(root, plan)


def require_listed(root: Path, plan: Plan) -> None:
    """Checks the symbols of a plan, and writes nothing. Those that raw has something of are not asked about.

    Raises:
        UsageError: a symbol cannot be one, or the archive does not list it.
        ProviderError: the archive cannot be asked.
    """
    _require_possible(plan)
    _require_allowance(plan)
    if plan.dataset.bulk is None:
        return
    store = Store(root)
    new = [symbol for symbol in plan.symbols if not _is_known(store, plan, symbol)]
    if new:
        with BackgroundLoop() as loop:
            loop.run(_check_listed(plan, new))


def _require_possible(plan: Plan) -> None:
    market = plan.dataset.parsed.market
    wrong = [symbol for symbol in plan.symbols if complaint(symbol) or not market.writes(symbol)]
    if wrong:
        named = _some([repr(symbol) for symbol in wrong])
        raise UsageError(f"{named} cannot be a symbol of {market.name}; write it like {market.reference}")


def _require_allowance(plan: Plan) -> None:
    """No source is asked for more different symbols than its plan allows in a month."""
    dataset = plan.dataset
    for name in dataset.sources:
        paid = source_on(name, dict(dataset.plans)).plan
        most = paid.symbols_a_month if paid else None
        if paid and most is not None and len(plan.symbols) > most:
            words = f"{name}'s plan {paid.name!r} allows {most:,} different symbols a month, and {len(plan.symbols):,}"
            raise UsageError(f"{words} are asked for; ask for fewer, or state a larger plan")


def _some(symbols: list[str]) -> str:
    more = f" and {len(symbols) - _NAMED:,} more" if len(symbols) > _NAMED else ""
    return f"{', '.join(symbols[:_NAMED])}{more}"


def _is_known(store: Store, plan: Plan, symbol: str) -> bool:
    """A symbol of which raw has something needs no asking: it may have left the listing since."""
    step = next(one for one in plan.steps if one.provider == plan.dataset.bulk)
    places = store.objects.list(step.partition(symbol, "").prefix.removesuffix("date=/"))
    return any(one.key.endswith(f"/{MANIFEST}") for one in places)


async def _check_listed(plan: Plan, symbols: list[str]) -> None:
    async with open_client() as http:
        archive = Clients(http).bulk(plan.dataset.market)
        answers = await asyncio.gather(
            *(archive.symbols(plan.dataset.market, plan.dataset.kind, period) for period in plan.dataset.archive)
        )
    listed = sorted(set().union(*answers))
    known = set(listed)
    unknown = [symbol for symbol in symbols if symbol not in known]
    if unknown:
        close = nearest(unknown[0], listed, most=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else f"; it lists {counted(len(listed), 'symbol')}"
        raise UsageError(f"the archive lists no {_some(unknown)} in {plan.dataset.market}{hint}")
