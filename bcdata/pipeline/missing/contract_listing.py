"""What files of a contract's bars tell of its rows of another type: since when it was listed, and where it ends."""

from datetime import datetime

from bcdata.catalog import Dataset
from bcdata.evidence.listing_history import ListingRequest
from bcdata.frames.types import BARS
from bcdata.ledger.explain import record_of
from bcdata.ledger.records import EvidenceRecord
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.raw.objects import iso
from bcdata.providers.base import Series
from bcdata.windows import Window

_LENGTH = "1h"


def bars_of(dataset: Dataset, symbol: str) -> Series:
    """The bars of the contract whose rows a dataset has."""
    return Series(dataset.market, BARS.key, symbol, _LENGTH)


async def listing_evidence(
    context: RunContext, dataset: Dataset, symbol: str, window: Window, due: datetime
) -> EvidenceRecord:
    """What files of bars tell of a window; `due` is the instant (UTC) before which files are due.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    histories = context.listing_histories(dataset.market)
    history = await histories.history(bars_of(dataset, symbol), ListingRequest(window, [], due))
    before = history.not_listed(window)
    ending = await histories.ending(history, window, due)
    return {
        "not_listed": record_of(before) if before else None,
        "ended": ending.to_record() if ending else None,
        "known_by": iso(history.known_by),
    }
