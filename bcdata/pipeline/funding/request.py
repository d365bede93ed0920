"""What to ask REST for a month of settlements, and what an answer leaves of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import polars as pl

from bcdata.bars.settlements import missing_settlements
from bcdata.catalog import Dataset
from bcdata.ledger.ledger import worth_asking
from bcdata.ledger.records import AnswersEvidence, ListingRecord
from bcdata.pipeline.context import RunContext, window_of
from bcdata.pipeline.funding.answer import SettlementAnswer
from bcdata.pipeline.funding.common import (
    AROUND,
    ArchiveSettlements,
    before_of,
    day_before,
    due,
    gap_evidence,
    joined,
    unpublished_of,
)
from bcdata.pipeline.raw.asking import AskedTimes
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import ASK_AGAIN, Refilled
from bcdata.windows import Window

STATUS, _SETTLEMENTS = "status", "funding"
"""What was asked, in the side table: the exchange for the listing, and for settlements."""


@dataclass(slots=True)
class SettlementRequest:
    """What to ask for a partition, and what is known of it before.

    Attributes:
        context: the side tables and now.
        dataset: whose partition it is.
        partition: that of raw of the repair source.
        archived: what the archive has of it.
        earlier: the answer that raw has.
        facts: what the exchange says of the listing.
    """

    context: RunContext
    dataset: Dataset
    partition: Partition
    archived: ArchiveSettlements
    earlier: SettlementAnswer | None
    facts: ListingRecord
    times: AskedTimes = field(init=False)

    def __post_init__(self) -> None:
        """Looks up when what was asked."""
        self.times = AskedTimes(self.context.attempts, self.partition, self.context.now)

    @property
    def window(self) -> Window:
        """The time of the partition."""
        return window_of(self.dataset, self.partition)

    @property
    def due(self) -> Window:
        """The part of it whose settlements should be known by now."""
        return due(self.dataset, self.window, self.context.now)

    @property
    def asked(self) -> Window:
        """The time to ask for: a hole at its edge shows its other side."""
        until = self.context.now.replace(second=0, microsecond=0)
        return Window(self.window.start - AROUND, self.window.end + AROUND).until(until)

    def lacks_any(self) -> bool:
        """Whether the archive lacks a settlement that nothing explains."""
        return not self.due.is_empty and not self._left(None).is_empty()

    def edges(self) -> tuple[bool, bool]:
        """Whether settlements are missing before all that are there, and after all."""
        missing, there = self._missing(self.earlier)["open_time"], self._there(self.earlier)["time"]
        if missing.is_empty():
            return False, False
        is_known = self._before(self.earlier).height > 0
        if there.is_empty():
            return not is_known, True
        return not is_known and missing[0] < there[0], bool(missing[-1] > there[-1])

    def is_due(self) -> bool:
        """Whether this was not asked for within the last day, or was not answered as others say, and is not settled."""
        if not self.lacks_any():
            return False
        if self.earlier is None or self.earlier.contradiction is not None or self.earlier.asked != self.asked:
            return True
        return not self.times.is_recent(_SETTLEMENTS) and not self._left(self.earlier).is_empty()

    def may_learn(self) -> bool:
        """Whether the exchange was not asked for the listing within the last day."""
        return not self.times.is_recent(STATUS)

    def answered(self, pages: Sequence[bytes]) -> SettlementAnswer:
        """The answer, weighed with the one before."""
        answer = SettlementAnswer(self.dataset.market, self.asked, pages, known=self.archived.known)
        return answer.after(self.earlier, self.times.age(_SETTLEMENTS), ASK_AGAIN)

    def objection(self, answer: SettlementAnswer) -> str | None:
        """Why an answer is not believed, in words; None where it has all that is known, with equal rates."""
        if answer.contradiction is not None:
            return answer.contradiction
        if self.earlier is None or self.earlier.contradiction is not None:
            return None
        lacking = answer.lacks(self.earlier.times)
        return (
            f"lacks {len(lacking)} settlements that it had before, from {lacking[0]:%Y-%m-%d %H:%M} on"
            if lacking
            else None
        )

    def note(self, answer: SettlementAnswer) -> None:
        """Remembers when this was asked, once the answer is kept, and how it went."""
        self.times.note(_SETTLEMENTS)
        if not self._left(answer).is_empty():
            self.times.note_outcome(Refilled.EMPTY)
        else:
            self.times.note_outcome(Refilled.FILLED if self._missing(answer).is_empty() else Refilled.CONFIRMED)

    def _there(self, answer: SettlementAnswer | None) -> pl.DataFrame:
        return joined([self.archived.own, answer.gives(self.window).settled if answer else None])

    def _before(self, answer: SettlementAnswer | None) -> pl.DataFrame:
        early = answer.gives(day_before(self.window)).settled if answer else None
        return joined([before_of(self.archived.record), early])

    def _missing(self, answer: SettlementAnswer | None) -> pl.DataFrame:
        return missing_settlements(self._there(answer), self.due, self._before(answer))

    def _left(self, answer: SettlementAnswer | None) -> pl.DataFrame:
        """The missing settlements that neither the answer gives nor anything explains."""
        missing = self._missing(answer)
        if missing.is_empty():
            return missing
        told = cast("AnswersEvidence", {**self.facts, **answer.proofs()} if answer else self.facts)
        unpublished = unpublished_of(self.dataset, self.window, self.context.now, self.archived.record)
        settled = pl.concat([self._before(answer), self._there(answer)])
        reasons = gap_evidence(self.window, self.archived.record, told, settled, unpublished).reasons()
        return worth_asking(missing, reasons)
