"""What is still to be asked about a partition's missing bars, by what the answers so far give and prove."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import polars as pl

from bcdata.ledger.ledger import Status, runs_of
from bcdata.ledger.residuals import uncovered
from bcdata.ledger.rest_proofs import window_asked
from bcdata.pipeline.bars.missing import MissingBars
from bcdata.pipeline.missing.request_windows import Run
from bcdata.pipeline.parsed.answer_rows import read_bodies, within
from bcdata.pipeline.parsed.rest_answers import ExchangeDays, RestEvidence, weigh
from bcdata.pipeline.raw.rest_state import RestState
from bcdata.pipeline.records.in_footers import AnswersRecord
from bcdata.pipeline.records.shapes import learnt_of
from bcdata.windows import Window


@dataclass(slots=True)
class MissingRequests:
    """The holes of one partition and what was answered about them; weighed again whenever an answer was added."""

    answered: RestState
    holes: MissingBars
    _weighed: tuple[int, RestEvidence] | None = None

    @property
    def weighed(self) -> RestEvidence:
        """What the answers give and prove so far. One with a damaged page is left out, and so asked for again."""
        if self._weighed is None or self._weighed[0] != self.answered.changes:
            self._weighed = self.answered.changes, self._weigh()
        return self._weighed[1]

    @property
    def facts(self) -> AnswersRecord:
        """What is known from the exchange so far, as the record of the parsed answers has it."""
        return cast("AnswersRecord", {**learnt_of(self.answered.manifest), **self.weighed.facts})

    @property
    def missing(self) -> pl.Series:
        """The opens (UTC) of bars that neither the archive has nor REST gave."""
        return self.holes.missing(self.weighed)

    @property
    def unexplained(self) -> pl.Series:
        """The opens of those that nothing explains."""
        return self.holes.unexplained(self.weighed, self.facts)

    @property
    def wanted(self) -> pl.Series:
        """The opens to ask for: missing bars that nothing explains, and bars that coarser ones doubt."""
        doubted = within(self.holes.view.bars, self.weighed.settled.left)["open_time"]
        return pl.concat([self.unexplained, doubted]).unique().sort()

    def for_coarser_files(self, wanted: pl.Series) -> pl.Series:
        """The opens about which coarser files are read: the unexplained ones, and what only an answer settles.

        Coarser files outrank an answer: where no control bar tells, they are read before it settles anything.

        Args:
            wanted: what there was to ask for before REST answered.
        """
        unexplained, absent = self.unexplained, self.missing
        settled = absent.filter(absent.is_in(wanted.implode()) & ~absent.is_in(unexplained.implode()))
        bare = uncovered(settled, self.holes.view.coarse(settled, self.facts))
        return pl.concat([unexplained, bare]).sort()

    def due(self) -> list[Run]:
        """The runs that are wanted and that no question of the last day covers whole.

        A hole that coarser files explain in part is asked about as one, as if they were not known: which question is
        asked must not depend on what was learnt before it.
        """
        recent, wanted, facts = self._recent(), self.wanted, self.facts
        facts["coarser"] = [one for one in facts["coarser"] if one.get("status") != Status.UPSTREAM.value]
        beside = self.holes.unexplained(self.weighed, facts)
        runs = runs_of(pl.concat([wanted, beside]).unique().sort(), self.holes.expected)
        whole = [run for run in runs if wanted.is_between(*run).any()]
        return [run for run in whole if not any(run[0] in window and run[1] in window for window in recent)]

    def old_silences(self) -> list[tuple[Window, Sequence[datetime]]]:
        """Of credible answers that are known to be a day old: what was asked for, and the opens that came."""
        weighed = self.weighed
        return [
            (window_asked(query), opens)
            for query, opens, one in zip(self.answered.queries, weighed.opens, weighed.overlaps, strict=True)
            if one.agrees and self.answered.was_asked(query) and self.answered.may_ask_again(query)
        ]

    def objection(self, window: Window) -> str | None:
        """What is wrong with the answer to this question, in words; None where it has all that is known."""
        weighed = self.weighed
        for query, one in zip(self.answered.queries, weighed.overlaps, strict=True):
            if window_asked(query) == window and not one.agrees:
                return one.words()
        return None

    def _recent(self) -> list[Window]:
        """What was asked for within the last day, but for answers with bars that contradict what is known."""
        weighed = self.weighed
        return [
            window_asked(query)
            for query, opens, one in zip(self.answered.queries, weighed.opens, weighed.overlaps, strict=True)
            if (one.agrees or not opens) and not self.answered.may_ask_again(query)
        ]

    def _weigh(self) -> RestEvidence:
        store, raw, manifest = self.answered.store, self.answered.partition, self.answered.manifest
        read = [(query, read_bodies(store, raw, query["pages"])) for query in self.answered.queries]
        self.answered.forget([query for query, bodies in read if bodies is None])
        days = read_bodies(store, raw, manifest.get("days") or [])
        exchange = ExchangeDays(days or [], manifest.get("witnesses") or [])
        whole = [bodies for _, bodies in read if bodies is not None]
        return weigh(self.holes.view, self.answered.queries, whole, exchange)
