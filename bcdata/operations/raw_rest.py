"""raw/binance_rest: the answers to what was asked to fill holes, as sent. What was answered is not asked again.

A provider that cannot be asked proves nothing and holds nothing back: its holes stay open, and the verdict says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from bcdata.bars.gaps import runs_of
from bcdata.bars.negatives import asked_twice, withheld
from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError, ProviderError
from bcdata.operations.answered import Answered
from bcdata.operations.coarser import Coarser
from bcdata.operations.delisting import Delistings, listed_as, status_of
from bcdata.operations.explain import record_of
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.holes import Holes, archived, find_holes
from bcdata.operations.lake import PERPETUAL
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.queries import Run, cover, wider
from bcdata.operations.stream import each_async
from bcdata.operations.workbench import Workbench, series_of
from bcdata.providers.binance.answers import RestPage, kline_opens
from bcdata.providers.binance.archive import Series
from bcdata.providers.binance.rest import rows_per_call
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.attempts import Refilled
from bcdata.store.layout import Partition
from bcdata.windows import Window

AT_ONCE = 4


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Asks for the expected bars that parsed/binance_archive lacks, and yields outcomes as they are done."""
    tools = (work.archive, work.attempts, work.now)
    coarser, delistings = Coarser(*tools), Delistings(*tools)

    def refill(one: Partition) -> _Refill:
        series = series_of(dataset, one.symbol)
        answered = Answered.read(work.store, work.attempts, one, work.now, str(series))
        return _Refill(work, dataset, one, series, answered, coarser, delistings)

    yield from each_async(work.store.root, work.loop, partitions, lambda one: refill(one).run(), at_once=AT_ONCE)


