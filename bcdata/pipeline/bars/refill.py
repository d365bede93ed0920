"""What is asked of the repair source to fill holes in bars, and what is learnt beside it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError, ProviderError
from bcdata.evidence.coarser import Coarser
from bcdata.evidence.delisting import Delistings, listed_as, status_of
from bcdata.gaps.explain import told_of
from bcdata.gaps.ledger import Status, runs_of
from bcdata.gaps.negatives import asked_twice
from bcdata.gaps.residuals import uncovered
from bcdata.pipeline.bars.answered import Answered
from bcdata.pipeline.bars.holes import Holes, find_holes
from bcdata.pipeline.context import Workbench, series_of
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.parsed.answer_rows import within
from bcdata.pipeline.parsed.rest_answers import Weighed
from bcdata.pipeline.present import as_of
from bcdata.pipeline.raw.asking import Replies, nothing_asked
from bcdata.pipeline.raw.compare_days import ComparedDays
from bcdata.pipeline.raw.queries import Run, cover, wider
from bcdata.pipeline.records.in_footers import AnswersRecord
from bcdata.providers.base import Series
from bcdata.providers.roles import RepairSource
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Refilled
from bcdata.windows import Window


def asking(
    work: Workbench, dataset: Dataset, partitions: Sequence[Partition]
) -> Callable[[Workbench, Partition], Awaitable[Outcome]]:
    """Asks for the expected bars that the parsed files lack, partition by partition of a run."""
    tools = (work.clients.bulk(dataset.market), work.attempts, work.now)
    coarser, delistings, days = Coarser(*tools), Delistings(*tools), ComparedDays(work, dataset, partitions)

    async def ask(own: Workbench, one: Partition) -> Outcome:
        series = series_of(dataset, one.symbol)
        answered = Answered.read(own.store, own.attempts, one, own.now, str(series))
        return await _Refill(own, dataset, one, series, answered, coarser, delistings, days).run()

    return ask


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
    days: ComparedDays
    replies: Replies = field(default_factory=Replies)
    is_listed: bool = False
    """Whether exchangeInfo lists the symbol; False where it was not asked."""

    @property
    def _rest(self) -> RepairSource:
        return self.work.clients.repair(self.dataset.market)

    async def run(self) -> Outcome:
        holes = find_holes(self.work, self.dataset, self.partition)
        if holes is None:
            return nothing_asked(self.dataset, self.partition)
        await self._learn_the_end(holes)
        if not holes.is_nothing:
            is_compared = await self._compare_with_days(holes)
            wanted = self._wanted(holes)
            is_asked = await self._heal(holes) if wanted.len() else False
            if is_asked or is_compared:
                self._note(holes, wanted)
        return self._conclude()

    async def _heal(self, holes: Holes) -> bool:
        """Asks REST, then the archive's coarser files for what REST did not give; whether REST was asked."""
        wanted = self._wanted(holes)
        is_asked = await self._ask(holes)
        unexplained, absent = self._unexplained(holes), holes.missing(self._weighed(holes))
        # Coarser files outrank an answer: where no control bar tells, they are read before it settles anything.
        settled = absent.filter(absent.is_in(wanted.implode()) & ~absent.is_in(unexplained.implode()))
        bare = uncovered(settled, holes.view.coarse(settled, self._facts(holes)))
        left = pl.concat([unexplained, bare]).sort()
        if left.len() and self.answered.may_ask("coarser"):
            await self._consult_archive(left)
        return is_asked

    async def _compare_with_days(self, holes: Holes) -> bool:
        """Asks for the exchange's own day bars where no coarser file of the archive covers a day; whether it did."""
        if self.answered.is_unknown or not self.days.are_wanted(self.answered, holes):
            return False
        try:
            self.replies.fetched += await self.days.compare(self.answered, holes)
        except NotFoundError as error:
            self._note_unknown(error)
        except ProviderError as error:
            self.replies.unanswered.append(str(error))
        return True

    def _weighed(self, holes: Holes) -> Weighed:
        return self.answered.weighed(holes.view)

    def _facts(self, holes: Holes) -> AnswersRecord:
        return self.answered.facts(holes.view)

    def _unexplained(self, holes: Holes) -> pl.Series:
        return holes.unexplained(self._weighed(holes), self._facts(holes))

    def _wanted(self, holes: Holes) -> pl.Series:
        """The opens to ask for: missing bars that nothing explains, and bars that coarser ones doubt."""
        doubted = within(holes.view.bars, self._weighed(holes).settled.left)["open_time"]
        return pl.concat([self._unexplained(holes), doubted]).unique().sort()

    async def _learn_the_end(self, holes: Holes) -> None:
        """Asks what the exchange says of a symbol whose files have ended, or end in candles without a trade."""
        idles = self.dataset.is_perpetual and holes.quiet_since is not None
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
            self.replies.unanswered.append(str(error))
            return
        self.answered.manifest["status"] = status_of(one)
        self.answered.manifest["ended"] = {"at": ended.at.isoformat(), "evidence": ended.evidence} if ended else None
        self.answered.times.note("status")

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
            self.replies.unanswered.append(str(error))
            return
        self.answered.manifest["first_open"] = first.isoformat() if first else None
        self.answered.times.note("first_open")

    async def _ask(self, holes: Holes) -> bool:
        """Asks REST for the runs that are due; whether there was anything to ask."""
        manifest = self.answered.manifest
        if not self._due(holes) or self.answered.is_unknown:
            return False
        try:
            await self._learn_the_beginning(holes)
            runs, earlier = self._due(holes), self.answered.old_silences(holes.view)
            for window in cover(runs, self.dataset.bar_interval, self._rest.rows_per_call(self.dataset.market)):
                inside = [run for run in runs if run[0] in window and run[1] in window]
                again = asked_twice(inside, earlier)
                await self._query(holes, window.until(self.dataset.bar_interval.floor(self.work.now)), again)
            manifest["unknown_symbol"] = False
        except NotFoundError as error:
            self._note_unknown(error)
        return True

    def _note_unknown(self, error: NotFoundError) -> None:
        """Keeps that REST does not know the symbol; nothing is proven where exchangeInfo lists it."""
        self.answered.manifest["unknown_symbol"] = not self.is_listed
        self.replies.unanswered += [f"{error}, which exchangeInfo lists"] if self.is_listed else []
        self.answered.times.note("symbol")

    def _due(self, holes: Holes) -> list[Run]:
        """The runs that are wanted and that no question of the last day covers whole.

        A hole that coarser files explain in part is asked about as one, as if they were not known: which question is
        asked must not depend on what was learnt before it.
        """
        recent, wanted = self.answered.recent(holes.view), self._wanted(holes)
        facts = self._facts(holes)
        facts["coarser"] = [one for one in facts["coarser"] if one.get("status") != Status.UPSTREAM.value]
        beside = holes.unexplained(self._weighed(holes), facts)
        runs = runs_of(pl.concat([wanted, beside]).unique().sort(), holes.expected)
        whole = [run for run in runs if wanted.is_between(*run).any()]
        return [run for run in whole if not any(run[0] in window and run[1] in window for window in recent)]

    async def _query(self, holes: Holes, window: Window, again: list[Run]) -> None:
        await self.work.exchange_info(self.dataset.market)  # its limits are learnt before the first question
        rows, interval, now = self._rest.rows_per_call(self.dataset.market), self.dataset.bar_interval, self.work.now
        try:
            pages = await self._rest.klines(self.series, window, now=now)
            self.replies.requests += len(pages)
            more = wider(window, pages, interval, rows, now)
            if more is not None:
                window, pages = more, await self._rest.klines(self.series, more, now=now)
                self.replies.requests += len(pages)
        except NotFoundError:
            raise
        except ProviderError as error:
            self.replies.unanswered.append(str(error))
            return
        self.replies.fetched += self.answered.keep(window, pages, again)
        if objection := self.answered.objection(window, holes.view):
            self.replies.contradicted.append(f"{self.partition.provider}: {pages[0].url}: the answer {objection}")

    async def _consult_archive(self, left: pl.Series) -> None:
        """Keeps what coarser files of the archive say of the bars that are left."""
        try:
            told = await self.coarser.testimony(self.series, left)
        except ProviderError as error:
            self.replies.unanswered.append(str(error))
            return
        self.answered.keep_coarser([told_of(one) for one in told])

    def _note(self, holes: Holes, wanted: pl.Series) -> None:
        """Tells the side table how the questioning went."""
        missing = holes.missing(self._weighed(holes))
        if self.replies.unanswered:
            outcome = Refilled.UNANSWERED
        elif self._wanted(holes).len():
            outcome = Refilled.EMPTY
        else:
            outcome = Refilled.CONFIRMED if missing.is_in(wanted.implode()).any() else Refilled.FILLED
        self.answered.times.note_outcome(outcome)

    def _conclude(self) -> Outcome:
        as_of(self.work, self.dataset, self.partition)  # answers say what time it is elsewhere
        rows, facts = self.answered.rows, {"queries": len(self.answered.manifest["queries"])}
        made_of, changed = self.answered.seal(), self.answered.save()
        return self.replies.outcome(self.partition, made_of, rows, changed=changed, facts=facts)
