"""What is asked of the repair source to fill holes in bars, and what is learnt beside it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError, ProviderError
from bcdata.evidence.coarser import CoarserBars
from bcdata.evidence.delisting import Delistings, listed_as, status_of
from bcdata.ledger.explain import evidence_record
from bcdata.ledger.negatives import asked_twice
from bcdata.pipeline.bars.missing import MissingBars, find_holes
from bcdata.pipeline.context import RunContext, series_of
from bcdata.pipeline.missing.compared_days import ComparedDays
from bcdata.pipeline.missing.request_windows import Run, cover, wider
from bcdata.pipeline.missing.requests import MissingRequests
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.raw.asking import Replies, nothing_asked
from bcdata.pipeline.raw.rest_state import RestState
from bcdata.pipeline.run_clock import as_of
from bcdata.providers.base import Series
from bcdata.providers.roles import RepairSource
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Refilled
from bcdata.windows import Window


def asking(
    context: RunContext, dataset: Dataset, partitions: Sequence[Partition]
) -> Callable[[RunContext, Partition], Awaitable[Outcome]]:
    """Asks for the expected bars that the parsed files lack, partition by partition of a run."""
    tools = (context.clients.bulk(dataset.market), context.attempts, context.now)
    coarser, delistings, days = CoarserBars(*tools), Delistings(*tools), ComparedDays(context, dataset, partitions)

    async def ask(own: RunContext, one: Partition) -> Outcome:
        series = series_of(dataset, one.symbol)
        answered = RestState.read(own.store, own.attempts, one, own.now, str(series))
        return await _Refill(own, dataset, one, series, answered, coarser, delistings, days).run()

    return ask


@dataclass(slots=True)
class _Refill:
    """The work on one partition."""

    context: RunContext
    dataset: Dataset
    partition: Partition
    series: Series
    answered: RestState
    coarser: CoarserBars
    delistings: Delistings
    days: ComparedDays
    replies: Replies = field(default_factory=Replies)
    is_listed: bool = False
    """Whether exchangeInfo lists the symbol; False where it was not asked."""

    @property
    def _rest(self) -> RepairSource:
        return self.context.clients.repair(self.dataset.market)

    async def run(self) -> Outcome:
        holes = find_holes(self.context, self.dataset, self.partition)
        if holes is None:
            return nothing_asked(self.dataset, self.partition)
        await self._learn_the_end(holes)
        if not holes.is_nothing:
            questions = MissingRequests(self.answered, holes)
            is_compared = await self._compare_with_days(questions)
            wanted = questions.wanted
            is_asked = await self._heal(questions) if wanted.len() else False
            if is_asked or is_compared:
                self._note(questions, wanted)
        return self._conclude()

    async def _heal(self, questions: MissingRequests) -> bool:
        """Asks REST, then the archive's coarser files for what REST did not give; whether REST was asked."""
        wanted = questions.wanted
        is_asked = await self._ask(questions)
        left = questions.for_coarser_files(wanted)
        if left.len() and self.answered.may_ask("coarser"):
            await self._consult_archive(left)
        return is_asked

    async def _compare_with_days(self, questions: MissingRequests) -> bool:
        """Asks for the exchange's own day bars where no coarser file of the archive covers a day; whether it did."""
        if self.answered.is_unknown or not self.days.are_wanted(questions):
            return False
        try:
            self.replies.fetched += await self.days.compare(questions)
        except NotFoundError as error:
            self._note_unknown(error)
        except ProviderError as error:
            self.replies.unanswered.append(str(error))
        return True

    async def _learn_the_end(self, holes: MissingBars) -> None:
        """Asks what the exchange says of a symbol whose files have ended, or end in candles without a trade."""
        idles = self.dataset.is_perpetual and holes.quiet_since is not None
        if not (holes.seems_gone or idles) or not self.answered.may_ask("status"):
            return
        if self.dataset.frame_type.names_pairs:
            return  # of a pair that is no contract's symbol the exchange says nothing
        info = await self.context.exchange_info(self.dataset.market)
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

    async def _learn_the_beginning(self, questions: MissingRequests) -> None:
        """Asks for REST's first bar where bars before the first known one are missing: one call for many empty ones."""
        known = questions.holes.known(questions.weighed, questions.facts)
        if known.is_listed_before(questions.due()[0][0]) or not self.answered.may_ask("first_open"):
            return
        try:
            first = await self.context.first_open(self.series)
        except NotFoundError:
            raise
        except ProviderError as error:
            self.replies.unanswered.append(str(error))
            return
        self.answered.manifest["first_open"] = first.isoformat() if first else None
        self.answered.times.note("first_open")

    async def _ask(self, questions: MissingRequests) -> bool:
        """Asks REST for the runs that are due; whether there was anything to ask."""
        manifest = self.answered.manifest
        if not questions.due() or self.answered.is_unknown:
            return False
        try:
            await self._learn_the_beginning(questions)
            runs, earlier = questions.due(), questions.old_silences()
            for window in cover(runs, self.dataset.bar_interval, self._rest.rows_per_call(self.dataset.market)):
                inside = [run for run in runs if run[0] in window and run[1] in window]
                again = asked_twice(inside, earlier)
                await self._query(questions, window.until(self.dataset.bar_interval.floor(self.context.now)), again)
            manifest["unknown_symbol"] = False
        except NotFoundError as error:
            self._note_unknown(error)
        return True

    def _note_unknown(self, error: NotFoundError) -> None:
        """Keeps that REST does not know the symbol; nothing is proven where exchangeInfo lists it."""
        self.answered.manifest["unknown_symbol"] = not self.is_listed
        self.replies.unanswered += [f"{error}, which exchangeInfo lists"] if self.is_listed else []
        self.answered.times.note("symbol")

    async def _query(self, questions: MissingRequests, window: Window, again: list[Run]) -> None:
        await self.context.exchange_info(self.dataset.market)  # its limits are learnt before the first question
        rows, interval, now = self._rest.rows_per_call(self.dataset.market), self.dataset.bar_interval, self.context.now
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
        if objection := questions.objection(window):
            self.replies.contradicted.append(f"{self.partition.provider}: {pages[0].url}: the answer {objection}")

    async def _consult_archive(self, left: pl.Series) -> None:
        """Keeps what coarser files of the archive say of the bars that are left."""
        try:
            told = await self.coarser.evidence(self.series, left)
        except ProviderError as error:
            self.replies.unanswered.append(str(error))
            return
        self.answered.keep_coarser([evidence_record(one) for one in told])

    def _note(self, questions: MissingRequests, wanted: pl.Series) -> None:
        """Tells the side table how the questioning went."""
        missing = questions.missing
        if self.replies.unanswered:
            outcome = Refilled.UNANSWERED
        elif questions.wanted.len():
            outcome = Refilled.EMPTY
        else:
            outcome = Refilled.CONFIRMED if missing.is_in(wanted.implode()).any() else Refilled.FILLED
        self.answered.times.note_outcome(outcome)

    def _conclude(self) -> Outcome:
        as_of(self.context, self.dataset, self.partition)  # answers say what time it is elsewhere
        rows, facts = self.answered.rows, {"queries": len(self.answered.manifest["queries"])}
        made_of, changed = self.answered.seal(), self.answered.save()
        return self.replies.outcome(self.partition, made_of, rows, changed=changed, facts=facts)
