"""raw/binance_archive: the objects of a partition exactly as the archive has them, and a manifest of them.

The manifest holds nothing that differs between two fetches of the same bytes; when an object was fetched stands
in the side table.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bcdata.bars.calendar import calendar
from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError
from bcdata.operations.choose import first_choice, second_choice, uncovered_days
from bcdata.operations.coarser import Coarser
from bcdata.operations.due import due_until
from bcdata.operations.explain import record_of
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.holes import missing_in
from bcdata.operations.listing_history import Question
from bcdata.operations.listings import Listings
from bcdata.operations.marks import DAMAGED
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.replacement import split_replaced
from bcdata.operations.stream import each_async
from bcdata.operations.workbench import Workbench, series_of, window_of
from bcdata.providers.binance.archive import ArchiveObject
from bcdata.providers.binance.names import GRAINS
from bcdata.providers.binance.peek import content_bound, coverage
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.windows import Grain, Window

MANIFEST = "manifest.json"
REST = "binance_rest"
AT_ONCE = 6
"""Partitions whose objects are in flight at once; the client bounds connections below that."""

Record = dict[str, Any]


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Brings the partitions' objects up to what the archive lists now, and yields outcomes as they are done."""
    listings = Listings(work.archive, dataset, [window_of(dataset, one) for one in partitions])
    coarser = Coarser(work.archive, work.attempts, work.now)

    yield from each_async(
        work.store.root,
        work.loop,
        partitions,
        lambda one: _Fetch(work, dataset, listings, coarser, one).run(),
        at_once=AT_ONCE,
    )


