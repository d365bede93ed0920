"""Funding settlements: irregular in time, few in number, monthly in the archive. What all of their zones share.

How files are parsed stands in `files.py`, how REST is asked in `ask.py`, how its answers are weighed in `answer.py`,
and how the sources are merged in `merge.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import FUNDING
from bcdata.interval import SETTLEMENT_MINUTE
from bcdata.ledger.explain import GapEvidence
from bcdata.ledger.records import AnswersEvidence
from bcdata.pipeline.context import window_of
from bcdata.pipeline.lake import published_sound, read_sound
from bcdata.pipeline.raw.due import unpublished_from
from bcdata.pipeline.records.in_footers import AnswersRecord, FilesRecord, Settled, files_record
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import closed_window
from bcdata.windows import Window

AROUND = timedelta(days=1)
"""What a question spans on both sides of its partition: three settlements, as rare as they may be."""
SAME_RATE = 1e-8 + 1e-12
"""Rates have eight decimals; what differs by no more than one in the last place is the same."""
_SIDES = "REST answered with settlements on both sides and none here"


def due(dataset: Dataset, window: Window, now: datetime) -> Window:
    """The part of a window whose settlements should be known by now: up to the last full hour."""
    return closed_window(window, dataset.pace, now)


def joined(frames: Sequence[pl.DataFrame | None]) -> pl.DataFrame:
    """Settlements of several sources, the first before the next, ascending."""
    there = [pl.DataFrame(schema=FUNDING), *(frame for frame in frames if frame is not None)]
    return pl.concat(there).unique("time", keep="first", maintain_order=True).sort("time")


def differing() -> dict[str, pl.Expr]:
    """By column, whether the rates of two sources differ by more than one in the last decimal."""
    return {"funding_rate": (pl.col("funding_rate") - pl.col("funding_rate_other")).abs() > SAME_RATE}


def day_before(window: Window) -> Window:
    """The time before a partition in which the settlements stand from which its first intervals follow."""
    return Window(window.start - AROUND, window.start)


def plain(settled: pl.DataFrame) -> list[Settled]:
    """Settlements as a record keeps them: the time (ISO, UTC), the interval that the source states, the rate."""
    rows = settled.select("time", "interval_hours", "funding_rate").iter_rows()
    return [(at.isoformat(), hours, rate) for at, hours, rate in rows]


def before_of(record: FilesRecord | AnswersRecord) -> pl.DataFrame:
    """The settlements (`FUNDING`) of the day before a partition, out of its record in parsed."""
    rows = [(datetime.fromisoformat(at), rate, hours) for at, hours, rate in record.get("before") or []]
    return pl.DataFrame(rows, schema=FUNDING, orient="row")


def unpublished_of(dataset: Dataset, window: Window, now: datetime, archive: FilesRecord) -> datetime | None:
    """The first instant of the window whose file need not be there yet; None where it is there, due, or not awaited."""
    own = f"-{dataset.grain.key(window.start)[:7]}.zip"
    if dataset.bulk is None or any(name.endswith(own) for name in archive.get("objects") or []):
        return None
    return unpublished_from(dataset, window, now)


def gap_evidence(
    window: Window, archive: FilesRecord, rest: AnswersEvidence, settled: pl.DataFrame, unpublished: datetime | None
) -> GapEvidence:
    """All that bears on the missing settlements of a partition: the reasons are those of bars, in their order.

    Args:
        window: the partition's time.
        archive: the record of the parsed files.
        rest: the record of the parsed answers, or what it will be.
        settled: the settlements that are there, those of the day before among them, ascending.
        unpublished: since when archive files need not be there; None where all are.
    """
    times = settled["time"].to_list()
    first, last = (times[0], times[-1]) if times else (None, None)
    ended = rest.get("ended")
    if ended and last is not None and last > datetime.fromisoformat(ended["at"]):
        ended = None
    return GapEvidence(
        window,
        archive=archive,
        rest={**rest, "ended": ended},
        unpublished=unpublished,
        first_bar=first,
        last_bar=last,
        after_last=None if last is None else last + SETTLEMENT_MINUTE,
        confirmed=_SIDES,
    )


@dataclass(frozen=True, slots=True)
class ArchiveSettlements:
    """What the archive has of a partition, and beside it.

    Attributes:
        own: its settlements (`FUNDING`), ascending; None where the archive is no source.
        record: the record of the parsed files.
        after: those of the day after it, as far as the next partition is there.
        made_of: the fingerprint of parsed.
    """

    own: pl.DataFrame | None
    record: FilesRecord
    after: pl.DataFrame
    made_of: str | None

    @classmethod
    def read(cls, store: Store, dataset: Dataset, partition: Partition) -> "ArchiveSettlements | None":
        """What is published; None where the archive is a source and its part is not."""
        if dataset.bulk is None:
            return cls(None, {}, pl.DataFrame(schema=FUNDING), None)
        parsed = partition.in_zone("parsed", dataset.bulk)
        published, own = published_sound(store, parsed), read_sound(store, parsed, dataset.name)
        if published is None or own is None:
            return None
        end = window_of(dataset, partition).end
        following = read_sound(store, replace(parsed, date=dataset.grain.key(end)), dataset.name)
        after = own.clear() if following is None else following.filter(pl.col("time") < end + AROUND)
        return cls(own, files_record(published), after, published.fingerprint)

    @property
    def known(self) -> pl.DataFrame:
        """All of its settlements that an answer about the partition, and a day around it, must have."""
        return joined([before_of(self.record), self.own, self.after])
