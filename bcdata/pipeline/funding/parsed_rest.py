"""Parsed answers of funding: the settlements of an answer, weighed against those that other sources have."""

from collections.abc import Iterator, Sequence

from bcdata.catalog import Dataset
from bcdata.frames.schema import SENT_SETTLEMENT
from bcdata.pipeline.context import Workbench, window_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.funding.answer import Answer
from bcdata.pipeline.funding.common import Archived, day_before, made_of_raw, plain
from bcdata.pipeline.funding.listing import facts_of
from bcdata.pipeline.lake import repair
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.publish import publish, unchanged
from bcdata.pipeline.records.manifests import funding_manifest, held_manifest
from bcdata.pipeline.stream import each
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Parses and audits the answers about settlements; nothing asked, nothing parsed."""
    yield from each(work.store.root, partitions, lambda one: _parse(work.store, dataset, one))


def _parse(store: Store, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = held_manifest(store, raw, funding_manifest)
    if manifest is None:
        return Outcome(partition, State.UNCHANGED, Verdict(0))
    archived = Archived.read(store, dataset, partition) or Archived.nothing()
    after = plain(archived.after)
    made_of = fingerprint(own=made_of_raw(dataset, manifest), archive=archived.made_of, after=after)
    if done := unchanged(store, partition, made_of):
        return done
    answer = Answer.kept(store, raw, manifest, archived.known)
    if answer is None and manifest["asked"] is not None:
        words = f"a page of raw is lost or damaged; repair it with: {repair(raw, dataset.name)}"
        return Outcome(partition, State.FAILED, failed("upstream", words))
    window = window_of(dataset, partition)
    if answer is None:  # nothing was asked: what was learnt of the listing said enough
        answer = Answer(dataset.market, Window(window.start, window.start), [])
    given, before = answer.gives(window), answer.gives(day_before(window)).settled
    record = {
        "raw": manifest["fingerprint"],
        **facts_of(manifest),
        **answer.proofs(),
        "before": plain(before),
    }
    verdict = given.verdict
    if given.settled.height and not answer.is_compared:
        words = "settlements came from REST where no other source has one beside them that could be compared"
        verdict = verdict.with_findings([Finding("not_compared", Severity.WARN, given.settled.height, words)])
    aside = given.rejected.select("line", "reason", *SENT_SETTLEMENT.names())
    return publish(store, partition, given.settled, verdict, fingerprint=made_of, record=record, rejected=aside)
