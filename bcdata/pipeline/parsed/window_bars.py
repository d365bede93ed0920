"""parsed bars of a source that is asked by windows: its pages as one audited frame, bad rows set aside."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import TIME
from bcdata.ledger.answered import is_covered, windows_of
from bcdata.ledger.ledger import missing_opens, runs_of
from bcdata.ledger.page_proofs import OTHER_TIMES, PageProofs
from bcdata.ledger.records import SetAsideRecord, WindowsEvidence
from bcdata.pipeline.context import RunContext, series_of, window_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.parsed.refused_lines import held_back, unreadable, with_reason
from bcdata.pipeline.parsed.session_labels import placed
from bcdata.pipeline.publish import publish
from bcdata.pipeline.raw.pages import read_pages
from bcdata.pipeline.records.pages import WindowPageRecord
from bcdata.pipeline.records.shapes import WindowsManifest
from bcdata.providers.base import RawBars
from bcdata.providers.registry import SOURCES
from bcdata.quality.audit import OFF_SESSION, Audited, audit_bars
from bcdata.quality.damage import found as damage
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.venues.calendar import bar_floor, calendar, is_expected
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window, overlap, union


def parse(
    context: RunContext, dataset: Dataset, partition: Partition, manifest: WindowsManifest, made_of: str
) -> Outcome:
    """Parses and audits the pages of a partition, and publishes its bars."""
    raw = partition.in_zone("raw", partition.provider)
    window = window_of(dataset, partition)
    source = context.clients.window(partition.provider or "")
    pages = manifest["pages"]
    sent = source.read(series_of(dataset, partition.symbol), read_pages(context.store, raw, pages))
    found = placed(sent, dataset.bar_interval)
    covered = windows_of([(one["start"], one["end"]) for one in pages])
    proofs = PageProofs.of(found.rows, found.bad_lines, [_covers(one) for one in pages], dataset.bar_interval)
    rows = _own(found, window, covered, dataset)
    audited = audit_bars(
        rows,
        interval=dataset.bar_interval,
        max_bad_share=dataset.quality.max_bad_share,
        of=dataset.frame_type,
        columns=SOURCES[partition.provider or ""].capabilities.columns_in(dataset.parsed.market),
        by_window=True,
        bad_lines=dict(unreadable(found.bad_lines).group_by("object").len().iter_rows()),
    )
    rejected = _rejected(audited, found)
    first_open = manifest.get("first_open")
    told: WindowsEvidence = {
        "covered": _listed(covered, window, first_open),
        "first_open": first_open,
        "quarantined": [
            *_quarantined(rejected, audited.bars, dataset, partition),
            *_doubtful(audited.bars, dataset, partition, proofs, first_open),
        ],
    }
    stated = {"codes": list(found.codes)} if found.codes else {}
    # How the time was cut into pages bears on nothing: merged is made of what they hold together.
    content = fingerprint(**told, **stated, rows=_digest(audited.bars))
    record = {"raw": manifest["fingerprint"], "content": content, **told, **stated}
    return publish(
        context.store,
        partition,
        audited.bars,
        _judged(
            audited.verdict.with_findings([*held_back(found.bad_lines), *damage.findings(found.damage, window)]), proofs
        ),
        fingerprint=made_of,
        record=record,
        rejected=rejected,
    )


def _covers(page: WindowPageRecord) -> Window:
    return Window(datetime.fromisoformat(page["start"]), datetime.fromisoformat(page["end"]))


def _judged(verdict: Verdict, proofs: PageProofs) -> Verdict:
    """The verdict with a finding where pages have rows of other times alone."""
    if not proofs.strange:
        return verdict
    words = (
        f"pages without a row of the time that was asked for, the first for {proofs.strange[0].start:%Y-%m-%d %H:%M}"
    )
    found = Finding(OTHER_TIMES, Severity.WARN, len(proofs.strange), words)
    return replace(verdict, findings=(*verdict.findings, found))


def _listed(covered: Sequence[Window], window: Window, first_open: str | None) -> list[list[str]]:
    """What pages cover of a partition's window from the symbol's first bar on, as pairs of ISO instants."""
    begin = datetime.fromisoformat(first_open) if first_open else window.start
    listed = Window(max(window.start, begin), window.end)
    return [[one.start.isoformat(), one.end.isoformat()] for one in union(overlap(one, listed) for one in covered)]


def _digest(bars: pl.DataFrame) -> str:
    body = io.BytesIO()
    bars.write_ipc(body)
    return hashlib.sha256(body.getbuffer()).hexdigest()


def _own(found: RawBars, window: Window, covered: Sequence[Window], dataset: Dataset) -> pl.DataFrame:
    """The rows that the partition is made of, and those that no page should have.

    Pages reach beyond the partition: what they cover there belongs to others. What lies in no page's time at all is a
    foreign row, which the rules set aside; what is covered in part, as at the edge of a page of trades, is no whole
    bar.
    """
    interval = dataset.bar_interval
    reach = Window(covered[0].start, covered[-1].end) if covered else Window(window.start, window.start)
    bounds = pl.Series([reach.start, reach.end, window.start, window.end], dtype=TIME).cast(pl.Int64)
    rows = found.rows.with_columns(
        from_us=pl.lit(bounds[0], pl.Int64), to_us=pl.lit(bounds[1], pl.Int64), rank=pl.lit(0, pl.Int64)
    )
    opens = rows["open_time"].cast(TIME)
    whole = is_covered(opens, covered, interval)
    is_own = opens.is_between(window.start, window.end, closed="left")
    is_foreign = ~opens.is_between(reach.start, reach.end, closed="left")
    if isinstance(interval, SessionInterval) and interval.is_long:
        is_foreign &= False  # dates are asked for with some before and after them, as opens need not lie in their day
    on_grid = opens.to_frame().select(is_expected(interval)).to_series()
    kept = rows.filter((is_own & (whole | ~on_grid)) | is_foreign | opens.is_null())
    return kept.with_columns(object=pl.col("object").fill_null(0))


def _rejected(audited: Audited, found: RawBars) -> pl.DataFrame:
    """Rows and lines that were set aside, as sent, with the reason."""
    lines = with_reason(found.bad_lines)
    rows = audited.rejected.drop("from_us", "to_us", "rank", strict=False)
    both = pl.concat([rows, lines], how="diagonal")
    return both.select("line", "reason", pl.exclude("line", "reason"))


def _quarantined(
    rejected: pl.DataFrame, bars: pl.DataFrame, dataset: Dataset, partition: Partition
) -> list[SetAsideRecord]:
    """Runs of missing bars of which a row was received that was set aside: first and last open, the rule, and words."""
    expected = calendar(dataset.hours).opens(dataset.bar_interval, window_of(dataset, partition))
    missing = missing_opens(expected, bars["open_time"])
    placed_rows = rejected.filter(pl.col("open_time").is_not_null() & (pl.col("reason") != OFF_SESSION))
    told = placed_rows.with_columns(pl.col("open_time").cast(TIME))
    told = told.with_columns(bar_floor(dataset.bar_interval))
    runs: list[SetAsideRecord] = []
    for (reason,), rows in told.group_by("reason", maintain_order=True):
        opens = rows["open_time"].unique().sort()
        words = rows["evidence"].drop_nulls()
        for first, last in runs_of(opens.filter(opens.is_in(missing.implode())), expected):
            run: SetAsideRecord = {"start": first.isoformat(), "end": last.isoformat(), "reason": str(reason)}
            runs.append({**run, "evidence": words[0]} if len(words) else run)
    return runs


def _doubtful(
    bars: pl.DataFrame, dataset: Dataset, partition: Partition, proofs: PageProofs, first_open: str | None
) -> Iterator[SetAsideRecord]:
    """Runs of missing bars of which a row may have been received: no page proves that there is none."""
    expected = calendar(dataset.hours).opens(dataset.bar_interval, window_of(dataset, partition))
    missing = missing_opens(expected, bars["open_time"])
    if first_open:
        missing = missing.filter(missing >= datetime.fromisoformat(first_open))
    yield from proofs.doubts(missing, expected, dataset.bar_interval)
