"""raw/binance_rest: the answers to what was asked to fill holes, as sent. What was answered is not asked again.

A provider that cannot be asked proves nothing and holds nothing back: its holes stay open, and the verdict says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from bcdata.bars.gaps import runs_of
from bcdata.bars.negatives import asked_twice
from bcdata.bars.residuals import uncovered
from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError, ProviderError
from bcdata.operations.answered import Answered
from bcdata.operations.coarser import Coarser
from bcdata.operations.day_bars import DAY_INTERVAL, DayBars
from bcdata.operations.delisting import Delistings, listed_as, status_of
from bcdata.operations.explain import record_of
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.holes import Holes, find_holes
from bcdata.operations.lake import PERPETUAL
from bcdata.operations.manifests import Record
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.queries import Run, cover, wider
from bcdata.operations.rest_answers import Weighed, within
from bcdata.operations.stream import each_async
from bcdata.operations.workbench import Workbench, series_of
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
    coarser, delistings, days = Coarser(*tools), Delistings(*tools), DayBars(work, dataset, partitions)

    def refill(one: Partition) -> _Refill:
        series = series_of(dataset, one.symbol)
        answered = Answered.read(work.store, work.attempts, one, work.now, str(series))
        return _Refill(work, dataset, one, series, answered, coarser, delistings, days)

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
    days: DayBars
    unanswered: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    is_listed: bool = False
    """Whether exchangeInfo lists the symbol; False where it was not asked."""
    requests: int = 0
    fetched: int = 0

    async def run(self) -> Outcome:
        holes = find_holes(self.work, self.dataset, self.partition)
        if holes is None:
            words = "parsed/binance_archive is not published; nothing was asked"
            return Outcome(self.partition, State.UNCHANGED, Verdict(0, (Finding("upstream", Severity.WARN, 1, words),)))
        await self._learn_the_end(holes)
        if not holes.is_nothing:
            await self._compare_with_days(holes)
            wanted = self._wanted(holes)
            if wanted.len():
                await self._heal(holes, wanted)
        return self._conclude()

    async def _heal(self, holes: Holes, wanted: pl.Series) -> None:
        """Asks REST, then the archive's coarser files for what REST did not give, and notes how it went."""
        is_asked = await self._ask(holes)
        unexplained, absent = self._unexplained(holes), holes.missing(self._weighed(holes))
        # Coarser files outrank an answer: where no control bar tells, they are read before it settles anything.
        settled = absent.filter(absent.is_in(wanted.implode()) & ~absent.is_in(unexplained.implode()))
        bare = uncovered(settled, holes.view.coarse(settled, self._facts(holes)))
        left = pl.concat([unexplained, bare]).sort()
        if left.len() and self.answered.may_ask("coarser"):
            await self._consult_archive(left)
        if is_asked:
            self._note(holes, wanted)

    async def _compare_with_days(self, holes: Holes) -> None:
        """Asks for the exchange's own day bars where no coarser file of the archive covers a day that has bars."""
        today = DAY_INTERVAL.floor(self.work.now)
        lacking = [day for day in holes.view.record.get("uncompared") or [] if day < today.date().isoformat()]
        known = self.answered.knows_days_to()
        if not lacking or (known and lacking[-1] < known.date().isoformat()) or not self.answered.may_ask("days"):
            return
        try:
            page, to = await self.days.around(self.dataset, self.partition)
        except ProviderError as error:
            self.unanswered.append(str(error))
            return
        self.fetched += self.answered.keep_days(page, to)

    def _weighed(self, holes: Holes) -> Weighed:
        return self.answered.weighed(holes.view)

    def _facts(self, holes: Holes) -> Record:
        return self.answered.facts(holes.view)

    def _unexplained(self, holes: Holes) -> pl.Series:
        return holes.unexplained(self._weighed(holes), self._facts(holes))

    def _wanted(self, holes: Holes) -> pl.Series:
        """The opens to ask for: missing bars that nothing explains, and bars that coarser ones doubt."""
        doubted = within(holes.view.bars, self._weighed(holes).settled.left)["open_time"]
        return pl.concat([self._unexplained(holes), doubted]).unique().sort()

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
        known = holes.known(self._weighed(holes), self._facts(holes))
        if known.is_listed_before(self._due(holes)[0][0]) or not self.answered.may_ask("first_open"):
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
            runs, earlier = self._due(holes), self.answered.old_silences(holes.view)
            for window in cover(runs, self.dataset.bar_interval, rows_per_call(self.dataset.market)):
                inside = [run for run in runs if run[0] in window and run[1] in window]
                again = asked_twice(inside, earlier)
                await self._query(holes, window.until(self.dataset.bar_interval.floor(self.work.now)), again)
            manifest["unknown_symbol"] = False
        except NotFoundError as error:
            manifest["unknown_symbol"] = not self.is_listed
            self.unanswered += [f"{error}, which exchangeInfo lists"] if self.is_listed else []
            self.answered.note("symbol")
        return True

    def _due(self, holes: Holes) -> list[Run]:
        """The runs that are wanted and that no question of the last day covers whole."""
        recent = self.answered.recent(holes.view)
        runs = runs_of(self._wanted(holes), holes.expected)
        return [run for run in runs if not any(run[0] in window and run[1] in window for window in recent)]

    async def _query(self, holes: Holes, window: Window, again: list[Run]) -> None:
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
        self.fetched += self.answered.keep(window, pages, again)
        if objection := self.answered.objection(window, holes.view):
            self.contradicted.append(f"binance_rest: {pages[0].url}: the answer {objection}")

    async def _consult_archive(self, left: pl.Series) -> None:
        """Keeps what coarser files of the archive say of the bars that are left."""
        try:
            told = await self.coarser.testimony(self.series, left)
        except ProviderError as error:
            self.unanswered.append(str(error))
            return
        records = [*self.answered.manifest["coarser"], *(record_of(one) for one in told)]
        unique = {(one["start"], one["end"], one.get("evidence") or one["interval"]): one for one in records}
        self.answered.manifest["coarser"] = [unique[key] for key in sorted(unique)]
        self.answered.note("coarser")

    def _note(self, holes: Holes, wanted: pl.Series) -> None:
        """Tells the side table how the questioning went."""
        missing = holes.missing(self._weighed(holes))
        if self.unanswered:
            outcome = Refilled.UNANSWERED
        elif self._wanted(holes).len():
            outcome = Refilled.EMPTY
        else:
            outcome = Refilled.CONFIRMED if missing.is_in(wanted.implode()).any() else Refilled.FILLED
        one = self.partition
        self.work.attempts.note_refill(one.dataset, one.symbol, one.date, self.work.now, outcome)

    def _conclude(self) -> Outcome:
        manifest, before = self.answered.manifest, self.answered.before
        findings = []
        if self.unanswered:
            words = f"{len(self.unanswered)} questions unanswered; the holes stay open ({self.unanswered[0]})"
            findings.append(Finding("refill_unanswered", Severity.WARN, len(self.unanswered), words))
        if self.contradicted:
            words = f"what is known contradicts {len(self.contradicted)} answers; they prove nothing"
            words += f" ({self.contradicted[0]})"
            findings.append(Finding("answer_contradicted", Severity.WARN, len(self.contradicted), words))
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
