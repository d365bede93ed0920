"""raw of a source that is asked by windows: its pages as sent, each with the time that it covers.

What the pages cover is not asked again, nor what an earlier source of the dataset has. Each page is kept as it comes:
a run that ends early has lost nothing, and the next one asks for the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bcdata.catalog import Dataset
from bcdata.errors import NoDataError, OutOfDepthError, ProviderError, UnknownSymbolError
from bcdata.evidence.remembered import Remembered
from bcdata.pipeline.context import RunContext, series_of
from bcdata.pipeline.frame_types import functions_of
from bcdata.pipeline.missing.windows import WindowRequests
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.raw.pages import StoredPages
from bcdata.pipeline.run_clock import as_of, with_warnings
from bcdata.pipeline.stream import each_async
from bcdata.providers.guarded import GuardedSource
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Refilled
from bcdata.windows import Window

AT_ONCE = 4
_SAVE_EVERY = 16
"""Pages after which the manifest is saved: so many are asked for again after a kill, at most."""


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Asks for the time that is not covered yet, and yields outcomes as they are done."""

    async def one(partition: Partition) -> Outcome:
        own = as_of(context, dataset, partition)
        pages = StoredPages.read(own.store, partition, str(series_of(dataset, partition.symbol)))
        return await _Asking(own, partition, pages, WindowRequests(own, dataset, partition, pages)).run()

    outcomes = each_async(context.store.root, context.loop, partitions, one, at_once=AT_ONCE)
    yield from with_warnings(context, outcomes)


@dataclass(slots=True)
class _Asking:
    """The work on one partition."""

    context: RunContext
    partition: Partition
    pages: StoredPages
    questions: WindowRequests
    fetched: int = 0
    requests: int = 0

    @property
    def findings(self) -> dict[str, Finding]:
        """By rule: what is found again is said once."""
        return self.questions.findings

    async def run(self) -> Outcome:
        wanted = self.questions.wanted()
        error: ProviderError | None = None
        try:
            for window in wanted:
                await self._ask(window)
            if self.pages.records and self.pages.first_open is None:
                await self._learn_the_beginning()
        except ProviderError as problem:
            error = problem
        finally:
            changed = self.pages.save(self.questions.proven_to() if wanted else None)
        if wanted:
            self._note(error)
        if error is not None and (self.questions.is_last or isinstance(error, UnknownSymbolError)):
            raise error
        if error is not None:
            words = f"the next source is asked: {error}"
            self.findings["source_unanswered"] = Finding("source_unanswered", Severity.WARN, 1, words)
        state = State.PUBLISHED if changed or self.requests else State.UNCHANGED
        verdict = Verdict(self.pages.rows, tuple(self.findings.values()), {"pages": len(self.pages.records)})
        made, rows = self.pages.fingerprint, self.pages.rows
        return Outcome(self.partition, state, verdict, made, rows, fetched=self.fetched, requests=self.requests)

    async def _ask(self, window: Window) -> None:
        source = self.context.clients.window(self.questions.source.name)
        try:
            async for page in source.pages(self.questions.series, window, now=self.context.now):
                self._read(source, page.body)  # what cannot be read is not kept, and asked for again
                self.pages.keep(page)
                self.fetched += len(page.body)
                self.context.on_fetch(len(page.body))
                self.requests += 1
                if not self.requests % _SAVE_EVERY and not self.questions.is_fresh:
                    self.pages.save()
        except OutOfDepthError as error:
            self.findings["out_of_depth"] = Finding("out_of_depth", Severity.WARN, 1, str(error))
        except NoDataError as error:
            self.findings["no_data"] = Finding("no_data", Severity.WARN, 1, str(error))

    def _read(self, source: GuardedSource, body: bytes) -> None:
        functions_of(self.questions.dataset).pages.read(source, self.questions.series, [body])

    async def _learn_the_beginning(self) -> None:
        """Learns the source's first bar where bars are missing before the first one of the partition.

        What was found holds for good; that there was none is asked about again a day later.
        """
        key = f"first/{self.questions.source.name}/{self.questions.series}"
        remembered = Remembered(self.context.attempts, self.context.now)
        known = remembered.known(key, provisional="")
        if known is None and self.questions.lacks_its_beginning():
            known = await remembered.answer(key, self._first_bar, provisional="")
        if known and (first := datetime.fromisoformat(known)) > self.questions.window.start:
            self.pages.first_open = first

    async def _first_bar(self) -> str:
        at = await self.context.first_bar(self.questions.source.name, self.questions.series)
        return at.isoformat() if at else ""

    def _note(self, error: ProviderError | None) -> None:
        """Tells the side table how the questioning went."""
        answered = Refilled.EMPTY if self.questions.wanted() else Refilled.CONFIRMED
        outcome = answered if error is None else Refilled.UNANSWERED
        one = self.partition
        self.context.attempts.note_refill(one.dataset, one.symbol, one.date, self.context.now, outcome)
