"""parsed/binance_rest: the answers as one audited frame, and what they confirm to be missing at the exchange."""

from collections.abc import Iterator, Sequence

import polars as pl

from bcdata.bars.schema import TIME
from bcdata.catalog import Dataset
from bcdata.operations.answered import FACTS, MANIFEST
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.parsed_archive import parsed_fingerprint
from bcdata.operations.proofs import proofs
from bcdata.operations.publish import publish, unchanged
from bcdata.operations.stream import each
from bcdata.operations.workbench import Workbench, window_of
from bcdata.providers.binance.answers import kline_opens
from bcdata.providers.binance.contracts import contract_size
from bcdata.providers.binance.klines import coin_margined, read_pages, snap_early_2018
from bcdata.quality.audit import audit_bars
from bcdata.quality.verdict import Verdict, failed
from bcdata.store.layout import Partition


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Parses and audits the answers in raw, and yields outcomes in order; nothing asked, nothing parsed."""
    yield from each(work.store.root, partitions, lambda one: _parse(work, dataset, one))


def _parse(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = work.store.get_json(raw, MANIFEST)
    if manifest is None:
        return Outcome(partition, State.UNCHANGED, Verdict(0))
    made_of = parsed_fingerprint(dataset, manifest["fingerprint"])
    if done := unchanged(work.store, partition, made_of):
        return done
    answers = [[work.store.objects.get(raw.key(page["file"])) for page in q["pages"]] for q in manifest["queries"]]
    pages = [page for answer in answers for page in answer if page is not None]
    if len(pages) < sum(len(answer) for answer in answers):
        return Outcome(partition, State.FAILED, failed("upstream", "raw lacks a page; materialize raw again"))
    rows = read_pages(pages).rows
    if dataset.market == "cm":
        rows = coin_margined(rows, contract_size(partition.symbol))
    rows, snapped = snap_early_2018(rows, dataset.bar_interval)
    # An answer holds a few rows: a bad one costs itself, and is a hole again.
    audited = audit_bars(_inside(rows, dataset, partition), interval=dataset.bar_interval, max_bad_share=1)
    opens = [[at for page in answer for at in kline_opens(page or b"[]")] for answer in answers]
    record = {
        "raw": manifest["fingerprint"],
        **{name: manifest.get(name, nothing) for name, nothing in FACTS.items()},
        **proofs(manifest["queries"], opens, dataset.bar_interval),
    }
    rejected = audited.rejected.drop("object", "from_us", "to_us", "rank")
    return publish(
        work.store,
        partition,
        audited.bars,
        audited.verdict.with_findings(snapped),
        fingerprint=made_of,
        record=record,
        rejected=rejected.select("line", "reason", pl.exclude("line", "reason")),
    )


def _inside(rows: pl.DataFrame, dataset: Dataset, partition: Partition) -> pl.DataFrame:
    """The rows of this partition; the neighbours that were asked for as proof belong to others."""
    window = window_of(dataset, partition)
    bounds = pl.Series([window.start, window.end], dtype=TIME).cast(pl.Int64)
    inside = rows.filter(pl.col("open_time").is_between(bounds[0], bounds[1], closed="left"))
    return inside.unique(maintain_order=True, subset=pl.exclude("object", "line")).with_columns(
        pl.lit(bounds[0]).alias("from_us"),
        pl.lit(bounds[1]).alias("to_us"),
        pl.lit(0, dtype=pl.Int64).alias("rank"),
    )
