"""The manifest of a partition of raw of the repair source: what was asked, the answers as sent, and what was learnt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from bcdata.ledger.records import AskedRecord, CoarseRecord, ReasonRecord
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.raw.asking import AskedTimes, put_pages, save
from bcdata.pipeline.records.manifests import rest_manifest
from bcdata.pipeline.records.objects import DAMAGED, without
from bcdata.pipeline.records.pages import ArchiveDayRecord, PageRecord, QueryRecord
from bcdata.pipeline.records.shapes import RestManifest, learnt_of
from bcdata.providers.base import Page
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Attempts
from bcdata.store.store import Store
from bcdata.windows import Window

_KEPT = "kept in the manifest"


@dataclass(slots=True)
class RestState:
    """What one partition was answered so far. `manifest` may be changed; `before` is as it was read."""

    store: Store
    times: AskedTimes
    partition: Partition
    before: RestManifest | None
    manifest: RestManifest
    changes: int = 0
    """How often answers were added: what was made of them before is out of date."""

    @classmethod
    def read(cls, store: Store, attempts: Attempts, partition: Partition, now: datetime, series: str) -> "RestState":
        """What raw holds of the partition. An answer of which a page is lost is left out, and so asked for again."""
        before = rest_manifest(store, partition)
        manifest: RestManifest = {"fingerprint": "", "series": series, "queries": []}
        manifest = cast("RestManifest", {**manifest, **learnt_of(before or {})})
        found = cls(store, AskedTimes(attempts, partition, now), partition, before, manifest)
        if before is None:
            return found
        found.manifest["queries"] = [query for query in before["queries"] if found._holds(query["pages"])]
        days = before.get("days")
        if days and found._holds(days):
            found.manifest["days"] = days
            if "witnesses" in before:
                found.manifest["witnesses"] = before["witnesses"]
        return found

    @property
    def is_empty(self) -> bool:
        """Whether nothing was answered or learnt at all."""
        known = self.manifest
        return not (known["queries"] or known.get("days") or any(learnt_of(known).values()))

    def keep(self, window: Window, pages: Sequence[Page], again: Sequence[tuple[datetime, datetime]]) -> int:
        """Stores an answer in the place of an earlier one to the same question; returns its size in bytes.

        `again` are the runs (first and last open) about which an answer at least a day older had said nothing either.
        """
        answer: QueryRecord = {
            "start": window.start.isoformat(),
            "end": window.end.isoformat(),
            "pages": put_pages(self.store, self.partition, f"klines.{window.start:%Y%m%dT%H%M%S}", pages),
            # That it is the second time is a fact, and is kept; when the first was stands in the side table.
            "again": [[edge.isoformat() for edge in run] for run in again],
        }
        self.times.note(_span(answer))
        others = [query for query in self.manifest["queries"] if _span(query) != _span(answer)]
        self.manifest["queries"] = sorted([*others, answer], key=_span)
        self.changes += 1
        return sum(len(page.body) for page in pages)

    def keep_days(self, page: Page, to: datetime, witnesses: Sequence[ArchiveDayRecord] = ()) -> int:
        """Stores the exchange's day bars of the partition, asked for up to `to`, and what they are tried with.

        Args:
            page: the day bars, those of the days of `witnesses` too.
            to: UTC.
            witnesses: day bars of the archive in other partitions.

        Returns:
            The size of the page in bytes.
        """
        self.manifest["days"] = [
            {**one, "to": to.isoformat()} for one in put_pages(self.store, self.partition, "days", [page])
        ]
        self.manifest.pop("witnesses", None)
        if witnesses:
            self.manifest["witnesses"] = list(witnesses)
        self.times.note("days")
        self.changes += 1
        return len(page.body)

    def keep_coarser(self, told: Sequence[ReasonRecord | CoarseRecord]) -> None:
        """Adds what coarser files of the archive tell about missing bars, each record once."""
        records = [*self.manifest["coarser"], *told]
        unique = {
            (one["start"], one["end"], one["evidence"] if "evidence" in one else one["interval"]): one
            for one in records
        }
        self.manifest["coarser"] = [unique[key] for key in sorted(unique)]
        self.times.note("coarser")

    def forget(self, lost: Sequence[QueryRecord]) -> None:
        """Leaves out answers of which a page turned out to be damaged: they are asked for again."""
        self.manifest["queries"] = [query for query in self.queries if query not in lost]

    @property
    def rows(self) -> int:
        """How many rows the answers have."""
        return sum(page["rows"] for query in self.queries for page in query["pages"])

    def seal(self) -> str:
        """The fingerprint of all that is known, which the manifest gets; empty where nothing ever was."""
        is_nothing = self.is_empty and not self.before
        self.manifest["fingerprint"] = "" if is_nothing else fingerprint(**without(self.manifest, "fingerprint"))
        return self.manifest["fingerprint"]

    def save(self) -> bool:
        """Writes the manifest, if there is anything in it and it has changed; whether it had.

        The times of asking follow it once it survives a loss of power: who is stopped between the two asks again, and
        loses nothing.
        """
        kept = bool(self.before) or not self.is_empty
        changed = kept and save(self.store, self.partition, self.manifest, self.before)
        self.times.keep(_KEPT if kept else "nothing learnt")
        return changed

    def may_ask(self, what: str) -> bool:
        """Whether this was not asked within the last day, or what was learnt then is lost."""
        had_days = self.before is not None and bool(self.before.get("days"))
        is_lost = what == "days" and had_days and "days" not in self.manifest
        if is_lost or not self.times.is_recent(what):
            return True
        return not self.before and self.times.detail(what) == _KEPT

    def knows_days_to(self) -> datetime | None:
        """Up to which instant (UTC) the exchange's day bars were asked for; None where they were not."""
        days = self.manifest.get("days")
        return datetime.fromisoformat(days[0]["to"]) if days else None

    @property
    def is_unknown(self) -> bool:
        """Whether REST said within the last day that it does not know the symbol."""
        return self.manifest["unknown_symbol"] and not self.may_ask("symbol")

    @property
    def has_days(self) -> bool:
        """Whether the exchange gave any day bars."""
        return any(page["rows"] for page in self.manifest.get("days") or [])

    def was_asked(self, query: QueryRecord) -> bool:
        """Whether it is known when this was asked."""
        return self.times.last(_span(query)) is not None

    def may_ask_again(self, query: QueryRecord) -> bool:
        """Whether this question was not asked within the last day."""
        return self.may_ask(_span(query))

    @property
    def queries(self) -> list[QueryRecord]:
        """What was asked and answered, in order of the questions."""
        return self.manifest["queries"]

    def _holds(self, pages: Sequence[PageRecord]) -> bool:
        sound = (one for one in pages if DAMAGED not in one)
        held = [self.store.holds(self.partition.key(one["file"]), one["bytes"], one["sha256"]) for one in sound]
        return len(held) == len(pages) and all(held)


def _span(query: AskedRecord) -> str:
    """The name of a question: what it asks for."""
    return f"{query['start']}..{query['end']}"
