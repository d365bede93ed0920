"""The manifest of a partition of raw is put, and what is to be said of its objects, wherever they came from."""

from collections.abc import Iterable, Iterator, Sequence

from bcdata.pipeline.choosing.in_force import superseded
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.raw.objects import ObjectFetcher
from bcdata.pipeline.records.manifests import write_manifest
from bcdata.pipeline.records.objects import DAMAGED, WITHDRAWN, ObjectRecord
from bcdata.pipeline.records.shapes import ArchiveManifest, in_force
from bcdata.quality.verdict import SAMPLE, Finding, Severity, Verdict


def conclude(
    fetcher: ObjectFetcher,
    manifest: ArchiveManifest,
    before: ArchiveManifest | None,
    not_reconciled: str | None,
    *,
    how: str = "fetched",
) -> Outcome:
    """Puts the manifest if it says anything new, and reports on the partition.

    Args:
        fetcher: what got its objects.
        manifest: what the partition has now; its fingerprint is filled in.
        before: what it had.
        not_reconciled: what the objects were not compared with, in words.
        how: how new objects came, for the side table.
    """
    manifest["fingerprint"] = _fingerprint(manifest)
    if not_reconciled:
        manifest["not_reconciled"] = not_reconciled
    new, context = fetcher.new, fetcher.context
    context.attempts.note(new, context.now, how)
    if manifest != before:
        write_manifest(context.store, fetcher.partition, manifest)
    state = State.PUBLISHED if new or manifest != before else State.UNCHANGED
    objects, controls = manifest["objects"], manifest.get("controls", [])
    facts = {"bytes": sum(one["bytes"] for one in objects), "control_bytes": sum(one["bytes"] for one in controls)}
    verdict = Verdict(len(objects), tuple(findings(manifest)), facts)
    return Outcome(
        fetcher.partition,
        state,
        verdict,
        manifest["fingerprint"],
        rows=len(objects),
        fetched=fetcher.fetched,
        requests=len(new),
    )


def superseded_in(
    before: ArchiveManifest | None, current: Iterable[ObjectRecord], fetcher: ObjectFetcher
) -> list[ObjectRecord]:
    """Earlier versions whose bytes raw still has."""
    known = [*(before.get("superseded", []) if before else []), *in_force(before).values()]
    earlier = [one for one in known if DAMAGED not in one]
    return [one for one in superseded(earlier, current) if fetcher.is_there(one)]


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
