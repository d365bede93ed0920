"""What is on record by now against a settled row of a ledger: it is asked for again. Pure.

A row is `delisted` or `not_listed` by what was known when its partition was made. The universe table is kept up to
date for all symbols at once, so that looking for what it contradicts takes no request.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from bcdata.catalog import Dataset
from bcdata.instruments.table import TRADING
from bcdata.ledger.ledger import Status
from bcdata.pipeline.records.footer_cache import Row

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ListingSpan:
    """What the universe table says of a symbol: its status, and the days of the archive's first and last object.

    `last_seen` is None while objects still come. Where the archive has monthly files alone, the days are those that
    begin and end the months which they name.
    """

    status: str
    first_seen: date | None
    last_seen: date | None
    pauses: tuple[tuple[date, date], ...] = ()
    """Between instruments of one ticker: the last day of the one, and the first of the next."""

    def is_between(self, first: date, last: date) -> bool:
        """Whether these days, both included, lie between two instruments of the ticker, edges included."""
        return any(before <= first and last <= after for before, after in self.pauses)


def listing_spans(universe: pl.DataFrame) -> dict[str, ListingSpan]:
    """The lives of all symbols of a universe as `read_universe` has it, by symbol: of all its instruments together."""
    columns = ("symbol", "status", "first_seen", "last_seen")
    found: dict[str, ListingSpan] = {}
    for symbol, status, first, last in universe.select(columns).iter_rows():
        before = found.get(symbol)
        if before is None:
            found[symbol] = ListingSpan(status, first, last)
        else:
            pause = ((before.last_seen, first),) if before.last_seen and first else ()
            found[symbol] = ListingSpan(status, before.first_seen, last, before.pauses + pause)
    return found


def contradiction_of(dataset: Dataset, row: Row, life: ListingSpan | None) -> str | None:
    """What contradicts a row of a ledger, in words; None where nothing does.

    Args:
        dataset: whose bars they are.
        row: (start, end, bars, status); first and last missing open, UTC, as ISO texts.
        life: what is known of its symbol by now.
    """
    if life is None:
        return None
    match row[3]:
        case Status.DELISTED:
            start, end = (datetime.fromisoformat(text) for text in row[:2])
            return None if life.is_between(start.date(), end.date()) else _not_over(dataset, start, life)
        case Status.NOT_LISTED:
            return _begun(dataset, datetime.fromisoformat(row[1]), life)
    return None


def _not_over(dataset: Dataset, since: datetime, life: ListingSpan) -> str | None:
    if life.status == TRADING:
        return "the exchange lists the symbol as trading"
    last = life.last_seen
    # Files of contracts go on after a delisting, with candles that are no bars (decision 0013).
    if last is None or last <= since.date() or dataset.is_perpetual:
        return None
    is_months_end = (last + _DAY).day == 1
    if is_months_end and _month(last) == _month(since.date()):
        return None  # a monthly file names days that it has no bars of
    return f"the archive has a file of {last}"


def _begun(dataset: Dataset, until: datetime, life: ListingSpan) -> str | None:
    first, listed = life.first_seen, dataset.pace.next(until).date()
    if first is None or first >= listed or (first.day == 1 and _month(first) == _month(until.date())):
        return None
    return f"the archive has a file of {first}"


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month
