"""raw of a source that is asked by windows: its pages as sent, each with the time that it covers.

What the pages cover is not asked again, nor what an earlier source of the dataset has. Each page is kept as it comes:
a run that ends early has lost nothing, and the next one asks for the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

import polars as pl

from bcdata.catalog import Dataset
from bcdata.errors import NoDataError, OutOfDepthError, ProviderError, UnknownSymbolError
from bcdata.evidence.remembered import Remembered
from bcdata.frames.schema import TIME
from bcdata.gaps.answered import is_covered, windows_of
from bcdata.gaps.explain import quarantined
from bcdata.gaps.ledger import runs_of, window_of_run
from bcdata.pipeline.context import Workbench, series_of, window_of
from bcdata.pipeline.lake import published_sound, read_sound
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.present import as_of, with_warnings
from bcdata.pipeline.raw.due import settled_by
from bcdata.pipeline.raw.pages import KeptPages
from bcdata.pipeline.records.in_footers import windows_record
from bcdata.pipeline.records.pages import WindowPageRecord
from bcdata.pipeline.stream import each_async
from bcdata.pipeline.zones import in_order
from bcdata.providers.base import Series
from bcdata.providers.capabilities import Source
from bcdata.providers.registry import SOURCES
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Refilled
from bcdata.venues.calendar import calendar, closed_window
from bcdata.windows import Window, union

AT_ONCE = 4
_SAVE_EVERY = 16
"""Pages after which the manifest is saved: so many are asked for again after a kill, at most."""
_STILL_COMING = timedelta(days=1)
"""Of time that is younger, a source that leaves out empty bars may yet have some."""


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Asks for the time that is not covered yet, and yields outcomes as they are done."""

    async def one(partition: Partition) -> Outcome:
        own = as_of(work, dataset, partition)
        pages = KeptPages.read(own.store, partition, str(series_of(dataset, partition.symbol)))
        return await _Asking(own, dataset, partition, pages).run()

    outcomes = each_async(work.store.root, work.loop, partitions, one, at_once=AT_ONCE)
    yield from with_warnings(work, outcomes)


