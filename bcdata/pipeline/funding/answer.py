"""What raw of the repair source holds of a partition's settlements: one answer, what it gives, and what it proves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

import polars as pl

from bcdata.bars.settlements import silent
from bcdata.catalog.names import parse_name
from bcdata.frames.schema import FUNDING, TIME
from bcdata.ledger.records import NegativeEvidence
from bcdata.ledger.rest_proofs import window_asked
from bcdata.pipeline.funding.common import SAME_RATE
from bcdata.pipeline.parsed.answer_rows import read_bodies
from bcdata.pipeline.records.objects import DAMAGED
from bcdata.pipeline.records.pages import KeptAnswer
from bcdata.providers.registry import page_format
from bcdata.quality.rules import sample
from bcdata.quality.settlements import BEYOND_CAP, IS_ALLOWED, IS_NAMED, AuditedSettlements, audit_settlements
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

DIFFERS = "overlap_differs"
NO_SETTLEMENTS = pl.DataFrame(schema=FUNDING)


@dataclass(frozen=True)
class SettlementAnswer:
    """One complete answer.

    Attributes:
        market: the market that was asked.
        asked: the window that was asked for.
        pages: bodies as sent; none at all says that REST does not know the symbol, which proves nothing.
        twice: the part of the window that an answer at least a day older was about too; it gave nothing more.
        known: the settlements (`FUNDING`) that other sources have in the window and around it: it must have them too.
    """

    market: str
    asked: Window
    pages: Sequence[bytes]
    twice: Window | None = None
    known: pl.DataFrame = field(default_factory=NO_SETTLEMENTS.clone)

    @classmethod
    def kept(
        cls, store: Store, partition: Partition, answer: KeptAnswer | None, known: pl.DataFrame
    ) -> "SettlementAnswer | None":
        """The answer that a manifest keeps; None where there is none, or a page of it is lost or damaged."""
        if answer is None or answer["asked"] is None:
            return None
        records, twice = answer["objects"], answer.get("twice")
        pages = None if any(DAMAGED in one for one in records) else read_bodies(store, partition, records)
        if pages is None:
            return None
        market = parse_name(partition.dataset).market.name
        return cls(market, window_asked(answer["asked"]), pages, window_asked(twice) if twice else None, known)

    @cached_property
    def rows(self) -> pl.DataFrame:
        """All rows (`RAW_SETTLEMENT`), those too that no audit would pass."""
        return page_format(self.market).settlements(self.pages, self.asked)

    def of(self, window: Window) -> AuditedSettlements:
        """The rows judged, but for those that were asked for as proof and lie outside the window.

        An answer holds a few rows: a bad one costs itself.
        """
        inside = pl.col("time").cast(TIME).is_between(window.start, window.end, closed="left")
        return audit_settlements(self.rows.filter(inside | ~IS_NAMED), max_bad_share=1, states_intervals=False)

    def gives(self, window: Window) -> AuditedSettlements:
        """The settlements of the window that are believed: none of an answer that is contradicted."""
        audited = self.of(window)
        if self.contradiction is None:
            return self._without_unlikely(audited)
        inside = pl.col("time").cast(TIME).is_between(window.start, window.end, closed="left")
        rejected = self.rows.filter(inside).with_columns(reason=pl.lit(DIFFERS))
        words = f"the answer {self.contradiction}; none of its rows is believed"
        found = (Finding(DIFFERS, Severity.ROW, rejected.height, words),) if rejected.height else ()
        return AuditedSettlements(audited.settled.clear(), rejected, Verdict(0, found), {})

    def _without_unlikely(self, audited: AuditedSettlements) -> AuditedSettlements:
        """A rate that the exchange does not allow fills nothing; one that another source has too may stay."""
        is_unlikely = ~IS_ALLOWED & ~pl.col("time").is_in(self.known["time"].implode())
        aside = audited.settled.filter(is_unlikely)
        if aside.is_empty():
            return audited
        rows = self.rows.filter(pl.col("time").cast(TIME).is_in(aside["time"].implode()))
        rejected = pl.concat([audited.rejected, rows.with_columns(reason=pl.lit(BEYOND_CAP))], how="diagonal")
        settled = audited.settled.filter(~is_unlikely)
        kept = [one for one in audited.verdict.findings if one.rule != BEYOND_CAP]
        words = "rates are beyond what the exchange allows, and no other source has them"
        found = Finding(BEYOND_CAP, Severity.ROW, aside.height, words, sample(aside))
        return AuditedSettlements(settled, rejected, Verdict(settled.height, (*kept, found)), audited.bad_objects)

    @property
    def times(self) -> set[datetime]:
        """The minutes (UTC) of all rows."""
        return _minutes(self.rows)

    def proofs(self) -> NegativeEvidence:
        """What was asked for and answered, and what that proves, as records keep it.

        Returns:
            Windows as pairs of ISO instants: `asked`, and those in which REST has no more settlements than it gave:
            `confirmed`, between the first and the last one of the answer; `empty`, where two answers at least a day
            apart say so. An answer that is contradicted proves nothing.
        """
        if self.contradiction is not None:
            return {"asked": [], "confirmed": [], "empty": []}
        unusable = _minutes(self.gives(self.asked).rejected)
        between = silent(Window(min(self.times), max(self.times)), unusable) if self.times else []
        return {
            "asked": [_pair(self.asked)] if self.pages else [],
            "confirmed": [_pair(one) for one in between],
            "empty": [_pair(one) for one in silent(self.twice, unusable)] if self.twice else [],
        }

    def after(self, earlier: "SettlementAnswer | None", age: timedelta | None, apart: timedelta) -> "SettlementAnswer":
        """This answer with what it repeats of an earlier one of that age (None: not known), if that was long before."""
        if earlier is None or not (earlier.pages and self.pages) or earlier.contradiction is not None:
            return self
        if age is not None and age >= apart:
            return replace(self, twice=earlier.asked.until(self.asked.end))
        return replace(self, twice=earlier.twice)

    @property
    def is_compared(self) -> bool:
        """Whether another source has a settlement that came."""
        return bool(set(self.known["time"]) & set(self._sound["time"]))

    @cached_property
    def contradiction(self) -> str | None:
        """What is wrong with an answer that other sources contradict, in words; None where it has all that is known."""
        if lacking := self.lacks(self.known["time"]):
            return f"lacks {len(lacking)} settlements that are known, from {lacking[0]:%Y-%m-%d %H:%M} on"
        if self._differs:
            return f"has other rates for {len(self._differs)} settlements, from {self._differs[0]:%Y-%m-%d %H:%M} on"
        return None

    def lacks(self, known: Iterable[datetime]) -> list[datetime]:
        """Those of the settlements known from elsewhere that were asked for and did not come sound, ascending."""
        came = set(self._sound["time"])
        return sorted(at for at in known if self.asked.start < at < self.asked.end and at not in came)

    @cached_property
    def _sound(self) -> pl.DataFrame:
        return self.of(self.asked).settled

    @property
    def _differs(self) -> list[datetime]:
        """The settlements known from elsewhere for which the answer has another rate, ascending."""
        came = self._sound.select("time", "funding_rate")
        both = self.known.select("time", "funding_rate").join(came, on="time", suffix="_came")
        far = (pl.col("funding_rate") - pl.col("funding_rate_came")).abs() > SAME_RATE
        return sorted(both.filter(far)["time"].to_list())


def _minutes(rows: pl.DataFrame) -> set[datetime]:
    # What was not asked for is refused when it comes, and says nothing of the time that was.
    return set(rows.filter(IS_NAMED)["time"].cast(TIME).to_list())


def _pair(window: Window) -> list[str]:
    return [window.start.isoformat(), window.end.isoformat()]
