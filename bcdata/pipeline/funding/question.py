"""What to ask REST for a month of settlements, and what an answer leaves of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import polars as pl

from bcdata.bars.settlements import missing_settlements
from bcdata.catalog import Dataset
from bcdata.gaps.ledger import Status, explain
from bcdata.gaps.told import ListingRecord, ToldByAnswers
from bcdata.pipeline.context import Workbench, window_of
from bcdata.pipeline.funding.answer import Answer
from bcdata.pipeline.funding.common import (
    AROUND,
    Archived,
    before_of,
    day_before,
    due,
    joined,
    known_of,
    unpublished_of,
)
from bcdata.pipeline.raw.answered import ASK_AGAIN
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Refilled
from bcdata.windows import Window

_WORTH_ASKING = (Status.OPEN.value, Status.NOT_PUBLISHED.value)


@dataclass(slots=True)
class Question:
    """What to ask for a partition, and what is known of it before.

    Attributes:
        work: the side tables and now.
        dataset: whose partition it is.
        partition: that of raw of the repair source.
        archived: what the archive has of it.
        earlier: the answer that raw has.
        facts: what the exchange says of the listing.
    """

    work: Workbench
    dataset: Dataset
    partition: Partition
    archived: Archived
    earlier: Answer | None
    facts: ListingRecord
    _notes: list[str] = field(default_factory=list)

    @property
    def window(self) -> Window:
        """The time of the partition."""
        return window_of(self.dataset, self.partition)

    @property
    def due(self) -> Window:
        """The part of it whose settlements should be known by now."""
        return due(self.dataset, self.window, self.work.now)

    @property
    def asked(self) -> Window:
        """The time to ask for: a hole at its edge shows its other side."""
        until = self.work.now.replace(second=0, microsecond=0)
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
        return self._is_old(self._key) and not self._left(self.earlier).is_empty()

    def may_learn(self) -> bool:
        """Whether the exchange was not asked for the listing within the last day."""
        return self._is_old(self._status)

    def answered(self, pages: Sequence[bytes]) -> Answer:
        """The answer, weighed with the one before."""
        answer = Answer(self.dataset.market, self.asked, pages, known=self.archived.known)
        return answer.after(self.earlier, self._age(self._key), ASK_AGAIN)

    def objection(self, answer: Answer) -> str | None:
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

    def note_facts(self) -> None:
        """Remembers when the exchange was asked for the listing, once the answer is kept."""
        self._notes.append(self._status)

    def note(self, answer: Answer) -> None:
        """Remembers when this was asked, once the answer is kept, and how it went."""
        self._notes.append(self._key)
        if not self._left(answer).is_empty():
            self.note_outcome(Refilled.EMPTY)
        else:
            self.note_outcome(Refilled.FILLED if self._missing(answer).is_empty() else Refilled.CONFIRMED)

    def kept(self) -> None:
        """The answers survive a loss of power: who was stopped before that asks again, and loses nothing."""
        self.work.attempts.note(self._notes, self.work.now)

    def note_outcome(self, outcome: Refilled) -> None:
        """Tells the side table how the questioning went."""
        one = self.partition
        self.work.attempts.note_refill(one.dataset, one.symbol, one.date, self.work.now, outcome)

    def _there(self, answer: Answer | None) -> pl.DataFrame:
        return joined([self.archived.own, answer.gives(self.window).settled if answer else None])

    def _before(self, answer: Answer | None) -> pl.DataFrame:
        early = answer.gives(day_before(self.window)).settled if answer else None
        return joined([before_of(self.archived.record), early])

    def _missing(self, answer: Answer | None) -> pl.DataFrame:
        return missing_settlements(self._there(answer), self.due, self._before(answer))

    def _left(self, answer: Answer | None) -> pl.DataFrame:
        """The missing settlements that neither the answer gives nor anything explains."""
        missing = self._missing(answer)
        if missing.is_empty():
            return missing
        told = cast("ToldByAnswers", {**self.facts, **answer.proofs()} if answer else self.facts)
        unpublished = unpublished_of(self.dataset, self.window, self.work.now, self.archived.record)
        settled = pl.concat([self._before(answer), self._there(answer)])
        reasons = known_of(self.window, self.archived.record, told, settled, unpublished).reasons()
        # A row that was set aside explains nothing here: REST may have a sound one.
        found = explain(missing, [one for one in reasons if one.status is not Status.QUARANTINED])
        return found.filter(pl.col("status").is_in(_WORTH_ASKING))

    @property
    def _key(self) -> str:
        """Where the side table tells when it was asked."""
        return f"{self.partition.prefix}funding"

    @property
    def _status(self) -> str:
        """Where it tells when the exchange was asked for the listing."""
        return f"{self.partition.prefix}status"

    def _is_old(self, key: str) -> bool:
        age = self._age(key)
        return age is None or age >= ASK_AGAIN

    def _age(self, key: str) -> timedelta | None:
        last: datetime | None = self.work.attempts.last(key)
        return None if last is None else self.work.now - last