@dataclass(slots=True)
class _Asking:
    """The work on one partition."""

    work: Workbench
    dataset: Dataset
    partition: Partition
    pages: KeptPages
    fetched: int = 0
    requests: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    """By rule: what is found again is said once."""

    async def run(self) -> Outcome:
        wanted = self._wanted()
        error: ProviderError | None = None
        try:
            for window in wanted:
                await self._ask(window)
            if self.pages.records and self.pages.first_open is None:
                await self._learn_the_beginning()
        except ProviderError as problem:
            error = problem
        finally:
            changed = self.pages.save(self._proven_to() if wanted else None)
        if wanted:
            self._note(error)
        if error is not None and (self._is_last or isinstance(error, UnknownSymbolError)):
            raise error
        if error is not None:
            words = f"the next source is asked: {error}"
            self.findings["source_unanswered"] = Finding("source_unanswered", Severity.WARN, 1, words)
        state = State.PUBLISHED if changed or self.requests else State.UNCHANGED
        verdict = Verdict(self.pages.rows, tuple(self.findings.values()), {"pages": len(self.pages.records)})
        costs = {"fetched": self.fetched, "requests": self.requests}
        return Outcome(self.partition, state, verdict, self.pages.fingerprint, self.pages.rows, **costs)

    async def _ask(self, window: Window) -> None:
        source = self.work.clients.window(self._source.name)
        try:
            async for page in source.pages(self._series, window, now=self.work.now):
                self.pages.keep(page)
                self.fetched += len(page.body)
                self.requests += 1
                if not self.requests % _SAVE_EVERY and not self._is_fresh:
                    self.pages.save()
        except OutOfDepthError as error:
            self.findings["out_of_depth"] = Finding("out_of_depth", Severity.WARN, 1, str(error))
        except NoDataError as error:
            self.findings["no_data"] = Finding("no_data", Severity.WARN, 1, str(error))

    def _wanted(self) -> list[Window]:
        """The time of expected bars that neither the pages cover nor earlier sources have, in reach of the source."""
        interval = self.dataset.bar_interval
        closed = closed_window(self._window, interval, settled_by(self.work.now))
        expected = calendar(self.dataset.calendar).opens(interval, closed)
        lost = self._lost()
        left = expected.filter(~is_covered(expected, union([*self.pages.covered, *lost]), interval))
        for name in self._earlier:
            left = left.filter(~self._has(name, left))
        begin = self.pages.first_open or self._window.start
        runs = (window_of_run(*run, interval) for run in runs_of(left, expected))
        new = [Window(max(one.start, begin), one.end) for one in runs if one.end > begin]
        return self._in_reach([*lost, *new])

    def _lost(self) -> list[Window]:
        """What lost pages covered and no page does by now, each as it was asked for: then the same pages come."""
        interval, covered = self.dataset.bar_interval, self.pages.covered
        pairs = {(one["start"], one["end"]) for one in self.pages.lost}
        found = (windows_of([pair])[0] for pair in sorted(pairs))
        return [
            Window(interval.floor(one.start), interval.ceil(one.end))
            for one in found
            if not any(each.start <= one.start and one.end <= each.end for each in covered)
        ]

    def _has(self, name: str, opens: pl.Series) -> pl.Series:
        """Whether an earlier source has each bar, or answered in full that it has none; a row set aside is neither."""
        parsed, interval = self.partition.in_zone("parsed", name), self.dataset.bar_interval
        published = published_sound(self.work.store, parsed)
        if published is None:
            pages = KeptPages.read(self.work.store, self.partition.in_zone("raw", name), str(self._series))
            return is_covered(opens, pages.covered, interval)
        bars = read_sound(self.work.store, parsed, self.dataset.name, ["open_time"])
        record = windows_record(published)
        there = opens.is_in(bars["open_time"].implode()) if bars is not None else opens.is_null()
        set_aside = union(quarantined(one).window for one in record["quarantined"])
        if SOURCES[name].capabilities.omits_empty:
            return there  # where it is silent another source may have a bar
        covered = is_covered(opens, windows_of(record["covered"]), interval)
        inside = [opens.is_between(one.start, one.end, closed="left") for one in set_aside]
        return there | (covered & ~reduce(or_, inside, opens.is_null()))

    def _in_reach(self, windows: Sequence[Window]) -> list[Window]:
        """The parts of windows that the source reaches back to."""
        depth, interval = self._source.capabilities.depth_bars, self.dataset.bar_interval
        if depth is None:
            return list(windows)
        begin = interval.floor(self.work.now) - depth * (interval.length or timedelta(days=31))
        found = [Window(max(one.start, begin), one.end) for one in windows if one.end > begin]
        if found != list(windows) and self._is_last:
            words = f"{self._source.name} has the latest {depth} bars alone, since {begin:%Y-%m-%d %H:%M}"
            self.findings["out_of_depth"] = Finding("out_of_depth", Severity.WARN, 1, words)
        return found

    async def _learn_the_beginning(self) -> None:
        """Learns the source's first bar where bars are missing before the first one of the partition.

        What was found holds for good; that there was none is asked about again a day later.
        """
        key = f"first/{self._source.name}/{self._series}"
        remembered = Remembered(self.work.attempts, self.work.now)
        known = remembered.known(key, provisional="")
        if known is None and self._lacks_its_beginning():
            known = await remembered.answer(key, self._first_bar, provisional="")
        if known and (first := datetime.fromisoformat(known)) > self._window.start:
            self.pages.first_open = first

    async def _first_bar(self) -> str:
        at = await self.work.first_bar(self._source.name, self._series)
        return at.isoformat() if at else ""

    def _proven_to(self) -> datetime | None:
        """The end of the last bar, where silence after it may mean that the source lags; None where it does not.

        A source that leaves out empty bars proves with a bar on both sides that there was none between; or with
        silence about what is a day old.
        """
        if not (self._is_fresh and self._source.capabilities.omits_empty):
            return None
        for record in reversed(self.pages.records):
            last = self._opens(record).max()
            if isinstance(last, datetime):
                return self.dataset.bar_interval.next(last)
        return self._window.start

    @property
    def _is_fresh(self) -> bool:
        return self._window.end > self.work.now - _STILL_COMING

    def _opens(self, record: WindowPageRecord) -> pl.Series:
        """The opens (UTC) of the rows of a page, but for foreign ones: these prove nothing."""
        source, bodies = self.work.clients.window(self._source.name), self.pages.bodies([record])
        opens = source.read(self._series, bodies).rows["open_time"].cast(TIME)
        start, end = (datetime.fromisoformat(record[edge]) for edge in ("start", "end"))
        return opens.filter(opens.is_between(self.dataset.bar_interval.floor(start), end, closed="left"))

    def _lacks_its_beginning(self) -> bool:
        """Whether the first page has no bar that opens with the partition."""
        start, interval = self._window.start, self.dataset.bar_interval
        opens = [self._opens(one) for one in self.pages.records[:1]]
        return not any(one.is_between(start, interval.next(start), closed="left").any() for one in opens)

    def _note(self, error: ProviderError | None) -> None:
        """Tells the side table how the questioning went."""
        answered = Refilled.EMPTY if self._wanted() else Refilled.CONFIRMED
        outcome = answered if error is None else Refilled.UNANSWERED
        one = self.partition
        self.work.attempts.note_refill(one.dataset, one.symbol, one.date, self.work.now, outcome)

    @property
    def _source(self) -> Source:
        return SOURCES[self.partition.provider or ""]

    @property
    def _series(self) -> Series:
        return series_of(self.dataset, self.partition.symbol)

    @property
    def _window(self) -> Window:
        return window_of(self.dataset, self.partition)

    @property
    def _earlier(self) -> list[str]:
        order = in_order(self.dataset)
        return order[: order.index(self._source.name)]

    @property
    def _is_last(self) -> bool:
        return in_order(self.dataset)[-1] == self._source.name
