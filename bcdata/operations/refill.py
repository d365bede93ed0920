"""Which partitions to ask again for their missing bars, when, and when to stop asking.

What is missing stands in the ledger, how often it was asked for in side tables. Dagster's events tell neither.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from bcdata.bars.gaps import Status
from bcdata.catalog import Dataset
from bcdata.operations.backoff import MOST_TRIES, pause
from bcdata.operations.due import due_until
from bcdata.operations.footers import Footers, Row, open_footers
from bcdata.operations.zones import REST
from bcdata.store.attempts import Asked, Attempts, Refilled
from bcdata.store.requests import Cell, Request, Requests
from bcdata.store.store import Store

KIND = "refill"
LONGEST_OUTAGE = timedelta(days=1)
"""While REST does not answer, it is tried this often at least: the holes are not to blame."""
ASK_AGAIN = timedelta(days=1)
"""REST is not asked within a day for what it answered with nothing (operations.raw_rest)."""


@dataclass(frozen=True, slots=True)
class Refill:
    """How a partition with missing bars stands.

    Attributes:
        bars: how many bars may yet come.
        cause: a digest of the holes: when they change, counting begins anew.
        tries: requests so far for just these holes.
        last: when the last one was made (UTC).
        due: when the next one may be made (UTC); None when it was given up.
        reason: why it was given up, or what is waited for.
    """

    bars: int
    cause: str
    tries: int
    last: datetime | None
    due: datetime | None
    reason: str

    @property
    def gave_up(self) -> bool:
        """Whether it is asked for no more, unless something changes upstream."""
        return self.due is None

    def words(self) -> str:
        """All of it in one line."""
        if self.due is None or not self.tries:
            return self.reason
        return f"{self.tries} requests, the next from {self.due:%Y-%m-%d %H:%M}: {self.reason}"


def stand(
    dataset: Dataset, rows: Sequence[Row], *, request: Request | None, asked: Asked | None, now: datetime
) -> Refill | None:
    """How a partition stands; None where nothing that is missing may yet come.

    Args:
        dataset: its dataset.
        rows: its ledger as (start, end, bars, status), instants as ISO texts.
        request: the last request of the sensor, if there was one.
        asked: how REST's last questioning went, if there was one.
        now: the present instant.
    """
    holes = list(_askable(dataset, rows, asked, now))
    if not holes:
        return None
    cause = hashlib.sha256(json.dumps([(row[0], row[1], row[3]) for row in holes]).encode()).hexdigest()[:16]
    bars = sum(row[2] for row in holes)
    if request is None or request.cause != cause:
        return Refill(bars, cause, 0, None, now, "not asked for since it is so")
    is_down = asked is not None and asked.outcome is Refilled.UNANSWERED
    if is_down:
        due = request.at + pause(request.tries, longest=LONGEST_OUTAGE)
        return Refill(bars, cause, request.tries, request.at, due, "REST did not answer")
    in_vain = request.tries - (asked.tries - asked.answered if asked else 0)
    if in_vain >= MOST_TRIES:
        words = f"gave up after {request.tries} requests: {_outcome(asked)}"
        return Refill(bars, cause, request.tries, request.at, None, words)
    due = request.at + pause(max(1, in_vain))
    if asked is not None and asked.outcome is Refilled.EMPTY:
        due = max(due, asked.at + ASK_AGAIN)
    return Refill(bars, cause, request.tries, request.at, due, _outcome(asked))


def _askable(dataset: Dataset, rows: Sequence[Row], asked: Asked | None, now: datetime) -> Iterator[Row]:
    """The runs that asking may fill: open ones, overdue ones, and what REST could not be asked for."""
    due = due_until(dataset, now)
    unheard = asked is not None and asked.outcome is Refilled.UNANSWERED
    for row in rows:
        match row[3]:
            case Status.OPEN:
                yield row
            case Status.NOT_PUBLISHED if unheard or datetime.fromisoformat(row[0]) < due:
                yield row
            case Status.QUARANTINED if REST in dataset.sources and (asked is None or unheard):
                yield row


def _outcome(asked: Asked | None) -> str:
    if asked is None:
        return "no source has the bars, and none confirms that there are none"
    return f"REST answered {asked.answered} times, and neither had the bars nor confirmed that there are none"


@dataclass(frozen=True, slots=True)
class Tables:
    """What the side tables know of a dataset's partitions."""

    requests: Mapping[Cell, Request]
    asked: Mapping[Cell, Asked]

    @classmethod
    def read(cls, root: Path, dataset: str) -> "Tables":
        """Both tables of the lake, read once."""
        return cls(Requests(root).of(KIND, dataset), Attempts(root).refills(dataset))


def refills(footers: Footers, tables: Tables, dataset: Dataset, symbol: str, now: datetime) -> dict[Cell, Refill]:
    """How all partitions of a symbol stand that lack bars which may yet come."""
    found = {}
    for date, rows in footers.ledgers(dataset.name, symbol).items():
        cell = (symbol, date)
        request, asked = tables.requests.get(cell), tables.asked.get(cell)
        one = stand(dataset, rows, request=request, asked=asked, now=now)
        if one is not None:
            found[cell] = one
    return found


def standing(root: Path, dataset: Dataset, now: datetime) -> dict[Cell, Refill]:
    """How all partitions of the lake stand that lack bars which may yet come, by symbol and date."""
    store, tables = Store(root), Tables.read(root, dataset.name)
    symbols = sorted({one.symbol for one in store.partitions("gaps", dataset.name)})
    with open_footers(store) as footers:
        by_symbol = [refills(footers, tables, dataset, symbol, now) for symbol in symbols]
    return {cell: one for some in by_symbol for cell, one in some.items()}


def with_refill(root: Path, dataset: Dataset, runs: pl.DataFrame, every: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The runs with a column `refill` that says how asking for them stands; null where nothing is to come.

    Args:
        root: the lake.
        dataset: its dataset.
        runs: the rows to tell of: `symbol`, `date` and the ledger's columns.
        every: all rows of the same partitions.
        now: the present instant.
    """
    tables, words = Tables.read(root, dataset.name), {}
    for (symbol, date), some in every.group_by("symbol", "date"):
        rows = [
            (start.isoformat(), end.isoformat(), bars, status)
            for start, end, bars, status in some.select("start", "end", "bars", "status").iter_rows()
        ]
        cell = (str(symbol), str(date))
        request, asked = tables.requests.get(cell), tables.asked.get(cell)
        one = stand(dataset, rows, request=request, asked=asked, now=now)
        if one is not None:
            words[cell] = one.words()
    told = [
        words.get((symbol, date)) if status in _MAY_COME else None
        for symbol, date, status in runs.select("symbol", "date", "status").iter_rows()
    ]
    return runs.with_columns(pl.Series("refill", told, dtype=pl.String))


_MAY_COME = frozenset({Status.OPEN, Status.NOT_PUBLISHED, Status.QUARANTINED})
