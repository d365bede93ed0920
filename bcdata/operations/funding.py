"""Funding settlements from raw to merged: irregular in time, few in number, monthly in the archive.

raw/binance_archive is the same as for bars (raw_archive.py); what differs is here.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from bcdata.bars.gaps import Status
from bcdata.bars.schema import FUNDING, LEDGER
from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError, ProviderError
from bcdata.operations.answered import ASK_AGAIN
from bcdata.operations.explain import unpublished_from
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.lake import trusted
from bcdata.operations.marks import DAMAGED
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.parsed_archive import parsed_fingerprint
from bcdata.operations.publish import publish, unchanged
from bcdata.operations.raw_archive import MANIFEST
from bcdata.operations.stream import each
from bcdata.operations.workbench import Workbench, series_of, window_of
from bcdata.providers.binance.answers import RestPage
from bcdata.providers.binance.funding import read_funding_csv, read_funding_pages
from bcdata.providers.binance.peek import content_bound, member_name
from bcdata.providers.binance.unzip import ObjectError, unzip
from bcdata.quality.models import audit, funding_model
from bcdata.quality.rules import VERSION, sample
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition
from bcdata.windows import Window

ARCHIVE, REST = "binance_archive", "binance_rest"
_JITTER = timedelta(seconds=30)


def parse_archive(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """parsed/binance_archive of funding; yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _parse(work, dataset, one))


