"""parsed/binance_rest of funding: the settlements of an answer, weighed against those that the archive has."""

from collections.abc import Iterator, Sequence

from bcdata.catalog import Dataset
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.funding import ARCHIVE, day_before, made_of_raw, plain
from bcdata.operations.funding_answer import Answer
from bcdata.operations.manifests import read_manifest
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.publish import publish, unchanged
from bcdata.operations.stream import each
from bcdata.operations.workbench import Workbench, window_of
from bcdata.providers.binance.funding import SENT
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """parsed/binance_rest of funding; nothing asked, nothing parsed."""
    yield from each(work.store.root, partitions, lambda one: _parse(work.store, dataset, one))


def _parse(store: Store, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = read_manifest(store, raw)
    if manifest is None:
        return Outcome(partition, State.UNCHANGED, Verdict(0))
    parsed = partition.in_zone("parsed", ARCHIVE)
    archive = store.published(parsed) if ARCHIVE in dataset.sources else None
    made_of = fingerprint(own=made_of_raw(dataset, manifest), archive=archive.fingerprint if archive else None)
    if done := unchanged(store, partition, made_of):
        return done
    answer = Answer.kept(store, raw, manifest, store.read(parsed) if archive else None)
    if answer is None:
        return Outcome(partition, State.FAILED, failed("upstream", "raw lacks a page; materialize raw again"))
    window = window_of(dataset, partition)
    audited, before = answer.of(window), answer.of(day_before(window)).settled
    settled, rejected, verdict = audited.settled, audited.rejected, audited.verdict
    if answer.is_anothers:
        settled, before, rejected = settled.clear(), before.clear(), answer.anothers(window)
        words = "the archive has other rates for most settlements of the answer"
        verdict = Verdict(0, (Finding("overlap_differs", Severity.ROW, rejected.height, words),))
    record = {
        "raw": manifest["fingerprint"],
        "asked": manifest["asked"],
        **answer.facts(),
        "before": plain(before),
    }
    aside = rejected.select("line", "reason", *SENT.names())
    return publish(store, partition, settled, verdict, fingerprint=made_of, record=record, rejected=aside)
