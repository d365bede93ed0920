"""Raw of the source of files: the objects of a partition exactly as the archive has them, and a manifest of them.

The manifest holds nothing that differs between two fetches of the same bytes; when an object was fetched stands
in the side table. Which objects are read is decided in `pipeline/choosing`, what other files tell of the bars that are
missing is found in `pipeline/missing`; here they are put together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bcdata.catalog import Dataset
from bcdata.evidence.coarser import CoarserBars
from bcdata.ledger.records import EvidenceRecord
from bcdata.pipeline.choosing.controls import ControlObjects
from bcdata.pipeline.choosing.in_force import candidates, left_aside, withdrawn
from bcdata.pipeline.choosing.looks import LookedInto
from bcdata.pipeline.choosing.objects import choose
from bcdata.pipeline.choosing.policy import left_out
from bcdata.pipeline.context import RunContext, series_of, window_of
from bcdata.pipeline.frame_types import files_of
from bcdata.pipeline.missing.evidence import coarser_evidence
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.raw.adopt import adopt
from bcdata.pipeline.raw.conclude import conclude, superseded_in
from bcdata.pipeline.raw.listings import Listings
from bcdata.pipeline.raw.objects import ObjectFetcher
from bcdata.pipeline.records.manifests import archive_manifest
from bcdata.pipeline.records.objects import DAMAGED, ObjectRecord
from bcdata.pipeline.records.salvage import salvaged
from bcdata.pipeline.records.shapes import ArchiveManifest, in_force
from bcdata.pipeline.run_clock import as_of, with_warnings
from bcdata.pipeline.stream import each_async
from bcdata.providers.base import BulkObject
from bcdata.store.layout import Partition

AT_ONCE = 6
"""Partitions whose objects are in flight at once; the client bounds connections below that."""


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Brings the partitions' objects up to what the archive lists now, and yields outcomes as they are done.

    Where a client was given that has but a part of what is published, its objects are added to what is there.
    """
    if context.clients.is_given(dataset.market):
        yield from adopt(context, dataset, partitions)
        return
    windows = [window_of(dataset, one) for one in partitions]
    begun = [one for one in windows if one.start <= context.now]  # others are refused, and cost no listing
    listings = Listings(context.clients.bulk(dataset.market), dataset, begun or windows[:1], context.now)
    coarser = CoarserBars(context.clients.bulk(dataset.market), context.attempts, context.now)

    def fetch(one: Partition) -> _Fetch:
        own = as_of(context, dataset, one)
        return _Fetch(own, dataset, listings, coarser, one, ObjectFetcher(own, dataset, one))

    outcomes = each_async(context.store.root, context.loop, partitions, lambda one: fetch(one).run(), at_once=AT_ONCE)
    yield from with_warnings(context, outcomes)


@dataclass(slots=True)
class _Fetch:
    """The work on one partition."""

    context: RunContext
    dataset: Dataset
    listings: Listings
    coarser: CoarserBars
    partition: Partition
    fetcher: ObjectFetcher

    async def run(self) -> Outcome:
        window, symbol = window_of(self.dataset, self.partition), self.partition.symbol
        before = archive_manifest(self.context.store, self.partition) or salvaged(self.context.store, self.partition)
        known = in_force(before)
        daily, monthly = await self.listings.objects(symbol, window)
        listed = [*daily, *([monthly] if monthly else []), *await self.listings.beside(symbol, window)]
        gone = withdrawn(listed, known, self.dataset.archive)
        standing = candidates(listed, gone)
        looked = LookedInto(self.fetcher, known, gone)
        held = before.get("controls", []) if before else []
        controls = await ControlObjects(self.dataset, self.listings).fetch(looked, window, held)
        objects, days_alone = await choose(looked, standing, controls, before)
        unread = left_aside(standing, objects, known, gone, self.dataset.archive)
        unread = [one for one in unread if DAMAGED not in one and self.fetcher.is_there(one)]
        evidence = await self._evidence(standing, objects)
        if self.dataset.interval is not None and self.dataset.repair is None and not self.dataset.ends_at_raw:
            evidence["coarser"] = await coarser_evidence(
                self.context, self.coarser, self.dataset, self.partition, objects
            )
        manifest: ArchiveManifest = {
            "fingerprint": "",
            "series": str(series_of(self.dataset, symbol)),
            "objects": objects,
            "controls": controls,
            "not_understood": await self.listings.not_understood(symbol, window),
            "evidence": evidence,
        }
        if unread:
            manifest["unread"] = unread
        if earlier := superseded_in(before, [*objects, *unread], self.fetcher):
            manifest["superseded"] = earlier
        if days_alone:
            manifest["days_alone"] = days_alone
        names = {record["name"] for record in objects}
        rest = [one for one in standing if one.name not in names]
        return conclude(self.fetcher, manifest, before, left_out(self.dataset, rest) if objects else None)

    async def _evidence(self, standing: Sequence[BulkObject], objects: Sequence[ObjectRecord]) -> EvidenceRecord:
        """What other files tell of the rows that the objects lack."""
        if self.dataset.ends_at_raw:
            return {}
        ask = files_of(self.dataset).evidence
        return await ask(self.context, self.dataset, self.partition, standing, objects)
