"""What the exchange says of a contract that lacks settlements at an end: since when it trades, and until when."""

from datetime import datetime

from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError
from bcdata.evidence.delisting import Delistings, listed_as, status_of
from bcdata.ledger.records import ListingRecord
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.missing.contract_listing import bars_of
from bcdata.pipeline.raw.objects import iso


def facts_of(told: ListingRecord | None) -> ListingRecord:
    """What a manifest of raw answers says of the listing, as the record of the parsed ones has it."""
    known = told or ListingRecord()
    return {
        "onboard": known.get("onboard"),
        "first_open": known.get("first_open"),
        "status": known.get("status"),
        "ended": known.get("ended"),
    }


async def learn(
    context: RunContext,
    delistings: Delistings,
    dataset: Dataset,
    symbol: str,
    before: ListingRecord,
    *,
    begins: bool,
    ends: bool,
) -> ListingRecord:
    """What is known by now.

    Args:
        context: clients and now.
        delistings: looks for the end of contracts that the exchange has forgotten.
        dataset: whose settlements are missing.
        symbol: the contract's.
        before: what was known before.
        begins: whether settlements are missing before all that are there.
        ends: whether settlements are missing after all that are there.

    Raises:
        ProviderError: a provider cannot be asked.
    """
    info = await context.exchange_info(dataset.market)
    if info is None:
        return before
    one, bars = listed_as(info, symbol), bars_of(dataset, symbol)
    onboard = iso(one.onboard_date) if one else before["onboard"]
    facts: ListingRecord = {**before, "onboard": onboard, "status": status_of(one)}
    if begins:  # of old contracts the exchange names a day after their first bars
        facts["first_open"] = iso(await _first_bar(context, dataset, symbol)) or before["first_open"]
    ended = await delistings.end(bars, one) if ends else None
    facts["ended"] = {"at": ended.at.isoformat(), "evidence": ended.evidence} if ended else None
    return facts


async def _first_bar(context: RunContext, dataset: Dataset, symbol: str) -> datetime | None:
    try:
        return await context.first_open(bars_of(dataset, symbol))
    except NotFoundError:
        return None
