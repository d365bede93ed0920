"""halts: when nobody traded at a venue, by dataset and date, out of merged bars and their ledgers.

Halts are looked for again where merged bars have changed, and only there. A halt over a partition's border is two
rows, one in each date.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from bcdata.bars.calendar import calendar
from bcdata.bars.halts import HALT, find_halts, states_of
from bcdata.catalog import Dataset
from bcdata.errors import UsageError
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.lake import trusted
from bcdata.operations.outcome import State
from bcdata.operations.watched import watched
from bcdata.store.attempts import Attempts
from bcdata.store.layout import PART, Partition, halts_table, symbol_and_date
from bcdata.store.objects import ObjectInfo
from bcdata.store.store import Store

VERSION = "1"
"""Change it with any change of what counts as a halt."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One date of a dataset: what became of its halts, how many there are, and out of how many symbols."""

    dataset: str
    date: str
    state: State
    halts: int
    symbols: int
    fingerprint: str


def watch(store: Store, dataset: Dataset, now: datetime, *, first: str = "", last: str = "9999") -> Iterator[Watched]:
    """Looks for halts in all dates whose merged bars have changed, and publishes them date by date.

    Args:
        store: the lake.
        dataset: bars of an hour at most.
        now: the instant (UTC) that the side table remembers; nothing that is published depends on it.
        first: the first date key, included; all if not given.
        last: the last one, included.

    Raises:
        UsageError: the dataset's bars are too long, or it has none.
        StoreError: a file is damaged, or the place cannot be written.
    """
    if not watched([dataset]):
        raise UsageError(f"{dataset.name}: halts are told from bars of an hour at most; name another dataset")
    attempts = Attempts(store.root)
    for date, files in sorted(_by_date(store, dataset).items()):
        if not first <= date <= last:
            continue
        # What is published depends on contents; times of files only spare a look into each of them.
        seen = _digest(files)
        key = f"halts/{dataset.name}/{date}"
        if attempts.detail(key) == seen and store.published(halts_table(dataset.name, date)):
            continue
        yield _watch_date(store, dataset, date, sorted({found[0] for one in files if (found := _named(one))}))
        attempts.note([key], now, seen)


def halt_rows(store: Store, dataset: Dataset, *, first: str = "", last: str = "9999") -> pl.DataFrame:
    """The halts of a dataset's venue, by start: `date` and the columns of `HALT`."""
    frames = [pl.DataFrame(schema={"date": pl.String, **HALT})]
    for info in store.files("halts", dataset.name):
        date = info.key.split("/")[2].removeprefix("date=")
        if info.key.endswith(f"/{PART}") and first <= date <= last:
            rows = store.read(halts_table(dataset.name, date))
            frames += [rows.select(pl.lit(date).alias("date"), *HALT.names())] if rows is not None else []
    return pl.concat(frames)


def _watch_date(store: Store, dataset: Dataset, date: str, symbols: Sequence[str]) -> Watched:
    partitions = [Partition("merged", dataset.name, symbol, date) for symbol in symbols]
    merged = {one: made for one in partitions if (made := trusted(store, one))}
    made_of = fingerprint(
        merged=[(one.symbol, made) for one, made in merged.items()],
        interval=dataset.bar_interval.name,
        calendar=dataset.calendar,
        version=VERSION,
    )
    table = halts_table(dataset.name, date)
    known = store.published(table)
    if known and known.fingerprint == made_of:
        return Watched(dataset.name, date, State.UNCHANGED, known.record["halts"], len(merged), made_of)
    opens = calendar(dataset.calendar).opens(dataset.bar_interval, dataset.grain.window(date))
    states = {}
    for one in merged:
        bars = store.read(one, ["open_time", "trades", "volume"])
        ledger = store.read(one.in_zone("gaps"))
        if bars is not None and ledger is not None:
            states[one.symbol] = states_of(opens, bars, ledger)
    halts = find_halts(opens, states)
    inputs = {one.symbol: made for one, made in merged.items()}
    record = {"dataset": dataset.name, "halts": halts.height, "merged": inputs}
    store.publish(table, halts, fingerprint=made_of, rules=VERSION, record=record)
    return Watched(dataset.name, date, State.PUBLISHED, halts.height, len(merged), made_of)


def _by_date(store: Store, dataset: Dataset) -> dict[str, list[ObjectInfo]]:
    """The files of bars and ledgers by date."""
    found: dict[str, list[ObjectInfo]] = {}
    for zone in ("merged", "gaps"):
        for info in store.files(zone, dataset.name):
            if (named := _named(info)) is not None:
                found.setdefault(named[1], []).append(info)
    return found


def _named(info: ObjectInfo) -> tuple[str, str] | None:
    return symbol_and_date(info.key) if info.key.endswith(f"/{PART}") else None


def _digest(files: Sequence[ObjectInfo]) -> str:
    text = "\n".join(f"{one.key} {one.size} {one.modified_ns}" for one in files)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
