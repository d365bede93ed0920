"""What should be there by now and is not, partition by partition. Dagster's own freshness knows no partitions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bcdata.catalog import Dataset
from bcdata.ledger.ledger import Status
from bcdata.pipeline.raw.due import rows_due_until
from bcdata.pipeline.records.footer_cache import FooterCache, Row
from bcdata.pipeline.zones import Step, Zone, tried_prefix
from bcdata.store.state.attempts import Attempts
from bcdata.store.state.requests import Cell

FOLLOWED = timedelta(days=7)
"""A partition that was merged so shortly after its end is one that somebody keeps up to date: the next is expected."""
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Overdue:
    """A partition that lacks what should be there.

    Attributes:
        symbol: its symbol.
        date: its date key.
        since: the first instant of the bars that are overdue (UTC).
        reason: what has not happened, in words.
    """

    symbol: str
    date: str
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SymbolLedgers:
    """What the lake has of a symbol: its ledgers by date key, and of the newest partition up to when it was merged.

    Attributes:
        ledgers: rows as (start, end, bars, status).
        closed: the end of the newest partition's bars that had closed when it was merged (UTC).
        merged_at: when that was (UTC); None where it is not known.
    """

    ledgers: Mapping[str, Sequence[Row]]
    closed: datetime | None
    merged_at: datetime | None


def overdue(dataset: Dataset, symbol: str, kept: SymbolLedgers, now: datetime) -> Iterator[Overdue]:
    """The overdue partitions of a symbol, by date.

    Two things make a partition overdue: bars that its ledger calls `not_published` though their time has come; and,
    for a symbol that was kept up to date so far, that nobody has merged what is due since. A partition is told once.
    """
    due, told = rows_due_until(dataset, now), set()
    for date, rows in sorted(kept.ledgers.items()):
        starts = [datetime.fromisoformat(row[0]) for row in rows if row[3] == Status.NOT_PUBLISHED]
        late = [start for start in starts if start < due]
        if late:
            told.add(date)
            yield Overdue(symbol, date, min(late), "should be published by now; not seen yet")
    for one in _not_refreshed(dataset, symbol, kept, due):
        if one.date not in told:
            yield one


def _not_refreshed(dataset: Dataset, symbol: str, kept: SymbolLedgers, due: datetime) -> Iterator[Overdue]:
    newest = max(kept.ledgers, default=None)
    if newest is None or kept.closed is None or kept.closed >= due or not _is_followed(dataset, newest, kept):
        return
    first = newest if kept.closed < dataset.grain.window(newest).end else dataset.grain.key(kept.closed)
    for date in dataset.grain.keys(first, dataset.grain.key(due - _INSTANT)):
        if date == newest:
            yield Overdue(symbol, date, kept.closed, f"not refreshed since {kept.closed:%Y-%m-%d %H:%M}")
        else:
            yield Overdue(symbol, date, dataset.grain.window(date).start, "never materialized")


def _is_followed(dataset: Dataset, newest: str, kept: SymbolLedgers) -> bool:
    """Whether the symbol was kept up to date: a slice of history that somebody took is not."""
    end = dataset.grain.window(newest).end
    rows = kept.ledgers[newest]
    if rows and rows[-1][3] == Status.DELISTED:
        return False
    if kept.closed is not None and kept.closed < end:
        return True
    return kept.merged_at is not None and kept.merged_at - end < FOLLOWED


def freshness(
    footers: FooterCache, dataset: Dataset, symbols: Sequence[str], tried: Mapping[Cell, datetime], now: datetime
) -> list[Overdue]:
    """All overdue partitions of some symbols of a dataset of bars, by symbol and date."""
    return [one for symbol in symbols for one in overdue(dataset, symbol, kept(footers, dataset, symbol, tried), now)]


def kept(footers: FooterCache, dataset: Dataset, symbol: str, tried: Mapping[Cell, datetime]) -> SymbolLedgers:
    """What the lake has of a symbol."""
    ledgers = footers.ledgers(dataset.name, symbol)
    if not ledgers:
        return SymbolLedgers({}, None, None)
    newest = max(ledgers)
    closed = footers.made_of(Step(Zone.MERGED, dataset.name), symbol, newest).get(newest, {}).get("closed")
    return SymbolLedgers(ledgers, datetime.fromisoformat(closed) if closed else None, tried.get((symbol, newest)))


def merged_at(root: Path, dataset: str) -> dict[Cell, datetime]:
    """When each partition of a dataset was merged last, as far as the side table knows."""
    return Attempts(root).instants(tried_prefix(dataset))
