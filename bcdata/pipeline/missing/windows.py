"""What is still to be asked of a source that is asked by windows, by what its pages and other sources have."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import TIME
from bcdata.ledger.answered import is_covered, windows_of
from bcdata.ledger.explain import quarantined
from bcdata.ledger.ledger import runs_of, window_of_run
from bcdata.ledger.set_aside import UNREADABLE_LINE
from bcdata.pipeline.context import RunContext, series_of, window_of
from bcdata.pipeline.lake import published_sound, read_sound
from bcdata.pipeline.parsed.refused_lines import with_reason
from bcdata.pipeline.parsed.session_labels import placed
from bcdata.pipeline.raw.due import settled_by
from bcdata.pipeline.raw.pages import StoredPages
from bcdata.pipeline.records.in_footers import windows_record
from bcdata.pipeline.records.pages import WindowPageRecord
from bcdata.pipeline.zones import in_order
from bcdata.providers.base import Series
from bcdata.providers.capabilities import Source
from bcdata.providers.registry import SOURCES
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.layout import Partition
from bcdata.venues.calendar import bar_floor, closed_window, session_of
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window, union

_STILL_COMING = timedelta(days=1)
"""Of time that is younger, a source that leaves out empty bars may yet have some."""


@dataclass(slots=True)
class WindowRequests:
    """The time of one partition that the pages of its source leave open. `findings`, by rule, are added to."""

    context: RunContext
    dataset: Dataset
    partition: Partition
    pages: StoredPages
    findings: dict[str, Finding] = field(default_factory=dict)

    def wanted(self) -> list[Window]:
        """The time of expected bars that neither the pages cover nor earlier sources have, in reach of the source."""
        interval = self.dataset.pace
        closed = closed_window(self.window, interval, settled_by(self.context.now))
        expected = pl.Series("open_time", interval.opens(closed)).cast(TIME)
        lost = self._lost()
        left = expected.filter(~is_covered(expected, union([*self.pages.covered, *lost]), interval))
        for name in self._earlier:
            left = left.filter(~self._has(name, left))
        if self._earlier and isinstance(interval, SessionInterval):
            left = self._whole_sessions(left, expected)
        begin = self.pages.first_open or self.window.start
        runs = (window_of_run(*run, interval) for run in runs_of(left, expected))
        new = [Window(max(one.start, begin), one.end) for one in runs if one.end > begin]
        return self._in_reach([*lost, *new])

    def proven_to(self) -> datetime | None:
        """The end of the last bar, where silence after it may mean that the source lags; None where it does not.

        A source that leaves out empty bars proves with a bar on both sides that there was none between; or with
        silence about what is a day old.
        """
        if not (self.is_fresh and self.source.capabilities.omits_empty and self.dataset.frame_type.is_regular):
            return None
        for record in reversed(self.pages.records):
            last = self._opens(record).max()
            if isinstance(last, datetime):
                return self.dataset.pace.end(last)
        return self.window.start

    @property
    def is_fresh(self) -> bool:
        """Whether bars may yet come where the source was silent."""
        return self.window.end > self.context.now - _STILL_COMING

    def lacks_its_beginning(self) -> bool:
        """Whether the first page has no bar that opens with the partition."""
        if not self.dataset.frame_type.is_regular:
            return False
        interval = self.dataset.pace
        first = interval.ceil(self.window.start)
        opens = [self._opens(one) for one in self.pages.records[:1]]
        return not any(one.is_between(first, interval.end(first), closed="left").any() for one in opens)

    @property
    def source(self) -> Source:
        """The source that is asked."""
        return SOURCES[self.partition.provider or ""]

    @property
    def series(self) -> Series:
        """The source's name for the bars."""
        return series_of(self.dataset, self.partition.symbol)

    @property
    def window(self) -> Window:
        """The partition's time."""
        return window_of(self.dataset, self.partition)

    @property
    def is_last(self) -> bool:
        """Whether no source of the dataset is asked after this one."""
        return in_order(self.dataset)[-1] == self.source.name

    def _lost(self) -> list[Window]:
        """What lost pages covered and no page does by now, each as it was asked for: then the same pages come."""
        interval, covered = self.dataset.pace, self.pages.covered
        pairs = {(one["start"], one["end"]) for one in self.pages.lost}
        found = (windows_of([pair])[0] for pair in sorted(pairs))
        return [
            Window(interval.floor(one.start), interval.ceil(one.end))
            for one in found
            if not any(each.start <= one.start and one.end <= each.end for each in covered)
        ]

    def _has(self, name: str, opens: pl.Series) -> pl.Series:
        """Whether an earlier source has each bar, or answered in full that it has none; a row set aside is neither."""
        parsed, interval = self.partition.in_zone("parsed", name), self.dataset.pace
        published = published_sound(self.context.store, parsed)
        if published is None:
            pages = StoredPages.read(self.context.store, self.partition.in_zone("raw", name), str(self.series))
            return is_covered(opens, pages.covered, interval) | self._begun(opens, pages.covered)
        of = self.dataset.frame_type
        rows = read_sound(self.context.store, parsed, self.dataset.name, [of.time])
        record = windows_record(published)
        there = opens.is_in(rows[of.time].implode()) if rows is not None else opens.is_null()
        set_aside = union(quarantined(one).window for one in record["quarantined"])
        if SOURCES[name].capabilities.omits_empty and of.is_regular and not interval.has_sessions:
            return there  # where it is silent another source may have a bar
        windows = windows_of(record["covered"])
        covered = is_covered(opens, windows, interval) | self._begun(opens, windows)
        inside = [opens.is_between(one.start, one.end, closed="left") for one in set_aside]
        return there | (covered & ~reduce(or_, inside, opens.is_null()))

    def _whole_sessions(self, left: pl.Series, expected: pl.Series) -> pl.Series:
        """All bars of the sessions of which some are left, but for those that the pages have: no session is mixed."""
        interval = self.dataset.pace
        assert isinstance(interval, SessionInterval)  # noqa: S101 # nosec B101 # the caller asked
        label = session_of(interval)
        wanted = left.to_frame("open_time").select(label).to_series().unique()
        of_sessions = expected.to_frame("open_time").filter(label.is_in(wanted.implode())).to_series()
        return of_sessions.filter(~is_covered(of_sessions, self.pages.covered, interval))

    def _begun(self, opens: pl.Series, covered: Sequence[Window]) -> pl.Series:
        """Whether each bar lies in a session of the last day of which the source has covered the beginning.

        What it has not said yet of that may still come: no other source is asked.
        """
        interval = self.dataset.pace
        if not isinstance(interval, SessionInterval):
            return pl.repeat(value=False, n=opens.len(), eager=True, dtype=pl.Boolean)
        firsts = opens.to_frame("open_time").select(bar_floor(interval.of("1d"))).to_series()
        begins = is_covered(firsts, covered, interval)
        return begins & (firsts > self.context.now - _STILL_COMING)

    def _in_reach(self, windows: Sequence[Window]) -> list[Window]:
        """The parts of windows that the source reaches back to."""
        depth, interval = self.source.capabilities.depth_bars, self.dataset.pace
        if depth is None:
            return list(windows)
        begin = interval.floor(self.context.now) - depth * (interval.length or timedelta(days=31))
        found = [Window(max(one.start, begin), one.end) for one in windows if one.end > begin]
        if found != list(windows) and self.is_last:
            words = f"{self.source.name} has the latest {depth} bars alone, since {begin:%Y-%m-%d %H:%M}"
            self.findings["out_of_depth"] = Finding("out_of_depth", Severity.WARN, 1, words)
        return found

    def _opens(self, record: WindowPageRecord) -> pl.Series:
        """The opens (UTC) of the rows of a page, but for foreign ones: these prove nothing."""
        source, bodies = self.context.clients.window(self.source.name), self.pages.bodies([record])
        found = placed(source.read(self.series, bodies), self.dataset.pace)
        # What is held back was received all the same.
        held = found.bad_lines.filter(with_reason(found.bad_lines)["reason"] != UNREADABLE_LINE)["open_time"]
        opens = pl.concat([found.rows["open_time"], held.drop_nulls()]).cast(TIME)
        start, end = (datetime.fromisoformat(record[edge]) for edge in ("start", "end"))
        return opens.filter(opens.is_between(self.dataset.pace.floor(start), end, closed="left"))

    @property
    def _earlier(self) -> list[str]:
        order = in_order(self.dataset)
        return order[: order.index(self.source.name)]
