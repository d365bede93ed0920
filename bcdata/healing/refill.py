"""Which partitions to ask again for what they lack, bars or settlements, when, and when to stop asking.

What is missing stands in the ledger, how often it was asked for in side tables, what contradicts a ledger in the
universe. Dagster's events tell none of it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from bcdata.catalog import Dataset
from bcdata.errors import StoreError
from bcdata.healing.backoff import MOST_TRIES, pause
from bcdata.healing.contradicted import ListingSpan, contradiction_of, listing_spans
from bcdata.instruments.update import read_universe
from bcdata.ledger.ledger import Status
from bcdata.pipeline.own import symbols_in
from bcdata.pipeline.raw.due import rows_due_until
from bcdata.pipeline.records.footer_cache import FooterCache, Row, open_footer_cache
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import ASK_AGAIN, Attempts, RefillAttempt, Refilled
from bcdata.store.state.requests import Cell, Request, Requests
from bcdata.store.store import Store

KIND = "refill"
Doubts = Sequence[tuple[Row, str]]
"""Rows of a ledger, each with what contradicts it, in words."""
LONGEST_OUTAGE = timedelta(days=1)
"""While REST does not answer, it is tried this often at least: the holes are not to blame."""


@dataclass(frozen=True, slots=True)
class Refill:
    """How a partition with missing bars or settlements stands.

    Attributes:
        bars: how many of them may yet come.
        cause: a digest of the holes: when they change, counting starts over.
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
    dataset: Dataset,
    rows: Sequence[Row],
    *,
    request: Request | None,
    asked: RefillAttempt | None,
    now: datetime,
    doubts: Doubts = (),
    judged: datetime | None = None,
) -> Refill | None:
    """How a partition stands; None where nothing that is missing may yet come, and no question is unanswered.

    REST is also asked about bars that are there, which nothing else confirms: while it does not answer, it is asked on.

    Args:
        dataset: its dataset.
        rows: its ledger as (start, end, bars, status), instants as ISO texts.
        request: the last request of the sensor, if there was one.
        asked: how REST's last questioning went, if there was one.
        now: the present instant.
        doubts: settled rows that something contradicts by now, with what it is.
        judged: when the exchange was asked for the symbol's status (UTC), if that is what the rows hang on; it is asked
            once a day.
    """
    holes = list(_askable(dataset, rows, asked, now))
    unheard = asked is not None and asked.outcome is Refilled.UNANSWERED
    if not holes and not doubts and not unheard:
        return None
    every = [*holes, *(row for row, _ in doubts)]
    words = [words for _, words in doubts]
    cause = hashlib.sha256(json.dumps([*((row[0], row[1], row[3]) for row in every), *words]).encode()).hexdigest()[:16]
    found = _paced(dataset, sum(row[2] for row in every), cause, request=request, asked=asked, now=now)
    if holes or not doubts:
        return found
    due = max(found.due, judged + ASK_AGAIN) if found.due and judged else found.due
    gave_up = f"gave up after {found.tries} requests: " if found.gave_up else ""
    return replace(found, due=due, reason=f"{gave_up}contradicted, {words[0]}")


def _paced(
    dataset: Dataset, bars: int, cause: str, *, request: Request | None, asked: RefillAttempt | None, now: datetime
) -> Refill:
    """When to ask (again) for what is missing for this cause."""
    if request is None or request.cause != cause:
        return Refill(bars, cause, 0, None, now, "not asked for since it is so")
    is_down = asked is not None and asked.outcome is Refilled.UNANSWERED
    if is_down:
        due = request.at + pause(request.tries, longest=LONGEST_OUTAGE)
        return Refill(bars, cause, request.tries, request.at, due, "REST did not answer")
    in_vain = request.tries - (asked.tries - asked.answered if asked else 0)
    if in_vain >= MOST_TRIES:
        words = f"gave up after {request.tries} requests: {_outcome(dataset, asked)}"
        return Refill(bars, cause, request.tries, request.at, None, words)
    due = request.at + pause(max(1, in_vain))
    if asked is not None and asked.outcome is Refilled.EMPTY:
        due = max(due, asked.at + ASK_AGAIN)
    return Refill(bars, cause, request.tries, request.at, due, _outcome(dataset, asked))


