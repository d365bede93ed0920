"""What published files say of themselves, remembered: 40,000 footers take a minute to read, and few of them change.

The memory is a side table: an entry holds as long as its file is the same one, by size, inode and times. Losing it
costs that minute.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TypeVar

import polars as pl

from bcdata.errors import StoreError
from bcdata.pipeline.records.in_footers import KEPT, Provenance, files_record, made_of, merged_record
from bcdata.pipeline.records.manifests import MANIFEST, archive_manifest
from bcdata.pipeline.zones import Step, Zone
from bcdata.quality.verdict import FindingRecord
from bcdata.store.layout import PART, Partition, symbol_and_date
from bcdata.store.objects import STATE, ObjectInfo
from bcdata.store.state.remembered import FactMemory
from bcdata.store.store import Store

Facts = TypeVar("Facts")
Row = tuple[str, str, int, str]
"""(start, end, bars, status)."""
_INPUTS = f"inputs {' '.join(KEPT)}"
_RACY_NS = 2_000_000_000
"""A file that was just written may be written again within the clock's tick: it is read again next time."""


class FooterCache:
    """Facts about the published partitions of one symbol at a time."""

    def __init__(self, store: Store, memory: FactMemory) -> None:
        self._store = store
        self._memory = memory

    def made_of(self, step: Step, symbol: str, date: str = "") -> dict[str, Provenance]:
        """By date key (all, or one): the `fingerprint` of a published partition, and what it was made of."""
        return self._of(_INPUTS, step.partition(symbol, date), self._inputs)

    def trusted(self, dataset: str, symbol: str) -> dict[str, str]:
        """By date key: the fingerprint of merged bars that have a ledger of the same fingerprint."""
        bars = self.made_of(Step(Zone.MERGED, dataset), symbol)
        ledgers = self._of(_INPUTS, Partition("gaps", dataset, symbol, ""), self._inputs)
        made = {date: one["fingerprint"] for date, one in bars.items()}
        return {date: one for date, one in made.items() if date in ledgers and ledgers[date]["fingerprint"] == one}

    def findings(self, step: Step, symbol: str) -> dict[str, list[FindingRecord]]:
        """By date key: the findings in the verdict of a published partition, each with the first row of its sample.

        Raw of the archive publishes no frame: its findings are those of what its manifests name.
        """
        if step.zone is Zone.RAW:
            return self._of("raw findings", step.partition(symbol, ""), self._raw_findings, MANIFEST)
        return self._of("findings", step.partition(symbol, ""), self._findings)

    def uncompared(self, step: Step, symbol: str) -> dict[str, list[str]]:
        """By date key of a published partition of parsed: its days (ISO) with bars that no coarser bar covers."""
        return self._of("uncompared", step.partition(symbol, ""), self._uncompared)

    def ledgers(self, dataset: str, symbol: str) -> dict[str, list[Row]]:
        """By date key: the rows of a ledger as (start, end, bars, status); instants are ISO texts, UTC."""
        return self._of("rows", Partition("gaps", dataset, symbol, ""), self._rows)

    def _of(
        self, kind: str, some: Partition, read: Callable[[list[Partition]], dict[str, Facts]], file: str = PART
    ) -> dict[str, Facts]:
        """The facts of all date keys of a symbol, or of one, read from those files alone that are new or changed."""
        folder = some.prefix.removesuffix("date=/")
        infos = {
            at[1]: info
            for info in self._store.objects.list(folder)
            if (at := symbol_and_date(info.key)) and info.key.endswith(f"/{file}")
        }
        known = self._memory.known(kind, folder)
        found = {
            date: known[info.key][1] for date, info in infos.items() if info.key in known and known[info.key][0] == info
        }
        new = read([replace(some, date=date) for date in infos if date not in found])
        self._memory.keep(kind, {infos[date]: facts for date, facts in new.items() if _is_settled(infos[date])})
        return found | new

    def _inputs(self, partitions: list[Partition]) -> dict[str, Provenance]:
        published = {one.date: self._store.published(one) for one in partitions}
        return {date: made_of(one) for date, one in published.items() if one is not None}

    def _findings(self, partitions: list[Partition]) -> dict[str, list[FindingRecord]]:
        published = {one.date: self._store.published(one) for one in partitions}
        verdicts = {date: merged_record(one).get("verdict") for date, one in published.items() if one}
        found = {date: one["findings"] if one else [] for date, one in verdicts.items()}
        return {date: [{**one, "sample": one["sample"][:1]} for one in some] for date, some in found.items()}

    def _uncompared(self, partitions: list[Partition]) -> dict[str, list[str]]:
        published = {one.date: self._store.published(one) for one in partitions}
        return {date: files_record(one).get("uncompared", []) for date, one in published.items() if one}

    def _raw_findings(self, partitions: list[Partition]) -> dict[str, list[FindingRecord]]:
        from bcdata.pipeline.raw.conclude import findings

        manifests = {one.date: archive_manifest(self._store, one) for one in partitions}
        return {date: [found.to_json() for found in findings(one)] for date, one in manifests.items() if one}

    def _rows(self, partitions: list[Partition]) -> dict[str, list[Row]]:
        """Many small files are read at once, which takes a tenth of the time; damaged ones tell nothing."""
        partitions = [one for one in partitions if self._is_whole(one)]
        if not partitions:
            return {}
        columns = ("start", "end", "bars", "status")
        paths = {str(self._store.root / one.key()): one.date for one in partitions}
        found: dict[str, list[Row]] = {date: [] for date in paths.values()}
        lazy = pl.scan_parquet(list(paths), hive_partitioning=False, include_file_paths="path")
        try:
            rows = lazy.select("path", *columns).collect()
        except (pl.exceptions.PolarsError, OSError):
            # One of them was replaced meanwhile or is damaged: all but that one can be told alone.
            alone = [self._rows([one]) for one in partitions] if len(partitions) > 1 else []
            return {date: told for one in alone for date, told in one.items()}
        for path, start, end, bars, status in rows.iter_rows():
            found[paths[path]].append((start.isoformat(), end.isoformat(), bars, status))
        return found

    def _is_whole(self, partition: Partition) -> bool:
        try:
            return self._store.damage(partition) is None
        except StoreError:
            return False  # its manifest is damaged


def _is_settled(info: ObjectInfo) -> bool:
    return abs(time.time_ns() - info.changed_ns) > _RACY_NS


@contextmanager
def open_footer_cache(store: Store) -> Iterator[FooterCache]:
    """The memory of a lake, for the length of the block; where nothing can be kept, for that long alone."""
    with closing(FactMemory(store.root / STATE / "footers.sqlite" if store.root.is_dir() else None)) as memory:
        yield FooterCache(store, memory)