@dataclass(slots=True)
class _Fetch:
    """The work on one partition."""

    work: Workbench
    dataset: Dataset
    listings: Listings
    coarser: Coarser
    partition: Partition
    fetched: int = 0
    new: list[str] = field(default_factory=list)

    async def run(self) -> Outcome:
        window = window_of(self.dataset, self.partition)
        daily, monthly = await self.listings.objects(self.partition.symbol, window)
        before = self.work.store.get_json(self.partition, MANIFEST) or {}
        known = taken(before)
        chosen = first_choice(daily, monthly, self.dataset.grain)
        if self.dataset.kind == "funding" and (early := await self.listings.before(self.partition.symbol, window)):
            chosen = [early, *chosen]
        # A day that was taken once wins over its month for good, so its later versions are taken too.
        chosen += [one for one in daily if one not in chosen and is_republished(one, known)]
        records = await asyncio.gather(*(self._have(one, known) for one in chosen))
        lacking = {date.fromisoformat(day) for record in records if record for day in record.get("lacking", [])}
        lacking |= set(uncovered_days([one for one, got in zip(chosen, records, strict=True) if got], window))
        more = [one for one in second_choice(daily, monthly, lacking, self.dataset.grain) if one not in chosen]
        records += await asyncio.gather(*(self._have(one, known) for one in more))
        held = {record["name"]: record for record in records if record}
        # What was taken before stays part of the partition, so that a rebuild reads the same objects.
        held |= {name: record for name, record in known.items() if name not in held and self._is_there(record)}
        objects = [held[name] for name in sorted(held)]
        evidence = await self._evidence(window, [*daily, *([monthly] if monthly else [])], objects)
        if self.dataset.interval is not None and REST not in self.dataset.sources:
            evidence["coarser"] = await self._coarser(objects)
        tools = (self.work.store, self.dataset, self.partition)
        objects, replaced = await asyncio.to_thread(split_replaced, *tools, objects)
        series = str(series_of(self.dataset, self.partition.symbol))
        return self._conclude({"series": series, "objects": objects, "evidence": evidence}, replaced, before)

    async def _have(self, one: ArchiveObject, known: dict[str, Record]) -> Record | None:
        """The record of the object, fetched if it is new, changed or lost; None where it is not there after all."""
        listed = _listed(one)
        record = known.get(one.name)
        is_sound = record and record["listed"] == listed and record["whole"] and DAMAGED not in record
        if record and is_sound and self._is_there(record):
            return record
        try:
            got = await self.work.archive.fetch(one)
        except NotFoundError:
            return None  # listed, but not to be had: as good as not published
        self.fetched += len(got.body)
        file = f"{one.name.removesuffix('.zip')}.{got.sha256[:12]}.zip"
        await asyncio.to_thread(self.work.store.objects.put, self.partition.key(file), got.body)
        self.new.append(self.partition.key(file))
        return {
            "name": one.name,
            "file": file,
            "url": one.key,
            "period": one.period,
            "date": one.date_key,
            "bytes": len(got.body),
            "sha256": got.sha256,
            "checksum": got.checksum,
            "checksum_text": got.checksum_text,
            "whole": got.checksum == "match" or got.is_as_listed(one),
            "listed": listed,
            **await self._look(one, got.body),
        }

    def _is_there(self, record: Record) -> bool:
        info = self.work.store.objects.stat(self.partition.key(record["file"]))
        return info is not None and info.size == record["bytes"]

    async def _look(self, one: ArchiveObject, body: bytes) -> Record:
        """What a look into the object tells: where it begins, and which days a monthly one lacks.

        Taken once, when it comes, of those that can tell something: monthly ones, and a partition's first and last
        daily ones.
        """
        interval, window = self.dataset.interval, GRAINS[one.period].window(one.date_key)
        whole = window_of(self.dataset, self.partition)
        at_edge = window.start == whole.start or window.end == whole.end
        if interval is None or (one.period == "daily" and not at_edge):
            return {}
        seen = await asyncio.to_thread(coverage, body, one.name, content_bound(window, interval))
        if one.period == "daily":
            is_broken = self.dataset.grain is Grain.DAY and seen.error is not None
            first = {"first": _iso(seen.first)} if window.start == whole.start else {}
            last = {"last": _iso(seen.last)} if window.end == whole.end else {}
            return first | last | ({"lacking": [one.date_key]} if is_broken else {})
        opens = calendar(self.dataset.calendar).opens(interval, window)
        expected = dict(opens.dt.date().value_counts(name="rows").iter_rows())
        lacking = [day.isoformat() for day in seen.lacking(expected)]
        return {"first": _iso(seen.first), "last": _iso(seen.last), "lacking": lacking}

    async def _evidence(
        self, window: Window, objects: Sequence[ArchiveObject], held: Iterable[Record]
    ) -> dict[str, Any]:
        """What other files tell, where days have no object of their own, or bars begin late or end early."""
        interval = self.dataset.interval
        if interval is None:
            return {}
        days = uncovered_days(objects, window.until(self.work.now))
        firsts = [datetime.fromisoformat(record["first"]) for record in held if record.get("first")]
        begins_late = bool(firsts) and min(firsts) > window.start
        lasts = [datetime.fromisoformat(record["last"]) for record in held if record.get("last")]
        ends_early = bool(lasts) and interval.next(max(lasts)) < window.end
        if not (days or begins_late or ends_early):
            return {}
        due = due_until(self.dataset, self.work.now)
        series = series_of(self.dataset, self.partition.symbol)
        testimony = await self.work.witness.testimony(series, Question(window, days, due))
        before = testimony.not_listed(window)
        ending = await self.work.witness.ending(testimony, window, due)
        return {
            "not_listed": record_of(before) if before else None,
            "ended": ending.to_record() if ending else None,
            "traded": [record_of(reason) for reason in testimony.traded(days)],
            "known_by": _iso(testimony.known_by),
        }

    async def _coarser(self, objects: Sequence[Record]) -> list[dict[str, str]]:
        """What coarser files tell of the bars that the objects lack: asked here where nobody asks REST."""
        missing = await asyncio.to_thread(missing_in, self.work, self.dataset, self.partition, objects)
        if missing.is_empty():
            return []
        series = series_of(self.dataset, self.partition.symbol)
        return [record_of(reason) for reason in await self.coarser.testimony(series, missing)]

    def _conclude(self, manifest: dict[str, Any], replaced: list[Record], before: dict[str, Any]) -> Outcome:
        # What a listing says may change with the bytes the same: nothing is computed anew for that.
        bytes_alone = [{key: one[key] for key in ("name", "sha256", "checksum")} for one in manifest["objects"]]
        manifest["fingerprint"] = fingerprint(**{**manifest, "objects": bytes_alone})
        manifest |= {"replaced": replaced} if replaced else {}
        self.work.attempts.note(self.new, self.work.now, "fetched")
        if manifest != before:
            self.work.store.put_json(self.partition, MANIFEST, manifest)
        state = State.PUBLISHED if self.new or manifest != before else State.UNCHANGED
        objects = manifest["objects"]
        verdict = Verdict(len(objects), tuple(_findings(objects)), {"bytes": sum(one["bytes"] for one in objects)})
        return Outcome(
            self.partition,
            state,
            verdict,
            manifest["fingerprint"],
            rows=len(objects),
            fetched=self.fetched,
            requests=len(self.new),
        )


def taken(manifest: Mapping[str, Any]) -> dict[str, Record]:
    """The records of all objects that raw has taken, by name: what the partition is made of, and what was replaced."""
    return {record["name"]: record for record in (*manifest.get("objects", []), *manifest.get("replaced", []))}


def is_republished(one: ArchiveObject, known: Mapping[str, Record]) -> bool:
    """Whether a manifest's records (by name) have the object, and the listing now says otherwise of it."""
    return one.name in known and known[one.name]["listed"] != _listed(one)


def _listed(one: ArchiveObject) -> Record:
    """All that tells one version of an object, or of its CHECKSUM, from another."""
    return {
        "size": one.size,
        "etag": one.etag,
        "last_modified": _iso(one.last_modified),
        "checksum_modified": _iso(one.checksum_modified),
    }


def _findings(objects: Sequence[Record]) -> Iterator[Finding]:
    for state, words in _CHECKSUM.items():
        names = [one["name"] for one in objects if one["checksum"] == state]
        if names:
            sample = tuple({"object": name} for name in names[:5])
            yield Finding(f"checksum_{state}", Severity.WARN, len(names), f"{names[0]}: {words}", sample)


_CHECKSUM = {
    "mismatch": "the bytes are not those that the CHECKSUM names; parsed decides whether they are whole",
    "missing": "the archive has no CHECKSUM for it",
    "malformed": "its CHECKSUM cannot be read",
}


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
