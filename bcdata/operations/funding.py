"""Funding settlements from raw to merged: irregular in time, few in number, monthly in the archive.

raw/binance_archive is the same as for bars (raw_archive.py); how REST is asked stands in funding_rest.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from bcdata.bars.gaps import Reason
from bcdata.bars.schema import FUNDING, SETTLEMENT, TIME, conform
from bcdata.bars.settlements import in_force, missing_settlements, settlement_ledger
from bcdata.catalog import Dataset
from bcdata.intervals import SETTLEMENT_MINUTE
from bcdata.operations.archive_content import object_content, object_window
from bcdata.operations.archive_rows import extra_columns
from bcdata.operations.explain import TWICE, Told, not_published, quarantined, unpublished_from, upstream
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.manifests import Record, read_manifest
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.present import CLOSED, as_of
from bcdata.operations.publish import is_whole, nothing_sound, publish, unchanged
from bcdata.operations.stream import each
from bcdata.operations.workbench import Workbench, window_of
from bcdata.providers.binance.funding import RAW, SENT, has_more_columns, read_funding_csv
from bcdata.providers.binance.unzip import ObjectError
from bcdata.quality.models import audit, funding_model
from bcdata.quality.rules import sample
from bcdata.quality.settlements import IS_NAMED, VERSION, audit_settlements
from bcdata.quality.shares import BAD_SHARE, Bad
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

ARCHIVE, REST = "binance_archive", "binance_rest"
AROUND = timedelta(days=1)
"""What a question spans on both sides of its partition: three settlements, as rare as they may be."""
_SIDES = "REST answered with settlements on both sides and none here"


def parse_archive(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """parsed/binance_archive of funding; yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _parse_archive(work.store, dataset, one))


def merge(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Merged funding with its ledger; yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _merge(as_of(work, dataset, one), dataset, one))


def due(window: Window, now: datetime) -> Window:
    """The part of a window whose settlements should be known by now: up to the last full hour."""
    return window.until(now.replace(minute=0, second=0, microsecond=0))


def joined(frames: Sequence[pl.DataFrame | None]) -> pl.DataFrame:
    """Settlements of several sources, the first before the next, ascending."""
    there = [pl.DataFrame(schema=FUNDING), *(frame for frame in frames if frame is not None)]
    return pl.concat(there).unique("time", keep="first", maintain_order=True).sort("time")


def proved(facts: Told) -> list[Reason]:
    """What answers of REST prove (as a record of parsed/binance_rest has it), the strongest first."""
    return [*upstream(facts.get("confirmed"), _SIDES), *upstream(facts.get("empty"), TWICE)]