def ask_rest(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """raw/binance_rest of funding: asks for the months that lack a settlement, again after a day if they still do."""
    yield from each(work.store.root, partitions, lambda one: _ask(work, dataset, one))


def parse_rest(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """parsed/binance_rest of funding; nothing asked, nothing parsed."""
    yield from each(work.store.root, partitions, lambda one: _parse(work, dataset, one))


def merge(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Merged funding with its ledger; yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _merge(work, dataset, one))


def _parse(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = work.store.get_json(raw, MANIFEST)
    if manifest is None and partition.provider == REST:
        return Outcome(partition, State.UNCHANGED, Verdict(0))
    if manifest is None:
        return Outcome(partition, State.FAILED, failed("upstream", "raw holds nothing for it; materialize raw first"))
    made_of = parsed_fingerprint(dataset, manifest["fingerprint"])
    if done := unchanged(work.store, partition, made_of):
        return done
    try:
        settled, bad = _read(work, dataset, partition, manifest)
    except ObjectError as error:
        verdict = failed(error.rule, str(error))
        return publish(work.store, partition, pl.DataFrame(schema=FUNDING), verdict, fingerprint=made_of, record={})
    window = window_of(dataset, partition)
    inside = settled.filter(pl.col("time").is_between(window.start, window.end, closed="left"))
    findings = audit(inside, funding_model())
    if bad.height:
        findings.append(Finding("rows", Severity.ROW, bad.height, "rows set aside", sample(bad)))
    verdict = Verdict(inside.height, tuple(findings))
    record = {"raw": manifest["fingerprint"]}
    return publish(work.store, partition, inside, verdict, fingerprint=made_of, record=record, rejected=bad)


def _read(
    work: Workbench, dataset: Dataset, partition: Partition, manifest: dict[str, Any]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    raw = partition.in_zone("raw", partition.provider)
    bodies = {}
    for one in manifest["objects"]:
        body = work.store.objects.get(raw.key(one["file"]))
        if body is None:
            raise ObjectError("unreadable", f"{one['file']} is not in raw; materialize raw again")
        bodies[one["name"]] = body
    if partition.provider == REST:
        return read_funding_pages(list(bodies.values()))
    # The object of the month before is there for a settlement that it may hold by some milliseconds.
    bound = content_bound(window_of(dataset, partition), None)
    return read_funding_csv([unzip(body, member=member_name(name), max_bytes=bound) for name, body in bodies.items()])


def _ask(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    archive = work.store.read(partition.in_zone("parsed", ARCHIVE)) if ARCHIVE in dataset.sources else None
    window = window_of(dataset, partition).until(work.now.replace(second=0, microsecond=0))
    before = work.store.get_json(partition, MANIFEST)
    idle = Outcome(partition, State.UNCHANGED, Verdict(0), (before or {}).get("fingerprint", ""))
    if window.is_empty or _is_whole([archive], window):
        return idle
    asked = {"start": window.start.isoformat(), "end": window.end.isoformat()}
    holds = before is not None and _holds(work, partition, before)
    if before and holds and before["asked"] == asked and not _may_ask_again(work, partition, archive, window):
        return idle
    try:
        # Times jitter by milliseconds: the first settlement may stand just before the month.
        around = Window(window.start - _JITTER, window.end)
        pages = work.loop.run(work.rest.funding(series_of(dataset, partition.symbol), around))
    except NotFoundError:
        pages = []
    except ProviderError as error:
        return _unanswered(idle, str(error))
    work.attempts.note([_asking(partition)], work.now)
    if before and holds and not _times([page.body for page in pages]) >= _times(_bodies(work, partition, before)):
        return _unanswered(idle, "binance_rest: the answer lacks settlements that an earlier one had")
    return _keep(work, partition, asked, pages)


def _keep(work: Workbench, partition: Partition, asked: dict[str, str], pages: Sequence[RestPage]) -> Outcome:
    objects = []
    for number, page in enumerate(pages):
        digest = hashlib.sha256(page.body).hexdigest()
        file = f"funding.{number}.{digest[:12]}.json"
        work.store.objects.put(partition.key(file), page.body)
        objects.append({"name": f"{number}", "file": file, "bytes": len(page.body), "sha256": digest, "url": page.url})
    manifest: dict[str, Any] = {"asked": asked, "objects": objects, "evidence": {}}
    manifest["fingerprint"] = fingerprint(**manifest)
    work.store.put_json(partition, MANIFEST, manifest)
    rows = sum(page.rows for page in pages)
    return Outcome(
        partition, State.PUBLISHED, Verdict(rows), manifest["fingerprint"], rows, requests=max(1, len(pages))
    )


def _unanswered(idle: Outcome, cause: str) -> Outcome:
    words = f"unanswered; the month stays open ({cause})"
    return replace(idle, verdict=Verdict(0, (Finding("refill_unanswered", Severity.WARN, 1, words),)))


def _asking(partition: Partition) -> str:
    """The key of the side table under which it stands when the month was asked for."""
    return f"{partition.prefix}funding"


def _may_ask_again(work: Workbench, partition: Partition, archive: pl.DataFrame | None, window: Window) -> bool:
    """Whether settlements are missing still, and were not asked for within the last day."""
    last = work.attempts.last(_asking(partition))
    if last is not None and work.now - last < ASK_AGAIN:
        return False
    return not _is_whole([archive, work.store.read(partition.in_zone("parsed", REST))], window)


def _is_whole(frames: Sequence[pl.DataFrame | None], window: Window) -> bool:
    """Whether the frames, the first before the next, lack no settlement of the window; no frame at all does."""
    there = [frame for frame in frames if frame is not None]
    return bool(there) and funding_ledger(_joined(there), window, Status.OPEN).is_empty()


def _joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames).unique("time", keep="first", maintain_order=True).sort("time")


def _times(bodies: Sequence[bytes]) -> set[datetime]:
    return set(read_funding_pages(bodies)[0]["time"])


def _bodies(work: Workbench, partition: Partition, manifest: dict[str, Any]) -> list[bytes]:
    found = (work.store.objects.get(partition.key(one["file"])) for one in manifest["objects"])
    return [body for body in found if body is not None]


def _holds(work: Workbench, partition: Partition, manifest: dict[str, Any]) -> bool:
    objects = manifest["objects"]
    return all(work.store.objects.stat(partition.key(one["file"])) and DAMAGED not in one for one in objects)


def _merge(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    parsed = {name: partition.in_zone("parsed", name) for name in dataset.sources}
    published = {name: work.store.published(one) for name, one in parsed.items()}
    if ARCHIVE in parsed and published[ARCHIVE] is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "parsed is not published"))
    window = window_of(dataset, partition)
    unpublished = unpublished_from(dataset, window, work.now)
    made_of = fingerprint(
        sources=[(name, one.fingerprint if one else None) for name, one in published.items()],
        unpublished=unpublished,
    )
    done = unchanged(work.store, partition, made_of)
    if done and (not done.ok or trusted(work.store, partition) == made_of):
        return done
    frames = [frame for one in parsed.values() if (frame := work.store.read(one)) is not None]
    settled = _joined(frames)
    gaps = funding_ledger(settled, window.until(work.now), Status.NOT_PUBLISHED if unpublished else Status.OPEN)
    verdict = Verdict(settled.height, tuple(_coverage(gaps, audit(settled, funding_model()))))
    if verdict.passed:
        record = {"dataset": dataset.name}
        work.store.publish(partition.in_zone("gaps"), gaps, fingerprint=made_of, rules=VERSION, record=record)
    return publish(work.store, partition, settled, verdict, fingerprint=made_of, record={})


def _coverage(gaps: pl.DataFrame, findings: list[Finding]) -> Iterator[Finding]:
    yield from findings
    if gaps.height:
        yield Finding("coverage", Severity.WARN, int(gaps["bars"].sum()), "settlements are missing", sample(gaps))


_USUAL = timedelta(hours=8)


def funding_ledger(settled: pl.DataFrame, window: Window, status: Status) -> pl.DataFrame:
    """Missing settlements, judged by the interval in force (8 hours where nothing is known)."""
    times = settled["time"].to_list()
    hours = [timedelta(hours=value) for value in settled["interval_hours"]]
    edges: list[tuple[datetime, datetime, timedelta]] = []
    if not times:
        edges.append((window.start - _USUAL, window.end, _USUAL))
    else:
        edges.append((window.start - hours[0], times[0], hours[0]))
        # Where the interval changes, files label the settlement with the old one or the new: the longer one holds.
        pairs = zip(times, times[1:], hours, hours[1:], strict=False)
        edges += [(left, right, max(before, after)) for left, right, before, after in pairs]
        edges.append((times[-1], window.end, hours[-1]))
    rows = []
    for left, right, step in edges:
        count = -((left - right) // step) - 1
        if count > 0 and left + step < window.end:
            words = f"no source has them (every {step // timedelta(hours=1)} h)"
            rows.append((left + step, left + count * step, count, status.value, words))
    return pl.DataFrame(rows, schema=LEDGER, orient="row")
