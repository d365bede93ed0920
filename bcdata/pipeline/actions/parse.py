"""parsed of corporate actions: what the pages of a source tell of, by the rules, with what is refused set aside."""

import hashlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.money import converted, currency_of
from bcdata.frames.schema import ACTION, TIME, conform
from bcdata.ledger.answered import windows_of
from bcdata.pipeline.context import RunContext, series_of, window_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.parsed.refused_lines import held_back, unreadable, with_reason
from bcdata.pipeline.publish import publish
from bcdata.pipeline.raw.pages import read_pages
from bcdata.pipeline.records.shapes import WindowsManifest
from bcdata.quality.actions import action_model, action_rules
from bcdata.quality.damage import found as damage
from bcdata.quality.models import audit
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.venues.session_interval import SessionInterval, interval_of
from bcdata.windows import Window, overlap, union

if TYPE_CHECKING:
    from bcdata.ledger.records import WindowsEvidence

MOVED = "ex_date_moved"
OTHER_CURRENCY = "other_currency"
_SAME = ["ex_session", "kind", "ratio", "amount", "currency", "renamed_from", "renamed_to"]
"""What pages that overlap say again."""


def parse(
    context: RunContext, dataset: Dataset, partition: Partition, manifest: WindowsManifest, made_of: str
) -> Outcome:
    """Parses the pages of a partition and publishes its actions."""
    raw, pages = partition.in_zone("raw", partition.provider), manifest["pages"]
    source = context.clients.window(partition.provider or "")
    found = source.read_actions(series_of(dataset, partition.symbol), read_pages(context.store, raw, pages))
    window = window_of(dataset, partition)
    own = _once(found.rows.with_columns(time=pl.col("ex_session").cast(TIME)), window)
    sound, broken = _judged(own)
    rows, moved = _on_sessions(sound, dataset)
    lines = with_reason(found.bad_lines).filter(_inside("open_time", window) | pl.col("open_time").is_null())
    findings = [
        *_findings(broken, lines),
        *moved,
        *damage.findings(found.damage, window),
        *audit(rows, action_model(tuple(ACTION.items()))),
    ]
    covered = windows_of([(one["start"], one["end"]) for one in pages])
    told: WindowsEvidence = {"covered": _pairs(covered, window), "first_open": None, "quarantined": []}
    content = fingerprint(**told, rows=_digest(rows))
    rejected = pl.concat([broken.drop("time"), lines], how="diagonal") if broken.height or lines.height else None
    return publish(
        context.store,
        partition,
        rows,
        Verdict(rows.height, tuple(findings)),
        fingerprint=made_of,
        record={"raw": manifest["fingerprint"], "content": content, **told},
        rejected=rejected,
    )


def _once(rows: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The actions of the partition, each once: pages overlap, and say the same again."""
    inside = rows.filter(_inside("time", window)).with_columns(pl.col("kind").cast(pl.String))
    ordered = inside.sort("time", "kind", "object", "line")
    return ordered.unique(_SAME, keep="first", maintain_order=True)


def _inside(column: str, window: Window) -> pl.Expr:
    return pl.col(column).cast(TIME).is_between(window.start, window.end, closed="left")


def _judged(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The actions that keep the rules, and the others with the rule that each breaks.

    Several of one kind on one date become one: payments are added, ratios multiplied, renames joined. What is paid in
    another currency than the first of them cannot be added.
    """
    rules = action_rules()
    reason = pl.coalesce([pl.when((~one.sound).fill_null(value=True)).then(pl.lit(one.name)) for one in rules])
    told = rows.with_columns(reason=reason)
    first = pl.col("currency").filter(pl.col("reason").is_null()).drop_nulls().first().over("time", "kind")
    is_other = currency_of(pl.col("currency")) != currency_of(first)
    told = told.with_columns(reason=pl.coalesce("reason", pl.when(is_other).then(pl.lit(OTHER_CURRENCY))), first=first)
    sound = told.filter(pl.col("reason").is_null()).with_columns(
        amount=converted(pl.col("amount"), pl.col("currency"), pl.col("first")),
        currency=pl.coalesce("first", "currency"),
    )
    told, sound = told.drop("first"), sound.drop("first", "reason")
    added = sound.group_by("time", "ex_session", "kind", maintain_order=True).agg(
        pl.when(pl.col("ratio").is_not_null().any()).then(pl.col("ratio").product()),
        pl.when(pl.col("amount").is_not_null().any()).then(pl.col("amount").sum()),
        pl.col("renamed_from", "renamed_to").drop_nulls().first(),
        pl.exclude("ratio", "amount", "renamed_from", "renamed_to").first(),
    )
    return conform(added, ACTION), told.filter(pl.col("reason").is_not_null())


def _on_sessions(rows: pl.DataFrame, dataset: Dataset) -> tuple[pl.DataFrame, list[Finding]]:
    """Actions with an ex-date without a session take effect in the next one, and that is told."""
    daily = interval_of(dataset.pace.of("1d"), dataset.hours)
    if not isinstance(daily, SessionInterval) or rows.is_empty():
        return rows, []
    labels = daily.calendar.sessions.labels
    wanted = rows["ex_session"].to_numpy().astype("datetime64[D]")
    following = labels[labels.searchsorted(wanted).clip(0, labels.size - 1)]
    moved = rows.with_columns(ex_session=pl.Series(following).cast(pl.Date))
    count = int((following != wanted).sum())
    if not count:
        return rows, []
    words = f"{dataset.hours.calendar} has no session on the ex-date; it takes effect in the next one"
    return moved, [Finding(MOVED, Severity.WARN, count, words)]


def _findings(broken: pl.DataFrame, lines: pl.DataFrame) -> Iterator[Finding]:
    for (reason,), rows in broken.group_by("reason", maintain_order=True):
        yield Finding(str(reason), Severity.ROW, rows.height, "it is no action")
    if bad := unreadable(lines).height:
        yield Finding("unreadable_line", Severity.ROW, bad, str(unreadable(lines)["evidence"][0]))
    yield from held_back(lines)


def _pairs(covered: list[Window], window: Window) -> list[list[str]]:
    inside = union(overlap(one, window) for one in covered)
    return [[one.start.isoformat(), one.end.isoformat()] for one in inside]


def _digest(rows: pl.DataFrame) -> str:
    body = io.BytesIO()
    rows.write_ipc(body)
    return hashlib.sha256(body.getbuffer()).hexdigest()
