"""Raw of files that a user brings: what a partition has stays, and verified files are put beside it.

What a folder lacks may be published all the same: it takes nothing out of the lake, and proves nothing of missing rows.
So evidence, control objects and keys that nobody understands stay as the archive had them when it was asked last. The
next run over the partition asks it again, and finds these objects known (docs/adr/0040-files-that-a-user-has.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bcdata.catalog import Dataset
from bcdata.ledger.records import EvidenceRecord
from bcdata.pipeline.choosing.in_force import candidates, left_aside
from bcdata.pipeline.choosing.looks import LookedInto
from bcdata.pipeline.choosing.objects import choose
from bcdata.pipeline.choosing.policy import left_out
from bcdata.pipeline.context import RunContext, series_of, window_of
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.raw.conclude import conclude, superseded_in
from bcdata.pipeline.raw.listings import Listings
from bcdata.pipeline.raw.objects import ObjectFetcher
from bcdata.pipeline.records.manifests import archive_manifest
from bcdata.pipeline.records.objects import DAMAGED, ObjectRecord, without
from bcdata.pipeline.records.salvage import salvaged
from bcdata.pipeline.records.shapes import ArchiveManifest, in_force
from bcdata.pipeline.run_clock import as_of
from bcdata.pipeline.stream import each_async
from bcdata.store.layout import Partition

_AT_ONCE = 4
"""Partitions whose files are read at once: a disk gains nothing by more."""


def adopt(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Puts the objects of the given client beside those that the partitions have, and yields outcomes as they come."""
    windows = [window_of(dataset, one) for one in partitions]
    listings = Listings(context.clients.bulk(dataset.market), dataset, windows, None)

    def one(partition: Partition) -> _Adoption:
        own = as_of(context, dataset, partition)
        return _Adoption(own, dataset, listings, ObjectFetcher(own, dataset, partition))

    root = context.store.root
    yield from each_async(root, context.loop, partitions, lambda which: one(which).run(), at_once=_AT_ONCE)


@dataclass(frozen=True, slots=True)
class _Adoption:
    """The work on one partition."""

    context: RunContext
    dataset: Dataset
    listings: Listings
    fetcher: ObjectFetcher

    async def run(self) -> Outcome:
        partition, periods = self.fetcher.partition, self.dataset.archive
        window = window_of(self.dataset, partition)
        before = archive_manifest(self.context.store, partition) or salvaged(self.context.store, partition)
        known = in_force(before)
        daily, monthly = await self.listings.objects(partition.symbol, window)
        listed = [*daily, *([monthly] if monthly else []), *await self.listings.beside(partition.symbol, window)]
        sound = {(one["period"], one["date"]) for one in known.values() if self._is_sound(one)}
        # Which of two versions is in force only the archive can tell: the one that is there stays.
        brought = [one for one in listed if (one.period, one.date_key) not in sound]
        times = {(one.period, one.date_key) for one in brought}
        kept = {
            name: one
            for name, one in known.items()
            if one["period"] in periods and (one["period"], one["date"]) not in times
        }
        standing = candidates(brought, kept)
        looked = LookedInto(self.fetcher, known, kept)
        controls = before.get("controls", []) if before else []
        objects, days_alone = await choose(looked, standing, controls, before)
        unread = left_aside(standing, objects, known, kept, periods)
        unread = [one for one in unread if DAMAGED not in one and self.fetcher.is_there(one)]
        manifest = self._manifest(before, objects)
        if unread:
            manifest["unread"] = unread
        if earlier := superseded_in(before, [*objects, *unread], self.fetcher):
            manifest["superseded"] = earlier
        if days_alone:
            manifest["days_alone"] = days_alone
        names = {record["name"] for record in objects}
        rest = [one for one in standing if one.name not in names]
        return conclude(
            self.fetcher, manifest, before, left_out(self.dataset, rest) if objects else None, how="imported"
        )

    def _is_sound(self, record: ObjectRecord) -> bool:
        return DAMAGED not in record and self.fetcher.is_there(record)

    def _manifest(self, before: ArchiveManifest | None, objects: list[ObjectRecord]) -> ArchiveManifest:
        return {
            "fingerprint": "",
            "series": str(series_of(self.dataset, self.fetcher.partition.symbol)),
            "objects": objects,
            "controls": before.get("controls", []) if before else [],
            "not_understood": before.get("not_understood", []) if before else [],
            "evidence": self._evidence(before),
        }

    def _evidence(self, before: ArchiveManifest | None) -> EvidenceRecord:
        """What the archive told, but for where the files begin and end: new ones may lie beyond."""
        told: EvidenceRecord = before["evidence"] if before else {}
        return without(told, "not_listed", "ended") if self.fetcher.new else told
