"""What raw/binance_rest holds of a partition's settlements: one answer, what it gives, and what it proves."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from bcdata.bars.schema import TIME
from bcdata.bars.settlements import silent
from bcdata.operations.marks import DAMAGED
from bcdata.providers.binance.funding import read_funding_pages
from bcdata.quality.settlements import IS_NAMED, AuditedSettlements, audit_settlements
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

_SAME_RATE = 1e-9
"""Rates have eight decimals; what is printed with another number of them is the same."""


@dataclass(frozen=True)
class Answer:
    """One complete answer.

    Attributes:
        asked: the window that was asked for.
        pages: bodies as sent; none at all says that REST does not know the symbol, which proves nothing.
        twice: the part of the window that an answer at least a day older was about too; it gave nothing more.
        archive: the settlements (`FUNDING`) that the archive has of the partition; None where it is no source.
    """

    asked: Window
    pages: Sequence[bytes]
    twice: Window | None = None
    archive: pl.DataFrame | None = None

    @classmethod
    def kept(
        cls, store: Store, partition: Partition, manifest: Mapping[str, Any] | None, archive: pl.DataFrame | None
    ) -> "Answer | None":
        """The answer of a manifest; None where there is none, or a page of it is lost or damaged."""
        if manifest is None:
            return None
        records, twice = manifest["objects"], manifest.get("twice")
        pages = [store.objects.get(partition.key(one["file"])) for one in records]
        whole = [page for page, one in zip(pages, records, strict=True) if page is not None and _is_sound(page, one)]
        if len(whole) < len(records):
            return None
        return cls(_window(manifest["asked"]), whole, _window(twice) if twice else None, archive)

    @cached_property
    def rows(self) -> pl.DataFrame:
        """All rows (`providers.binance.funding.RAW`), those too that no audit would pass."""
        return read_funding_pages(self.pages, self.asked)

    def of(self, window: Window) -> AuditedSettlements:
        """The rows judged, but for those that were asked for as proof and lie outside the window.

        An answer holds a few rows: a bad one costs itself.
        """
        inside = pl.col("time").cast(TIME).is_between(window.start, window.end, closed="left")
        return audit_settlements(self.rows.filter(inside | ~IS_NAMED), max_bad_share=1, states_intervals=False)

    @property
    def times(self) -> set[datetime]:
        """The minutes (UTC) of all rows."""
        return _minutes(self.rows)

    def facts(self) -> dict[str, list[list[str]]]:
        """What the answer proves, as records keep it.

        Returns:
            Windows as pairs of ISO instants, in which REST has no more settlements than it gave: `confirmed`, between
            the first and the last one of the answer; `empty`, where two answers at least a day apart say so. An
            answer that lacks settlements of the archive, or has other rates for them, proves nothing.
        """
        if self.lacks(self.archived) or self.differs:
            return {"confirmed": [], "empty": []}
        unusable = _minutes(self.of(self.asked).rejected)
        spans = {
            "confirmed": [Window(min(self.times), max(self.times))] if self.times else [],
            "empty": [self.twice] if self.twice else [],
        }
        return {name: [_pair(one) for span in some for one in silent(span, unusable)] for name, some in spans.items()}

    def after(self, earlier: "Answer | None", age: timedelta | None, apart: timedelta) -> "Answer":
        """This answer with what it repeats of an earlier one of that age (None: not known), if that was long before."""
        if earlier is None or not (earlier.pages and self.pages):
            return self
        if age is not None and age >= apart:
            return replace(self, twice=earlier.asked.until(self.asked.end))
        return replace(self, twice=earlier.twice)

    @cached_property
    def archived(self) -> set[datetime]:
        """The minutes (UTC) of the archive's settlements."""
        return set() if self.archive is None else set(self.archive["time"].to_list())

    @cached_property
    def differs(self) -> list[datetime]:
        """The archive's settlements for which the answer has another rate, ascending."""
        if self.archive is None:
            return []
        came = self.of(self.asked).settled.select("time", "funding_rate")
        both = self.archive.select("time", "funding_rate").join(came, on="time", suffix="_came")
        far = (pl.col("funding_rate") - pl.col("funding_rate_came")).abs() > _SAME_RATE
        return sorted(both.filter(far)["time"].to_list())

    @property
    def is_anothers(self) -> bool:
        """Whether most of the rates that the archive knows are others: then no row of the answer is believed."""
        both = len(self.archived & self.times)
        return both > 0 and 2 * len(self.differs) > both

    def anothers(self, window: Window) -> pl.DataFrame:
        """The rows of the window, as they are set aside where most of them are another series'."""
        inside = pl.col("time").cast(TIME).is_between(window.start, window.end, closed="left")
        return self.rows.filter(inside).with_columns(reason=pl.lit("overlap_differs"))

    def lacks(self, known: set[datetime]) -> list[datetime]:
        """Those of the settlements known from elsewhere that were asked for and did not come, ascending."""
        return sorted(at for at in known - self.times if self.asked.start < at < self.asked.end)


def _is_sound(page: bytes, record: Mapping[str, Any]) -> bool:
    return DAMAGED not in record and hashlib.sha256(page).hexdigest() == record["sha256"]


def _minutes(rows: pl.DataFrame) -> set[datetime]:
    # What was not asked for is refused when it comes, and says nothing of the time that was.
    return set(rows.filter(IS_NAMED)["time"].cast(TIME).to_list())


def _pair(window: Window) -> list[str]:
    return [window.start.isoformat(), window.end.isoformat()]


def _window(asked: Mapping[str, str]) -> Window:
    return Window(datetime.fromisoformat(asked["start"]), datetime.fromisoformat(asked["end"]))
