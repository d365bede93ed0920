"""halts: when nobody traded at a venue, by dataset and date, out of merged bars and their ledgers.

Halts are looked for again where merged bars have changed, and only there. A halt over a partition's border is two
rows, one in each date.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from bcdata.bars.halts import HALT, find_halts, states_of
from bcdata.catalog import Dataset
from bcdata.errors import UsageError
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.lake import is_of, read_sound, require_none_lost, trusted
from bcdata.pipeline.outcome import State
from bcdata.pipeline.publish import is_whole
from bcdata.pipeline.records.footer_cache import open_footer_cache
from bcdata.store.layout import Partition, halts_table
from bcdata.store.store import Store
from bcdata.venues.calendar import calendar

VERSION = "1"
"""Change it with any change of what counts as a halt."""


@dataclass(frozen=True, slots=True)
class DateHalts:
    """One date of a dataset: what became of its halts, how many there are, and out of how many symbols."""

    dataset: str
    date: str
    state: State
    halts: int
    symbols: int
    fingerprint: str


def watch(store: Store, dataset: Dataset, *, first: str = "", last: str = "9999") -> Iterator[DateHalts]:
    """Looks for halts in all dates whose merged bars have changed, and publishes them date by date.

    Args:
        store: the lake.
        dataset: bars of an hour at most.
        first: the first date key, included; all if not given.
        last: the last one, included.

    Raises:
        UsageError: the dataset's bars are too long, or it has none.
        StoreError: a file is damaged, or the place cannot be written.
    """
    if not dataset.tells_halts:
        raise UsageError(f"{dataset.name}: halts are told from bars of an hour at most; name another dataset")
    for date, merged in sorted(_by_date(store, dataset, first, last).items()):
        inputs = {one.symbol: made for one, made in merged.items()}
        made_of = fingerprint(
            merged=list(inputs.items()),
            interval=dataset.bar_interval.name,
            calendar=dataset.calendar,
            version=VERSION,
        )
        table = halts_table(dataset.name, date)
        if is_whole(store, table, made_of):
            continue
        halts = _find(store, dataset, date, merged)
        record = {"dataset": dataset.name, "halts": halts.height, "merged": inputs}
        store.publish(table, halts, fingerprint=made_of, rules=VERSION, record=record)
        yield DateHalts(dataset.name, date, State.PUBLISHED, halts.height, len(merged), made_of)


def halt_rows(store: Store, dataset: Dataset, *, first: str = "", last: str = "9999") -> pl.DataFrame:
    """The halts of a dataset's venue, by start: `date` and the columns of `HALT`."""
    frames = [pl.DataFrame(schema={"date": pl.String, **HALT})]
    for table in store.tables(f"halts/{dataset.name}/"):
        date = table.prefix.split("/")[2].removeprefix("date=")
        if first <= date <= last:
            rows = store.read(table)
            frames += [rows.select(pl.lit(date).alias("date"), *HALT.names())] if rows is not None else []
    return pl.concat(frames)


def _find(store: Store, dataset: Dataset, date: str, merged: Iterable[Partition]) -> pl.DataFrame:
    opens = calendar(dataset.hours).opens(dataset.bar_interval, dataset.grain.window(date))
    states = {}
    for one in merged:
        bars = read_sound(store, one, dataset.name, ["open_time", "trades", "volume"])
        ledger = read_sound(store, one.in_zone("gaps"), dataset.name)
        if bars is not None and ledger is not None:
            states[one.symbol] = states_of(opens, bars, ledger)
    return find_halts(opens, states)


def _by_date(store: Store, dataset: Dataset, first: str, last: str) -> dict[str, dict[Partition, str]]:
    """The trusted bars of each date, with what they are made of: by contents, never by times of files."""
    partitions = list(store.partitions("merged", dataset.name))

    def wanted(one: Partition) -> bool:
        return first <= one.date <= last and is_of(dataset.grain, one)

    require_none_lost(store, partitions, "merged", dataset.name, source=dataset.name, wanted=wanted)
    partitions = list(filter(wanted, partitions))
    found: dict[str, dict[Partition, str]] = {}
    with open_footer_cache(store) as footers:
        for symbol, some in groupby(partitions, key=lambda one: one.symbol):
            known = footers.trusted(dataset.name, symbol)
            for one in some:
                if made := known.get(one.date) or trusted(store, one):
                    found.setdefault(one.date, {})[one] = made
    return found
