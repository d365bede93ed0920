"""Raw of the source of files: the objects of a partition exactly as the archive has them, and a manifest of them.

The manifest holds nothing that differs between two fetches of the same bytes; when an object was fetched stands
in the side table. Which objects are read is decided in `pipeline/choosing`, what other files tell of the bars that are
missing is found in `pipeline/missing`; here they are put together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bcdata.catalog import Dataset
from bcdata.evidence.coarser import CoarserBars
from bcdata.ledger.records import EvidenceRecord
from bcdata.pipeline.choosing.controls import ControlObjects
from bcdata.pipeline.choosing.in_force import candidates, left_aside, superseded, withdrawn
from bcdata.pipeline.choosing.looks import LookedInto
from bcdata.pipeline.choosing.objects import choose
from bcdata.pipeline.choosing.policy import left_out
from bcdata.pipeline.context import RunContext, series_of, window_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.frame_types import functions_of
from bcdata.pipeline.missing.evidence import coarser_evidence
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.raw.listings import Listings
from bcdata.pipeline.raw.objects import ObjectFetcher
from bcdata.pipeline.records.manifests import archive_manifest, write_manifest
from bcdata.pipeline.records.objects import DAMAGED, WITHDRAWN, ObjectRecord
from bcdata.pipeline.records.salvage import salvaged
from bcdata.pipeline.records.shapes import ArchiveManifest, in_force
from bcdata.pipeline.run_clock import as_of, with_warnings
from bcdata.pipeline.stream import each_async
from bcdata.providers.base import BulkObject
from bcdata.quality.verdict import SAMPLE, Finding, Severity, Verdict
from bcdata.store.layout import Partition

AT_ONCE = 6
"""Partitions whose objects are in flight at once; the client bounds connections below that."""


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Brings the partitions' objects up to what the archive lists now, and yields outcomes as they are done."""
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
        if earlier := self._superseded(before, [*objects, *unread]):
            manifest["superseded"] = earlier
        if days_alone:
            manifest["days_alone"] = days_alone
        names = {record["name"] for record in objects}
        rest = [one for one in standing if one.name not in names]
        return self._conclude(manifest, before, left_out(self.dataset, rest) if objects else None)

    async def _evidence(self, standing: Sequence[BulkObject], objects: Sequence[ObjectRecord]) -> EvidenceRecord:
        """What other files tell of the rows that the objects lack."""
        if self.dataset.ends_at_raw:
            return {}
        ask = functions_of(self.dataset).evidence
        return await ask(self.context, self.dataset, self.partition, standing, objects)

    def _superseded(self, before: ArchiveManifest | None, current: Iterable[ObjectRecord]) -> list[ObjectRecord]:
        """Earlier versions whose bytes raw still has."""
        known = [*(before.get("superseded", []) if before else []), *in_force(before).values()]
        earlier = [one for one in known if DAMAGED not in one]
        return [one for one in superseded(earlier, current) if self.fetcher.is_there(one)]

    def _conclude(
        self, manifest: ArchiveManifest, before: ArchiveManifest | None, not_reconciled: str | None
    ) -> Outcome:
        manifest["fingerprint"] = _fingerprint(manifest)
        if not_reconciled:
            manifest["not_reconciled"] = not_reconciled
        new = self.fetcher.new
        self.context.attempts.note(new, self.context.now, "fetched")
        if manifest != before:
            write_manifest(self.context.store, self.partition, manifest)
        state = State.PUBLISHED if new or manifest != before else State.UNCHANGED
        objects, controls = manifest["objects"], manifest.get("controls", [])
        facts = {"bytes": sum(one["bytes"] for one in objects), "control_bytes": sum(one["bytes"] for one in controls)}
        verdict = Verdict(len(objects), tuple(findings(manifest)), facts)
        return Outcome(
            self.partition,
            state,
            verdict,
            manifest["fingerprint"],
            rows=len(objects),
            fetched=self.fetcher.fetched,
            requests=len(new),
        )


def _fingerprint(manifest: ArchiveManifest) -> str:
    """What the listing says may change with the bytes the same: nothing is computed again for that."""
    told = ("name", "sha256", "checksum", WITHDRAWN)
    bytes_alone = [{key: one.get(key) for key in told} for one in manifest["objects"]]
    return fingerprint(
        objects=bytes_alone,
        controls=[[one["name"], one["sha256"]] for one in manifest.get("controls", [])],
        superseded=[[one["name"], one["sha256"]] for one in manifest.get("superseded", [])],
        series=manifest["series"],
        not_understood=manifest.get("not_understood"),
        evidence=manifest["evidence"],
    )


def findings(manifest: ArchiveManifest) -> Iterator[Finding]:
    """What is to be said of the objects that a manifest of raw names.

    `not_reconciled` in it says what its objects were not compared with.
    """
    objects = manifest["objects"]
    for state, words in _CHECKSUM.items():
        yield from _named(f"checksum_{state}", [one["name"] for one in objects if one["checksum"] == state], words)
    gone = [one["name"] for one in objects if WITHDRAWN in one]
    yield from _named("withdrawn", gone, "the archive lists it no more; the last version held stays in force")
    words = "not understood as the name of an object, or not the only one of its date; it is not read"
    yield from _named("key_not_understood", manifest.get("not_understood", []), words)
    if reason := manifest.get("not_reconciled"):
        yield Finding("not_reconciled", Severity.WARN, len(objects), reason)


def _named(rule: str, names: Sequence[str], words: str) -> Iterator[Finding]:
    if names:
        sample = tuple({"object": name} for name in names[:SAMPLE])
        more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
        yield Finding(rule, Severity.WARN, len(names), f"{names[0]}{more}: {words}", sample)


_CHECKSUM = {
    "mismatch": "the bytes are not those that the CHECKSUM names; parsed decides whether they are whole",
    "missing": "the archive has no CHECKSUM for it",
    "malformed": "its CHECKSUM cannot be read",
}
