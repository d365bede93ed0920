"""The manifest of a raw/binance_rest partition: what was asked, the answers as sent, and what they prove."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bcdata.intervals import Interval
from bcdata.operations.manifests import MANIFEST, read_manifest
from bcdata.operations.marks import DAMAGED
from bcdata.operations.proofs import proofs, window_asked
from bcdata.operations.queries import Run
from bcdata.providers.binance.answers import RestPage, kline_opens
from bcdata.store.attempts import Attempts
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

ASK_AGAIN = timedelta(days=1)
"""An answer that confirms nothing is asked for once more after this long."""
FACTS: dict[str, Any] = {"first_open": None, "unknown_symbol": False, "status": None, "ended": None, "coarser": []}
"""What a manifest holds beside answers, as it is where nothing was learnt."""

Record = dict[str, Any]
_KEPT = "kept in the manifest"


@dataclass(slots=True)
class Answered:
    """What one partition was answered so far. `manifest` may be changed; `before` is as it was read."""

    store: Store
    attempts: Attempts
    partition: Partition
    now: datetime
    before: Record
    manifest: Record
    _notes: list[str] = field(default_factory=list)
    _read: dict[str, list[datetime]] = field(default_factory=dict)
    _proved: Record | None = None

    @classmethod
    def read(cls, store: Store, attempts: Attempts, partition: Partition, now: datetime, series: str) -> "Answered":
        """What raw holds of the partition. An answer of which a page is lost is left out, and so asked for again."""
        before = read_manifest(store, partition) or {}
        facts = {name: before.get(name, nothing) for name, nothing in FACTS.items()}
        found = cls(store, attempts, partition, now, before, {"series": series, **facts, "queries": []})
        found.manifest["queries"] = [query for query in before.get("queries", []) if found._holds(query)]
        return found

    @property
    def is_whole(self) -> bool:
        """Whether all that was answered before is still there."""
        return bool(self.before) and len(self.manifest["queries"]) == len(self.before["queries"])

    @property
    def is_empty(self) -> bool:
        """Whether nothing was answered or learnt at all."""
        return not any(self.manifest[name] for name in ("queries", *FACTS))

    def keep(self, window: Window, pages: Sequence[RestPage], again: Sequence[Run]) -> int:
        """Stores an answer in the place of an earlier one to the same question; returns its size in bytes.

        `again` are the runs about which an answer at least a day older had said nothing either.
        """
        stored: list[Record] = []
        for page in pages:
            digest = hashlib.sha256(page.body).hexdigest()
            file = f"klines.{window.start:%Y%m%dT%H%M%S}.{len(stored)}.{digest[:12]}.json"
            self.store.objects.put(self.partition.key(file), page.body)
            stored.append({"file": file, "bytes": len(page.body), "sha256": digest, "url": page.url, "rows": page.rows})
        answer = {
            "start": window.start.isoformat(),
            "end": window.end.isoformat(),
            "pages": stored,
            # That it is the second time is a fact, and is kept; when the first was stands in the side table.
            "again": [[edge.isoformat() for edge in run] for run in again],
        }
        self.note(_span(answer))
        others = [query for query in self.manifest["queries"] if _span(query) != _span(answer)]
        self.manifest["queries"] = sorted([*others, answer], key=_span)
        self._proved = None
        return sum(len(page.body) for page in pages)

    def answers(self) -> list[tuple[Window, list[datetime]]]:
        """What was asked for, and the opens (UTC) that came."""
        return [(window_asked(query), self._opens(query)) for query in self.manifest["queries"]]

    def old_answers(self) -> list[tuple[Window, list[datetime]]]:
        """Those of the answers that are known to be a day old at least."""
        return [
            (window_asked(query), self._opens(query))
            for query in self.manifest["queries"]
            if self._last(_span(query)) is not None and self.may_ask(_span(query))
        ]

    def recent(self) -> list[Window]:
        """What was asked for within the last day."""
        return [window_asked(query) for query in self.manifest["queries"] if not self.may_ask(_span(query))]

    def facts(self, interval: Interval) -> Record:
        """What is known from the exchange so far, as the record of parsed/binance_rest has it."""
        if self._proved is None:
            opens = [self._opens(query) for query in self.manifest["queries"]]
            self._proved = dict(proofs(self.manifest["queries"], opens, interval))
        return {**{name: self.manifest[name] for name in FACTS}, **self._proved}

    def note(self, what: str) -> None:
        """Remembers that this was asked now, once the manifest is saved."""
        self._notes.append(f"{self.partition.prefix}{what}")

    def save(self) -> bool:
        """Writes the manifest, if there is anything in it and it has changed; whether it had.

        The times of asking follow it: a process killed between the two asks again, and loses nothing.
        """
        kept = bool(self.before) or not self.is_empty
        changed = kept and self.manifest != self.before
        if changed:
            self.store.put_json(self.partition, MANIFEST, self.manifest)
        self.attempts.note(self._notes, self.now, _KEPT if kept else "nothing learnt")
        return changed

    def may_ask(self, what: str) -> bool:
        """Whether this was not asked within the last day, or what was learnt then is lost."""
        last = self._last(what)
        if last is None or self.now - last >= ASK_AGAIN:
            return True
        return not self.before and self.attempts.detail(f"{self.partition.prefix}{what}") == _KEPT

    def _last(self, what: str) -> datetime | None:
        return self.attempts.last(f"{self.partition.prefix}{what}")

    def _opens(self, query: Record) -> list[datetime]:
        for page in query["pages"]:
            if page["file"] not in self._read:
                body = self.store.objects.get(self.partition.key(page["file"]))
                self._read[page["file"]] = kline_opens(body or b"[]")
        return [at for page in query["pages"] for at in self._read[page["file"]]]

    def _holds(self, query: Record) -> bool:
        infos = [(self.store.objects.stat(self.partition.key(page["file"])), page) for page in query["pages"]]
        return all(info and info.size == page["bytes"] and DAMAGED not in page for info, page in infos)


def _span(query: Record) -> str:
    """The name of a question: what it asks for."""
    return f"{query['start']}..{query['end']}"