def _askable(dataset: Dataset, rows: Sequence[Row], asked: RefillAttempt | None, now: datetime) -> Iterator[Row]:
    """The runs that asking may fill: open ones, overdue ones, and what REST could not be asked for."""
    due = rows_due_until(dataset, now)
    unheard = asked is not None and asked.outcome is Refilled.UNANSWERED
    for row in rows:
        match row[3]:
            case Status.OPEN:
                yield row
            case Status.NOT_PUBLISHED if unheard or datetime.fromisoformat(row[0]) < due:
                yield row
            case Status.QUARANTINED if dataset.repair and (asked is None or unheard):
                yield row


def _outcome(dataset: Dataset, asked: RefillAttempt | None) -> str:
    what = dataset.frame_type.rows
    if asked is None:
        return f"no source has the {what}, and none confirms that there are none"
    return f"REST answered {asked.answered} times, and neither had the {what} nor confirmed that there are none"


@dataclass(frozen=True, slots=True)
class Tables:
    """What is on record, beside its ledgers, of a dataset's partitions and symbols."""

    dataset: Dataset
    attempts: Attempts
    requests: Mapping[Cell, Request]
    asked: Mapping[Cell, RefillAttempt]
    listing_spans: Mapping[str, ListingSpan]

    @classmethod
    def read(cls, root: Path, dataset: Dataset) -> "Tables":
        """The side tables of the lake and its universe, read once."""
        attempts = Attempts(root)
        try:
            known = {} if dataset.is_asked_by_windows else listing_spans(read_universe(Store(root), dataset.market))
        except StoreError:
            known = {}  # its own sensor tells of the damage; open bars are asked for all the same
        return cls(dataset, attempts, Requests(root).of(KIND, dataset.name), attempts.refills(dataset.name), known)

    def contradiction_of(self, symbol: str, row: Row) -> str | None:
        """What contradicts a row of the symbol's ledger, in words; None where nothing does."""
        return contradiction_of(self.dataset, row, self.listing_spans.get(symbol))

    def stand(self, cell: Cell, rows: Sequence[Row], now: datetime) -> Refill | None:
        """How a partition stands that has these rows in its ledger."""
        doubts = [(row, words) for row in rows if (words := self.contradiction_of(cell[0], row))]
        hangs_on_status = bool(doubts) and all(row[3] == Status.DELISTED for row, _ in doubts)
        return stand(
            self.dataset,
            rows,
            request=self.requests.get(cell),
            asked=self.asked.get(cell),
            now=now,
            doubts=doubts,
            judged=self._judged(cell) if hangs_on_status else None,
        )

    def _judged(self, cell: Cell) -> datetime | None:
        """When raw of the repair source asked the exchange for the status of the symbol, for this partition."""
        return self.attempts.last(f"{Partition('raw', self.dataset.name, *cell, self.dataset.repair).prefix}status")


def refills(footers: FooterCache, tables: Tables, symbol: str, now: datetime) -> dict[Cell, Refill]:
    """How all partitions of a symbol stand that lack bars which may yet come."""
    ledgers = footers.ledgers(tables.dataset.name, symbol).items()
    found = {(symbol, date): tables.stand((symbol, date), rows, now) for date, rows in ledgers}
    return {cell: one for cell, one in found.items() if one is not None}


def standing(root: Path, dataset: Dataset, now: datetime) -> dict[Cell, Refill]:
    """How all partitions of the lake stand that lack bars which may yet come, by symbol and date."""
    store, tables = Store(root), Tables.read(root, dataset)
    symbols = symbols_in(store, "gaps", dataset.name)
    with open_footer_cache(store) as footers:
        by_symbol = [refills(footers, tables, symbol, now) for symbol in symbols]
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
    tables, words = Tables.read(root, dataset), {}
    columns = ("start", "end", "bars", "status")
    for (symbol, date), some in every.group_by("symbol", "date"):
        cell = (str(symbol), str(date))
        one = tables.stand(cell, [_row(*row) for row in some.select(columns).iter_rows()], now)
        if one is not None:
            words[cell] = one.words()
    told = [
        words.get((symbol, date)) if row[-1] in _MAY_COME or tables.contradiction_of(symbol, _row(*row)) else None
        for symbol, date, *row in runs.select("symbol", "date", *columns).iter_rows()
    ]
    return runs.with_columns(pl.Series("refill", told, dtype=pl.String))


def _row(start: datetime, end: datetime, bars: int, status: str) -> Row:
    return (start.isoformat(), end.isoformat(), bars, status)


_MAY_COME = frozenset({Status.OPEN, Status.NOT_PUBLISHED, Status.QUARANTINED})