@dataclass(slots=True)
class _Refill:
    """The work on one partition."""

    work: Workbench
    dataset: Dataset
    partition: Partition
    series: Series
    answered: Answered
    coarser: Coarser
    delistings: Delistings
    unanswered: list[str] = field(default_factory=list)
    is_listed: bool = False
    """Whether exchangeInfo lists the symbol; False where it was not asked."""
    requests: int = 0
    fetched: int = 0

    async def run(self) -> Outcome:
        holes = find_holes(self.work, self.dataset, self.partition, is_whole=self.answered.is_whole)
        if holes is None:
            words = "parsed/binance_archive is not published; nothing was asked"
            return Outcome(self.partition, State.UNCHANGED, Verdict(0, (Finding("upstream", Severity.WARN, 1, words),)))
        await self._learn_the_end(holes)
        missing = self._unexplained(holes)
        if missing.len():
            await self._heal(holes, missing)
        return self._conclude()

    async def _heal(self, holes: Holes, missing: pl.Series) -> None:
        """Asks REST, then the archive's coarser files for what REST could not tell, and notes how it went."""
        is_asked = await self._ask(holes)
        given = {at for _, opens in self.answered.answers() for at in opens}
        left = self._unexplained(holes, given)
        if left.len() and self.answered.may_ask("coarser"):
            await self._consult_archive(left)
        if is_asked:
            self._note(missing, self._unexplained(holes, given), given)

    def _unexplained(self, holes: Holes, given: set[datetime] | None = None) -> pl.Series:
        return holes.unexplained(self.answered.facts(self.dataset.bar_interval), without=given or ())

    async def _learn_the_end(self, holes: Holes) -> None:
        """Asks what the exchange says of a symbol whose files have ended, or end in candles without a trade."""
        idles = self.dataset.market in PERPETUAL and holes.quiet_since is not None
        if not (holes.seems_gone or idles) or not self.answered.may_ask("status"):
            return
        info = await self.work.exchange_info(self.dataset.market)
        if info is None:
            return
        one = listed_as(info, self.partition.symbol)
        if one is not None:  # that klines did not know it was an old word, or a lie
            self.is_listed, self.answered.manifest["unknown_symbol"] = True, False
        try:
            ended = await self.delistings.end(self.series, one) if idles else None
        except ProviderError as error:
            self.unanswered.append(str(error))
            return
        self.answered.manifest["status"] = status_of(one)
        self.answered.manifest["ended"] = {"at": ended.at.isoformat(), "evidence": ended.evidence} if ended else None
        self.answered.note("status")

    async def _learn_the_beginning(self, holes: Holes) -> None:
        """Asks for REST's first bar where bars before the first known one are missing: one call for many empty ones."""
        if holes.known.is_listed_before(self._due(holes)[0][0]) or not self.answered.may_ask("first_open"):
            return
        try:
            first = await self.work.first_open(self.series)
        except NotFoundError:
            raise
        except ProviderError as error:
            self.unanswered.append(str(error))
            return
        self.answered.manifest["first_open"] = first.isoformat() if first else None
        self.answered.note("first_open")

    async def _ask(self, holes: Holes) -> bool:
        """Asks REST for the runs that are due; whether there was anything to ask."""
        manifest = self.answered.manifest
        if not self._due(holes) or (manifest["unknown_symbol"] and not self.answered.may_ask("symbol")):
            return False
        try:
            await self._learn_the_beginning(holes)
            runs, earlier = self._due(holes), self.answered.old_answers()
            for window in cover(runs, self.dataset.bar_interval, rows_per_call(self.dataset.market)):
                inside = [run for run in runs if run[0] in window and run[1] in window]
                again = asked_twice(inside, earlier)
                await self._query(window.until(self.dataset.bar_interval.floor(self.work.now)), again)
            manifest["unknown_symbol"] = False
        except NotFoundError as error:
            manifest["unknown_symbol"] = not self.is_listed
            self.unanswered += [f"{error}, which exchangeInfo lists"] if self.is_listed else []
            self.answered.note("symbol")
        return True

    def _due(self, holes: Holes) -> list[Run]:
        """The runs that nothing explains and that no question of the last day covers whole."""
        recent = self.answered.recent()
        runs = runs_of(self._unexplained(holes), holes.expected)
        return [run for run in runs if not any(run[0] in window and run[1] in window for window in recent)]

    async def _query(self, window: Window, again: list[Run]) -> None:
        await self.work.exchange_info(self.dataset.market)  # its limits are learnt before the first question
        rows, interval, now = rows_per_call(self.dataset.market), self.dataset.bar_interval, self.work.now
        try:
            pages = await self.work.rest.klines(self.series, window, now=now)
            self.requests += len(pages)
            more = wider(window, pages, interval, rows, now)
            if more is not None:
                window, pages = more, await self.work.rest.klines(self.series, more, now=now)
                self.requests += len(pages)
        except NotFoundError:
            raise
        except ProviderError as error:
            self.unanswered.append(str(error))
            return
        if not self._is_contradicted(window, pages):
            self.fetched += self.answered.keep(window, pages, again)

    def _is_contradicted(self, window: Window, pages: Sequence[RestPage]) -> bool:
        """Whether an answer with bars lacks some that the archive has: then it is another range's, or half of it."""
        known = archived(self.work, self.dataset, self.partition, window)
        opens = [at for page in pages for at in kline_opens(page.body)]
        lacking = withheld(known, opens, self.dataset.bar_interval)
        if lacking.len():
            first: datetime = lacking[0]
            words = f"the answer lacks {lacking.len()} bars that the archive has, from {first:%Y-%m-%d %H:%M} on"
            self.unanswered.append(f"binance_rest: {pages[0].url}: {words}")
        return bool(lacking.len())

    async def _consult_archive(self, left: pl.Series) -> None:
        """Keeps what coarser files of the archive say of the bars that are left."""
        try:
            reasons = await self.coarser.testimony(self.series, left)
        except ProviderError as error:
            self.unanswered.append(str(error))
            return
        told = [*self.answered.manifest["coarser"], *(record_of(reason) for reason in reasons)]
        unique = {(one["start"], one["end"], one["evidence"]): one for one in told}
        self.answered.manifest["coarser"] = [unique[key] for key in sorted(unique)]
        self.answered.note("coarser")

    def _note(self, missing: pl.Series, left: pl.Series, given: set[datetime]) -> None:
        """Tells the side table how the questioning went."""
        if self.unanswered:
            outcome = Refilled.UNANSWERED
        elif left.len():
            outcome = Refilled.EMPTY
        else:
            outcome = Refilled.FILLED if given.issuperset(missing) else Refilled.CONFIRMED
        one = self.partition
        self.work.attempts.note_refill(one.dataset, one.symbol, one.date, self.work.now, outcome)

    def _conclude(self) -> Outcome:
        manifest, before = self.answered.manifest, self.answered.before
        findings = []
        if self.unanswered:
            words = f"{len(self.unanswered)} questions unanswered; the holes stay open ({self.unanswered[0]})"
            findings.append(Finding("refill_unanswered", Severity.WARN, len(self.unanswered), words))
        rows = sum(page["rows"] for query in manifest["queries"] for page in query["pages"])
        verdict = Verdict(rows, tuple(findings), {"queries": len(manifest["queries"])})
        manifest["fingerprint"] = "" if self.answered.is_empty and not before else fingerprint(**manifest)
        changed = self.answered.save()
        return Outcome(
            self.partition,
            State.PUBLISHED if changed or self.requests else State.UNCHANGED,
            verdict,
            manifest["fingerprint"],
            rows,
            fetched=self.fetched,
            requests=self.requests,
        )
