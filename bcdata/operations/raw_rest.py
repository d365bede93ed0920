"""raw/binance_rest: the answers to what was asked to fill holes, as sent. What was answered is not asked again.

A provider that cannot be asked proves nothing and holds nothing back: its holes stay open, and the verdict says so.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from bcdata.bars.calendar import calendar, closed_window
from bcdata.bars.gaps import missing_opens, runs_of
from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError, ProviderError, StoreError
from bcdata.intervals import EPOCH
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.queries import cover
from bcdata.operations.stream import each_async
from bcdata.operations.workbench import Workbench, series_of, window_of
from bcdata.providers.binance.rest import RestPage, rows_per_call
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.windows import Window

MANIFEST = "manifest.json"
AT_ONCE = 4
ARCHIVE = "binance_archive"
TRADING = "TRADING"
ASK_AGAIN = timedelta(days=1)
"""An answer that confirms nothing is asked for once more after this long."""

Record = dict[str, Any]


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Asks for the expected bars that parsed/binance_archive lacks, and yields outcomes as they are done."""
    yield from each_async(work.loop, partitions, lambda one: _Refill(work, dataset, one).run(), at_once=AT_ONCE)


@dataclass(slots=True)
class _Refill:
    """The work on one partition."""

    work: Workbench
    dataset: Dataset
    partition: Partition
    first_bar: datetime | None = None
    seems_gone: bool = False
    unanswered: list[str] = field(default_factory=list)
    requests: int = 0
    fetched: int = 0

    async def run(self) -> Outcome:
        before = self.work.store.get_json(self.partition, MANIFEST) or {}
        manifest: Record = {
            "series": str(series_of(self.dataset, self.partition.symbol)),
            "queries": [query for query in before.get("queries", []) if self._holds(query)],
            "first_open": before.get("first_open"),
            "unknown_symbol": before.get("unknown_symbol", False),
            "status": before.get("status"),
        }
        is_whole = bool(before) and len(manifest["queries"]) == len(before["queries"])
        runs = self._holes(known=is_whole)
        if runs is None:
            words = "parsed/binance_archive is not published; nothing was asked"
            return Outcome(self.partition, State.UNCHANGED, Verdict(0, (Finding("upstream", Severity.WARN, 1, words),)))
        try:
            await self._ask(runs, manifest)
        except NotFoundError:
            manifest["unknown_symbol"] = True
        is_due = not before or self._may_ask("status")
        if self.seems_gone and manifest["status"] in {None, TRADING} and is_due:
            manifest["status"] = await self._status() or manifest["status"]
        return self._conclude(manifest, before)

    async def _status(self) -> str | None:
        """What the exchange says of the symbol now; None without an answer."""
        info = await self.work.exchange_info(self.dataset.market)
        if info is None:
            return None
        self.work.attempts.note([f"{self.partition.prefix}status"], self.work.now, "asked")
        return next((one.status for one in info.symbols if one.symbol == self.partition.symbol), "absent")

    def _holes(self, *, known: bool) -> list[tuple[datetime, datetime]] | None:
        """Runs of expected bars (first and last open) that the archive does not have and does not explain.

        Where earlier answers are `known` to be all there, what they gave or confirmed is no hole any more.
        """
        interval = self.dataset.bar_interval
        whole = window_of(self.dataset, self.partition)
        window = closed_window(whole, interval, self.work.now)
        expected = calendar(self.dataset.calendar).opens(interval, window)
        if ARCHIVE not in self.dataset.sources:
            return runs_of(self._unsettled(expected) if known else expected, expected)
        archive = self.partition.in_zone("parsed", ARCHIVE)
        published = self.work.store.published(archive)
        if published is None:
            return None
        if window == whole and published.record["verdict"]["rows"] == len(expected):
            return []  # sound, unique, on the grid and as many as expected: nothing is missing
        frame = self.work.store.read(archive)
        if frame is None:
            return None
        first = frame["open_time"].min()
        self.first_bar = first if isinstance(first, datetime) else None
        missing = missing_opens(expected, frame["open_time"])
        self.seems_gone = bool(published.record["evidence"].get("ended"))
        not_listed = published.record["evidence"].get("not_listed")
        if not_listed:
            missing = missing.filter(missing >= datetime.fromisoformat(not_listed["end"]))
        return runs_of(self._unsettled(missing) if known else missing, expected)

    def _unsettled(self, missing: pl.Series) -> pl.Series:
        """The missing opens that earlier answers neither gave nor confirmed."""
        parsed = self.partition.in_zone("parsed", self.partition.provider)
        answered = self.work.store.published(parsed)
        try:
            frame = self.work.store.read(parsed)
        except StoreError:
            frame = None  # damaged: parsed makes it anew
        if answered is None or frame is None:
            return missing
        left = missing.filter(~missing.is_in(frame["open_time"].implode()))
        for start, end in answered.record["confirmed"]:
            left = left.filter((left < datetime.fromisoformat(start)) | (left >= datetime.fromisoformat(end)))
        return left

    async def _ask(self, runs: list[tuple[datetime, datetime]], manifest: Record) -> None:
        asked = [query for query in manifest["queries"] if not self._is_due(query)]
        runs = _without(runs, [_window(query) for query in asked])
        if not runs or manifest["unknown_symbol"]:
            return
        runs = await self._after_first_open(runs, manifest)
        for window in cover(runs, self.dataset.bar_interval, rows_per_call(self.dataset.market)):
            await self._query(window.until(self.dataset.bar_interval.floor(self.work.now)), manifest)

    async def _after_first_open(
        self, runs: list[tuple[datetime, datetime]], manifest: Record
    ) -> list[tuple[datetime, datetime]]:
        """Leaves out what lies before REST's first bar of the symbol: one call instead of many empty ones."""
        if self.first_bar is not None and self.first_bar < runs[0][0]:
            return runs
        if manifest["first_open"] is None:
            try:
                first = await self.work.first_open(series_of(self.dataset, self.partition.symbol))
            except NotFoundError:
                raise
            except ProviderError as error:
                self.unanswered.append(str(error))
                return runs
            manifest["first_open"] = first.isoformat() if first else None
        if manifest["first_open"] is None:
            return runs
        first = datetime.fromisoformat(manifest["first_open"])
        return [(max(start, first), end) for start, end in runs if end >= first]

    async def _query(self, window: Window, manifest: Record) -> None:
        await self.work.exchange_info(self.dataset.market)  # its limits are learnt before the first question
        series = series_of(self.dataset, self.partition.symbol)
        try:
            pages = await self.work.rest.klines(series, window, now=self.work.now)
            wider = self._wider(window, pages)
            if wider is not None:
                window, pages = wider, await self.work.rest.klines(series, wider, now=self.work.now)
        except NotFoundError:
            raise
        except ProviderError as error:
            self.unanswered.append(str(error))
            return
        stored: list[Record] = []
        for page in pages:
            digest = hashlib.sha256(page.body).hexdigest()
            file = f"klines.{_stamp(window.start)}.{len(stored)}.{digest[:12]}.json"
            self.work.store.objects.put(self.partition.key(file), page.body)
            stored.append({"file": file, "bytes": len(page.body), "sha256": digest, "url": page.url, "rows": page.rows})
            self.fetched += len(page.body)
        self.requests += len(pages)
        answer = {"start": window.start.isoformat(), "end": window.end.isoformat(), "pages": stored}
        self.work.attempts.note([self._key(answer)], self.work.now, "asked")
        manifest["queries"] = sorted(
            [*(query for query in manifest["queries"] if self._key(query) != self._key(answer)), answer],
            key=lambda query: (query["start"], query["end"]),
        )

    def _wider(self, window: Window, pages: Sequence[RestPage]) -> Window | None:
        """A wider window to ask for, where the answer does not span bars on both sides.

        A hole that goes on beyond the partition shows its other side there, if it is not too long.
        """
        length = self.dataset.bar_interval.length
        first = min((page.first_open_ms for page in pages if page.first_open_ms is not None), default=None)
        last = max((page.last_open_ms for page in pages if page.last_open_ms is not None), default=None)
        if length is None:
            return None
        reach = rows_per_call(self.dataset.market) // 2 * length
        lacks_start = first is None or EPOCH + timedelta(milliseconds=first) > window.start
        lacks_end = last is None or EPOCH + timedelta(milliseconds=last) < window.end - length
        start = window.start - reach if lacks_start else window.start
        present = self.dataset.bar_interval.floor(self.work.now)
        end = min(window.end + reach, present) if lacks_end else window.end
        return Window(start, end) if (start, end) != (window.start, window.end) else None

    def _is_due(self, query: Record) -> bool:
        """Whether a question that left holes unsettled may be asked once more."""
        return self._may_ask(f"{query['start']}..{query['end']}")

    def _may_ask(self, what: str) -> bool:
        """Whether it was not asked within the last day."""
        last = self.work.attempts.last(f"{self.partition.prefix}{what}")
        return last is None or self.work.now - last >= ASK_AGAIN

    def _holds(self, query: Record) -> bool:
        """Whether all pages of an earlier answer are still in raw; if not, it is asked for again."""
        infos = [(self.work.store.objects.stat(self.partition.key(page["file"])), page) for page in query["pages"]]
        return all(info is not None and info.size == page["bytes"] for info, page in infos)

    def _conclude(self, manifest: Record, before: Record) -> Outcome:
        findings = []
        if self.unanswered:
            words = f"{len(self.unanswered)} questions unanswered; the holes stay open ({self.unanswered[0]})"
            findings.append(Finding("refill_unanswered", Severity.WARN, len(self.unanswered), words))
        rows = sum(page["rows"] for query in manifest["queries"] for page in query["pages"])
        verdict = Verdict(rows, tuple(findings), {"queries": len(manifest["queries"])})
        is_empty = not (
            manifest["queries"] or manifest["first_open"] or manifest["unknown_symbol"] or manifest["status"]
        )
        if is_empty and not before:
            return Outcome(self.partition, State.UNCHANGED, verdict)
        manifest["fingerprint"] = fingerprint(**manifest)
        if manifest != before:
            self.work.store.put_json(self.partition, MANIFEST, manifest)
        changed = manifest != before or self.requests
        state = State.PUBLISHED if changed else State.UNCHANGED
        return Outcome(
            self.partition,
            state,
            verdict,
            manifest["fingerprint"],
            rows,
            fetched=self.fetched,
            requests=self.requests,
        )

    def _key(self, query: Record) -> str:
        return f"{self.partition.prefix}{query['start']}..{query['end']}"


def _window(query: Record) -> Window:
    return Window(datetime.fromisoformat(query["start"]), datetime.fromisoformat(query["end"]))


def _without(runs: list[tuple[datetime, datetime]], asked: Sequence[Window]) -> list[tuple[datetime, datetime]]:
    """The runs that no earlier question covers whole."""
    return [(first, last) for first, last in runs if not any(first in w and last in w for w in asked)]


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y%m%dT%H%M%S")