def _parse_archive(store: Store, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = read_manifest(store, raw)
    if manifest is None:
        return Outcome(partition, State.FAILED, failed("upstream", "raw holds nothing for it; materialize raw first"))
    made_of = made_of_raw(dataset, manifest)
    if done := unchanged(store, partition, made_of):
        return done
    window, records = window_of(dataset, partition), manifest["objects"]
    opened = _Opened.of(store, raw, records, dataset)
    before = audit_settlements(_of_this_partition(opened.rows, day_before(window)), max_bad_share=1).settled
    audited = audit_settlements(_of_this_partition(opened.rows, window), max_bad_share=dataset.quality.max_bad_share)
    whole = [
        {
            "start": window.start.isoformat(),
            "end": (window.end - SETTLEMENT_MINUTE).isoformat(),
            "reason": rule,
            "evidence": words,
        }
        for _, rule, words in opened.whole(audited.bad_objects)
    ]
    record = {
        "raw": manifest["fingerprint"],
        "objects": [one["name"] for one in records],
        "quarantined": [*_quarantined(audited.rejected, window), *whole],
        "before": plain(before),
    }
    verdict = audited.verdict.with_findings(opened.findings(audited.bad_objects))
    rejected = pl.concat([audited.rejected, opened.as_rows()], how="diagonal")
    rejected = rejected.select("name", "line", "reason", "evidence", *SENT.names())
    return publish(store, partition, audited.settled, verdict, fingerprint=made_of, record=record, rejected=rejected)


def made_of_raw(dataset: Dataset, manifest: Record) -> str:
    """The fingerprint of what a parsed partition is made of: raw, the rules, the settings that bear on it."""
    return fingerprint(raw=manifest["fingerprint"], rules=VERSION, max_bad_share=dataset.quality.max_bad_share)


@dataclass(slots=True)
class _Opened:
    """The rows of the objects of a partition that can be read, and what is wrong with the others."""

    month: str
    rows: pl.DataFrame
    broken: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, rule, words."""
    beside: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, store: Store, raw: Partition, records: Sequence[Record], dataset: Dataset) -> "_Opened":
        frames, opened = [pl.DataFrame(schema=RAW)], cls(raw.date, pl.DataFrame(schema=RAW))
        wide = []
        for record in records:
            name = record["name"]
            try:
                content = object_content(store, raw, record, dataset.interval)
                frames.append(read_funding_csv(content, name, object_window(record)))
                wide += [name] if has_more_columns(content) else []
            except ObjectError as error:
                words = f"{name} cannot be read: {error}"
                # The object of the month before is there for a settlement that it may hold by some milliseconds.
                if raw.date.startswith(record["date"]):
                    opened.broken.append((name, error.rule, words))
                else:
                    opened.beside.append(Finding(error.rule, Severity.WARN, 1, words))
        opened.rows = pl.concat(frames)
        opened.beside += extra_columns(wide)
        return opened

    def whole(self, bad: Mapping[str, Bad]) -> list[tuple[str, str, str]]:
        """The partition's own objects that are set aside whole: name, rule, words."""
        words = "{}: {}, and the rest is not believed"
        own = [(name, BAD_SHARE, words.format(name, one)) for name, one in bad.items() if self.month in name]
        return [*self.broken, *own]

    def findings(self, bad: Mapping[str, Bad]) -> list[Finding]:
        """What is wrong with objects."""
        return [*(Finding(rule, Severity.ROW, 1, words) for _, rule, words in self.whole(bad)), *self.beside]

    def as_rows(self) -> pl.DataFrame:
        """Objects that cannot be read, as rows for quarantine."""
        schema = dict.fromkeys(("name", "reason", "evidence"), pl.String)
        return pl.DataFrame(self.broken, schema=schema, orient="row")


def _of_this_partition(rows: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Leaves to other partitions what is theirs, so that every row of every object belongs to just one.

    A settlement, bad or not, belongs where it is due; what lies outside its object's name, where the object begins.
    """
    place = pl.when(IS_NAMED).then("time").otherwise("from_us").cast(TIME)
    return rows.filter(place.is_between(window.start, window.end, closed="left"))


def _quarantined(rejected: pl.DataFrame, window: Window) -> list[dict[str, str]]:
    """The settlements of which a row came that was set aside: the gap ledger calls them quarantined."""
    rows = (
        rejected.filter(IS_NAMED)
        .select(pl.col("time").cast(TIME), "reason")
        .unique(maintain_order=True)
        .sort("time", "reason")
    )
    instants = ((at.isoformat(), reason) for at, reason in rows.iter_rows() if at in window)
    return [{"start": at, "end": at, "reason": reason} for at, reason in instants]


def _merge(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    parsed = {name: partition.in_zone("parsed", name) for name in dataset.sources}
    published = {name: work.store.published(one) for name, one in parsed.items()}
    if ARCHIVE in parsed and published[ARCHIVE] is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "parsed is not published"))
    window = window_of(dataset, partition)
    known, unpublished = due(window, work.now), unpublished_from(dataset, window, work.now)
    # What is not over yet is not known, whatever a file says; the settlements of a month that is over all are.
    settled = None if window.end <= work.now else _settled(work, dataset, partition)
    made_of = fingerprint(
        sources=[(name, one.fingerprint if one else None) for name, one in published.items()],
        due=known.end,
        last=None if settled is None else settled["time"].max(),
        unpublished=unpublished,
        rules=VERSION,
    )
    done = unchanged(work.store, partition, made_of)
    if done and (not done.ok or is_whole(work.store, partition.in_zone("gaps"), made_of)):
        return done
    settled = _settled(work, dataset, partition) if settled is None else settled
    records = {name: one.record for name, one in published.items() if one}
    settled = in_force(settled, _before(records))
    reasons = _reasons(records.get(ARCHIVE) or {}, records.get(REST) or {}, unpublished)
    gaps = settlement_ledger(missing_settlements(_as_stated(settled), known), reasons)
    nothing = nothing_sound(settled.height, records.get(ARCHIVE) or {})
    findings = (*audit(settled, funding_model(SETTLEMENT)), *_coverage(gaps), *_differing(settled), *nothing)
    verdict = Verdict(settled.height, findings)
    record = {CLOSED: known.end.isoformat()}
    return publish(work.store, partition, settled, verdict, fingerprint=made_of, record=record, ledger=gaps)


def _settled(work: Workbench, dataset: Dataset, partition: Partition) -> pl.DataFrame:
    """The settlements of all sources (`SETTLEMENT`, without the interval in force) that are known by now."""
    frames = [work.store.read(partition.in_zone("parsed", name)) for name in dataset.sources]
    known = pl.col("time") + SETTLEMENT_MINUTE <= work.now
    return _unlabelled(joined(frames)).filter(known)


def day_before(window: Window) -> Window:
    """The time before a partition in which the settlements stand from which its first intervals follow."""
    return Window(window.start - AROUND, window.start)


def plain(before: pl.DataFrame) -> list[list[Any]]:
    """Settlements as a record keeps them: the time (ISO, UTC) and the interval that the source states."""
    return [[at.isoformat(), hours] for at, hours in before.select("time", "interval_hours").iter_rows()]


def _before(records: Mapping[str, Told]) -> pl.DataFrame:
    """The settlements of the day before, by all sources."""
    frames = []
    for record in records.values():
        rows = [(datetime.fromisoformat(at), 0.0, hours) for at, hours in record.get("before") or []]
        frames.append(pl.DataFrame(rows, schema=FUNDING, orient="row"))
    return _unlabelled(joined(frames))


def _unlabelled(settled: pl.DataFrame) -> pl.DataFrame:
    """Settlements with what their file states, and without the interval in force."""
    return conform(settled.rename({"interval_hours": "file_interval_hours"}), SETTLEMENT)


def _as_stated(settled: pl.DataFrame) -> pl.DataFrame:
    return settled.with_columns(interval_hours="file_interval_hours")


def _differing(settled: pl.DataFrame) -> Iterator[Finding]:
    """A warning where a file states another interval than follows from the settlements before."""
    differ = settled.filter(pl.col("interval_hours") != pl.col("file_interval_hours"))
    if differ.height:
        words = "the file states another interval than follows from the settlements up to it; both are kept"
        yield Finding("interval_differs", Severity.WARN, differ.height, words, sample(differ))


def _reasons(archive: Told, rest: Told, unpublished: datetime | None) -> list[Reason]:
    """Why settlements may be missing, the strongest reason first: the order of bars (decision 0012)."""
    set_aside = (quarantined(one) for one in archive.get("quarantined") or [])
    return [*set_aside, *proved(rest), *not_published(unpublished)]


def _coverage(gaps: pl.DataFrame) -> Iterator[Finding]:
    if gaps.height:
        yield Finding("coverage", Severity.WARN, int(gaps["bars"].sum()), "settlements are missing", sample(gaps))
