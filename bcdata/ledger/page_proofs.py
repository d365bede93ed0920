"""What pages of a source that is asked by windows prove: silence between rows that can be placed, no other. Pure.

A line that tells no time, or one that nobody asked for, may be a bar of the page. Where it stands among the others says
between which of them that bar lies; without an order it may be any.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.answered import is_covered
from bcdata.ledger.ledger import runs_of
from bcdata.ledger.records import SetAsideRecord
from bcdata.windows import Window, overlap, union

UNPLACED = "unplaced_row"
OTHER_TIMES = "page_of_other_times"
_WORDS = {
    UNPLACED: "the page has lines that cannot be read or placed, and one may be this bar",
    OTHER_TIMES: "the page for this time has rows of other times alone",
}


@dataclass(frozen=True, slots=True)
class PageProofs:
    """The time that pages cover, the part of it that they prove, and that of pages without a row of their own time."""

    covered: list[Window]
    proven: list[Window]
    strange: list[Window]

    @classmethod
    def of(
        cls, rows: pl.DataFrame, bad_lines: pl.DataFrame, pages: Sequence[Window], interval: Interval
    ) -> "PageProofs":
        """What pages prove.

        Args:
            rows: of all pages: `object` (the number of the page), `line`, `open_time` (µs, UTC).
            bad_lines: lines that are no rows, with the same columns.
            pages: the time that each covers, UTC.
            interval: the length of the bars.
        """
        lines = _lines(rows, bad_lines, pages, interval)
        proven: list[Window] = []
        strange: list[Window] = []
        for page, covers in enumerate(pages):
            sent = lines.get(page, [])
            own = Window(interval.floor(covers.start), covers.end)
            if any(at is not None for at in sent) and not any(at in own for at in sent if at is not None):
                strange.append(covers)
            else:
                proven.extend(overlap(one, covers) for one in _proven(sent, covers, interval))
        return cls(union(pages), union(proven), strange)

    def doubts(self, missing: pl.Series, expected: pl.Series, interval: Interval) -> Iterator[SetAsideRecord]:
        """Runs of missing bars (opens, UTC) about which a page came, but nothing is proven."""
        open_ = missing.filter(
            is_covered(missing, self.covered, interval) & ~is_covered(missing, self.proven, interval)
        )
        is_strange = is_covered(open_, union(self.strange), interval)
        for reason, opens in ((OTHER_TIMES, open_.filter(is_strange)), (UNPLACED, open_.filter(~is_strange))):
            for first, last in runs_of(opens, expected):
                start, end = first.isoformat(), last.isoformat()
                yield {"start": start, "end": end, "reason": reason, "evidence": _WORDS[reason]}


def _lines(
    rows: pl.DataFrame, bad_lines: pl.DataFrame, pages: Sequence[Window], interval: Interval
) -> dict[int, list[datetime | None]]:
    """The open of each line by page, in the order sent; None where it cannot be placed.

    Rows may be of the time of a neighbouring page, as some sources send more than they are asked for; a line that
    cannot be read is believed a time of its own page alone.
    """
    if not pages:
        return {}
    starts, ends = [interval.floor(one.start) for one in pages], [one.end for one in pages]
    edges = pl.DataFrame({"object": range(len(pages)), "start": starts, "end": ends}).with_columns(
        pl.col("object").cast(pl.Int64), pl.col("start", "end").cast(TIME)
    )
    columns = ["object", "line", pl.col("open_time").cast(TIME).alias("at")]
    refused = bad_lines.select(columns).join(edges, on="object", how="left", maintain_order="left")
    placed = pl.concat(
        [
            rows.select(columns).with_columns(is_own=pl.col("at").is_between(min(starts), max(ends), closed="left")),
            refused.select("object", "line", "at", is_own=pl.col("at").is_between("start", "end", closed="left")),
        ]
    ).sort("object", "line", maintain_order=True)
    told = placed.with_columns(at=pl.when("is_own").then("at"))
    return {int(page): own for page, own in told.group_by("object").agg("at").iter_rows() if page is not None}


def _proven(lines: Sequence[datetime | None], covers: Window, interval: Interval) -> Iterator[Window]:
    """The spans of a page's time in which each bar that is not there is none."""
    known = [at for at in lines if at is not None]
    if len(known) == len(lines):
        yield covers
        return
    ordered = sorted(known)
    if len(set(known)) < 2 or known not in (ordered, ordered[::-1]):  # noqa: PLR2004 (one row has no direction)
        return
    start, end, is_broken = covers.start, covers.start, False
    for at in lines if known == ordered else reversed(lines):
        if at is None:
            if not is_broken:
                yield Window(start, end)
            is_broken = True
            continue
        start, is_broken = at if is_broken else start, False
        end = interval.next(interval.floor(at))
    if not is_broken:
        yield Window(start, covers.end)
